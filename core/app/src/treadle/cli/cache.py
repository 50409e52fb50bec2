"""`treadle cache`, and `treadle explain --cache`: what is kept of steps, and why one was not reused."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from treadle_hookspecs import ExitCode, TreadleError

from treadle.amounts import bytes_of
from treadle.cli import options, shapes
from treadle.cli.console import printable
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.seeing.reused import Reused


def cache(
    ctx: typer.Context,
    action: Annotated[str, typer.Argument(metavar="[clear]", help="`clear` forgets everything.")] = "",
    json_output: options.JsonOutput = False,
) -> None:
    """Show how much is kept of steps with `cache`, or clear it: nothing is lost but time."""
    session: Session = ctx.obj
    if action not in ("", "clear"):
        raise TreadleError(f"`treadle cache` cannot {action!r}", suggestions=("treadle cache", "treadle cache clear"))
    kept = session.treadle.step_cache
    cleared = kept.clear() if action else 0
    results, size = kept.size()
    if json_output:
        document = {"schema": "treadle/cache-size@1", "results": results, "bytes": size, "cleared": cleared}
        session.terminal.data(shapes.text(document))
    elif action:
        session.terminal.data(f"{cleared} results forgotten")
    else:
        session.terminal.data(f"{results} results, {bytes_of(size)}")


def explain_reuse(session: Session, execution: str, step: str, *, as_json: bool) -> None:
    """Print what the cache had to say of a step's attempts."""
    if not execution or not step:
        raise TreadleError("say of which step of which execution", suggestions=("treadle explain --cache ID STEP",))
    id = session.treadle.resolve(execution).id  # noqa: A001 the contract's name
    found = session.treadle.reused(id, step)
    if not found:
        raise TreadleError(
            f"the cache has nothing to say of `{step}` in {id}: it has no `cache`, or did not run",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=(f"treadle why {id} {step}", f"treadle status {id}"),
        )
    if as_json:
        attempts = [one.to_json() for one in found]
        session.terminal.data(shapes.text({"schema": "treadle/cache@1", "id": id, "step": step, "attempts": attempts}))
    else:
        session.terminal.data("\n".join(line for one in found for line in _lines(one)))


def _lines(one: "Reused") -> Iterator[str]:
    if one.hit:
        yield f"{one.address}: reused what {one.origin} left (key {one.key})"
        return
    compared = f", compared with {one.origin}" if one.origin else ""
    yield f"{one.address}: ran{compared}"
    yield from (f"  {printable(reason)}" for reason in one.why)
    yield f"  its result is kept (key {one.key})" if one.kept else f"  its result is not kept: {printable(one.because)}"
