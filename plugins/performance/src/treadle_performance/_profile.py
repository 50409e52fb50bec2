"""`performance/profile` and `performance/bottlenecks`: where time goes, by pyinstrument."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_performance._frames import costs, own_code
from treadle_performance._subject import Subject, folder_of, is_python, subject

_SHOWN: Final = 25
_FEW: Final = 20
"""Samples below which shares are noise."""


async def profile(
    command: list[str] | None = None,
    tests: list[str] | None = None,
    path: str = ".",
    python: str = "",
    interval: float = 0.001,
    *,
    context: ActionContext,
) -> JsonObject:
    """Run a Python program or tests under pyinstrument, and say which functions took the time.

    Args:
        command: `python script.py …` or `python -m module …`; this or `tests`.
        tests: tests by pytest's names; without either all of the folder's tests.
        path: the folder that it runs in.
        python: the interpreter with the project's dependencies and pyinstrument; its `.venv` is found.
        interval: seconds between two samples.
        context: of the visit.

    Returns:
        `seconds`, `samples`, `functions` (of the project, most expensive by itself first, each `{name, file, line,
        seconds, share, whole_seconds, whole_share, callers}`), `libraries` (the same for everything else), `command`,
        `tests`, `report` (an HTML file with the whole tree), `notes`, `summary`, `figures`.

    Raises:
        ToolMissingError: the interpreter has no pyinstrument.
        ActionError: `command-failed` when the program does not end with 0; `invalid-input` when it is no Python.
    """
    folder = folder_of(context, path)
    wanted = await subject(context, folder, command or (), tests or (), python, "pyinstrument")
    if not is_python(wanted.command[0]):
        raise ActionError(
            f"{wanted.command[0]} is no Python: pyinstrument profiles `python script.py …` and `python -m module …`",
            error_class="invalid-input",
            retryable=False,
        )
    recorded = await _recorded(context, wanted, interval)
    return {**await asyncio.to_thread(_outputs, recorded, wanted), "tests": list(tests or [])}


async def _recorded(context: ActionContext, wanted: Subject, interval: float) -> Path:
    session = context.scratch / "profile.pyisession"
    session.unlink(missing_ok=True)
    program, *arguments = wanted.command
    options = ["-i", str(interval), "-r", "pyisession", "-o", str(session)]
    ended = await context.run(
        [program, "-m", "pyinstrument", *options, *arguments],
        cwd=wanted.folder,
        env=wanted.environment(context.scratch),
    )
    if not ended.ok or not session.is_file():
        said = "\n".join(f"{ended.stdout}\n{ended.stderr}".strip().splitlines()[-8:])
        raise ActionError(
            f"`{wanted.shown}` ended with {ended.exit_code}: what fails is not worth measuring\n{said}",
            error_class="command-failed",
            retryable=False,
        )
    return session


def _outputs(recorded: Path, wanted: Subject) -> JsonObject:
    from pyinstrument.renderers import HTMLRenderer
    from pyinstrument.session import Session

    session = Session.load(recorded)
    report = recorded.with_suffix(".html")
    report.write_text(HTMLRenderer().render(session), "utf-8")
    seconds = session.duration
    found = costs(session.root_frame(trim_stem=False), wanted.folder)
    own = list(own_code(found))
    mine = set(map(id, own))
    samples = session.sample_count
    notes = [f"{samples} samples are few: let it run longer, or give a smaller `interval`"] if samples < _FEW else []
    first = own[0] if own else None
    told = (
        f"{first.name} ({first.file}:{first.line}) took {100 * first.own / seconds:.0f} %" if first else "no own code"
    )
    return {
        "seconds": round(seconds, 4),
        "samples": samples,
        "functions": [one.to_json(seconds) for one in own[:_SHOWN]],
        "libraries": [one.to_json(seconds) for one in found if id(one) not in mine][:_SHOWN],
        "command": list(wanted.command),
        "report": str(report),
        "notes": cast("list[Json]", notes),
        "summary": f"{seconds:.2f} s in {samples} samples; {told}",
        "figures": [{"name": "profiled", "value": round(seconds, 3), "unit": "s"}],
    }


def bottlenecks(profile: dict[str, Any], min_share: float = 5.0, limit: int = 5) -> JsonObject:
    """Say which functions of the project are worth making faster, and what that could bring at most.

    Args:
        profile: as `performance/profile` publishes it.
        min_share: percent of the time that a function takes, by itself or with all that it calls.
        limit: so many at most.

    Returns:
        `bottlenecks` (each `{name, file, line, share, whole_share, at_most, why}`; `at_most` is how many times faster
        the whole could become if it took no time at all), `files`, `instructions` (for who mends them), `summary`.

    Raises:
        ActionError: `none-found` when nothing of the project takes so much.
    """
    functions = cast("Sequence[Mapping[str, Any]]", profile.get("functions", ()))
    chosen = [one for one in functions if one["share"] >= min_share]
    chosen += [one for one in functions if one["whole_share"] >= min_share and one not in chosen]
    chosen = [one for one in chosen if one["name"] != "<module>"][:limit]
    if not chosen:
        raise ActionError(
            f"no function of the project takes {min_share:g} % of the time: there is nothing to gain here",
            error_class="none-found",
            retryable=False,
        )
    found = [_bottleneck(one) for one in chosen]
    lines = [f"- {one['name']} in {one['file']}, line {one['line']}: {one['why']}" for one in found]
    said = "Make these functions faster without changing what they do; all tests have to pass afterwards:"
    files = list(dict.fromkeys(str(one["file"]) for one in found))
    return {
        "bottlenecks": cast("list[Json]", found),
        "files": cast("list[Json]", files),
        "instructions": "\n".join([said, *lines]),
        "summary": f"{len(found)} bottlenecks; the first is {found[0]['name']} ({found[0]['why']})",
        "figures": [{"name": "bottlenecks", "value": len(found)}],
    }


def _bottleneck(one: Mapping[str, Any]) -> dict[str, Json]:
    share = float(one["whole_share"])
    from_ = f", called by {one['callers'][0]}" if one["callers"] else ""
    return {
        **{name: one[name] for name in ("name", "file", "line", "share", "whole_share")},
        "at_most": round(100 / (100 - share), 2) if share < 100 else None,
        "why": f"{one['share']:g} % of the time by itself, {share:g} % with what it calls{from_}",
    }
