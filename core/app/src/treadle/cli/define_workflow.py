"""`treadle define`: a new workflow from a few questions, or from options where nobody can be asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer
from treadle_hookspecs import ExitCode, Json, TreadleError

from treadle.cli.session import Session
from treadle.drafts import INPUT_NAME, NAME, STEP_ID, TYPES, Draft, DraftInput, DraftStep, draft_text
from treadle.suggestions import did_you_mean

if TYPE_CHECKING:
    from treadle.plugins import PluginHost

_Answer = TypeVar("_Answer")
_MOST_ATTEMPTS: Final = 100
_EXAMPLE: Final = "treadle define release --step 'build=run make' --step 'ship=run ./ship.sh'"


def define(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The workflow's name; asked for without it.")] = "",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What people see instead of the name.")] = "",
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME[:TYPE][=DEFAULT]", help="An input; required without a default."),
    ] = None,
    steps: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="ID=run COMMAND|uses ACTION", help="A step; may be repeated, in order."),
    ] = None,
    with_: Annotated[
        list[str] | None, typer.Option("--with", metavar="ID.INPUT=VALUE", help="What a step's action is given.")
    ] = None,
    needs: Annotated[
        list[str] | None,
        typer.Option("--needs", metavar="ID=A,B", help="The steps a step waits for; `ID=` starts at once."),
    ] = None,
    attempts: Annotated[
        list[str] | None, typer.Option("--attempts", metavar="ID=N", help="How often a step is tried.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a workflow that is there.")] = False,
) -> None:
    """Write a new workflow, with comments, to `workflows/NAME.yaml`.

    On a terminal it asks for inputs, steps, their order and retries, and shows the file before it writes it. With
    `--step` it asks nothing. What would not be a sound definition is not written.
    """
    session: Session = ctx.obj
    if steps:
        draft = Draft(name, title, _inputs(inputs or ()), _steps(steps, with_ or (), needs or (), attempts or ()))
    elif session.terminal.interactive:
        draft = _Wizard(session).draft(name, title)
        session.terminal.say("\n" + draft_text(draft))
        if not session.terminal.confirm(f"write this to workflows/{draft.name}.yaml?", flag="--step"):
            raise typer.Exit(ExitCode.NOT_ALLOWED)
    else:
        raise TreadleError(
            "this needs answers, and there is no terminal to ask at", suggestions=("give --step", f"e.g. {_EXAMPLE}")
        )
    path = session.treadle.define(draft, force=force)
    session.terminal.say(f"wrote {path}")
    session.terminal.say(f"next: treadle run {draft.name}")


# From options


def _inputs(words: Iterable[str]) -> list[DraftInput]:
    found = []
    for word in words:
        declared, given, default = word.partition("=")
        name, _, kind = declared.partition(":")
        kind = kind or "string"
        if kind not in TYPES:
            raise TreadleError(f"`--input {word}`: the type is one of {', '.join(TYPES)}")
        found.append(DraftInput(name, kind, _typed(default, kind) if given else None, required=not given))
    return found


def _steps(
    words: Iterable[str], with_: Iterable[str], needs: Iterable[str], attempts: Iterable[str]
) -> list[DraftStep]:
    given: dict[str, dict[str, Json]] = {}
    for place, value in _pairs("--with", "ID.INPUT=VALUE", with_):
        id_, _, key = place.partition(".")
        given.setdefault(id_, {})[key] = _literal(value)
    waits = {id_: tuple(filter(None, text.split(","))) for id_, text in _pairs("--needs", "ID=A,B", needs)}
    tries = {id_: _count(text) for id_, text in _pairs("--attempts", "ID=N", attempts)}
    found = [_step(*pair) for pair in _pairs("--step", "ID=run COMMAND", words)]
    _check_known([*given, *waits, *tries], [step.id for step in found])
    return [
        DraftStep(one.id, one.run, one.uses, given.get(one.id, {}), waits.get(one.id), tries.get(one.id, 1))
        for one in found
    ]


def _step(id_: str, what: str) -> DraftStep:
    kind, _, text = what.strip().partition(" ")
    if kind == "run" and text.strip():
        return DraftStep(id_, run=text.strip())
    if kind == "uses" and text.strip():
        return DraftStep(id_, uses=text.strip())
    raise TreadleError(f"`--step {id_}={what}` says neither `run COMMAND` nor `uses ACTION`", suggestions=(_EXAMPLE,))


def _pairs(option: str, form: str, words: Iterable[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        key, mark, value = word.partition("=")
        if not mark or not key:
            raise TreadleError(f"`{option} {word}` has to have the form {form}")
        yield key.strip(), value


def _check_known(named: Iterable[str], known: list[str]) -> None:
    for id_ in named:
        if id_ not in known:
            hint = did_you_mean(id_, known)
            raise TreadleError(f"no --step is called `{id_}`", suggestions=(hint,) if hint else ())


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_ATTEMPTS):
        raise TreadleError(f"`{text}` is no number of attempts from 1 to {_MOST_ATTEMPTS}")
    return int(text)


def _typed(text: str, kind: str) -> Json:
    """A default as its input's type has it; what does not fit is left for the validation to say."""
    return text if kind == "string" else _literal(text)


def _literal(text: str) -> Json:
    """A value as JSON has it, else the text itself."""
    import json

    try:
        value: Json = json.loads(text)
    except ValueError:
        return text
    return value


# From answers


class _Wizard:
    """Asks at the terminal until an answer will do."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def draft(self, name: str, title: str) -> Draft:
        """The whole of it."""
        name = name or _ask("name of the workflow", _matching(NAME, "lower-case letters, digits, `.`, `_`, `-`"))
        title = title or _ask("title, for people (empty: none)", str, "")
        inputs, steps = list(self._inputs()), list(self._steps())
        return Draft(name, title, inputs, steps)

    def _inputs(self) -> Iterator[DraftInput]:
        taken: list[str] = []
        while name := _ask("name of an input (empty: no more)", _new(INPUT_NAME, taken), ""):
            taken.append(name)
            kind = _ask(f"  type of {name} ({', '.join(TYPES)})", _one_of(TYPES), "string")
            default = _ask("  default (empty: it has to be given)", str, "")
            about = _ask("  one line about it (empty: none)", str, "")
            yield DraftInput(name, kind, _typed(default, kind) if default else None, not default, about)

    def _steps(self) -> Iterator[DraftStep]:
        taken: list[str] = []
        while True:
            first = not taken
            wanted = _new(STEP_ID, taken)
            id_ = _ask("id of the first step", wanted) if first else _ask("id of a step (empty: no more)", wanted, "")
            if not id_:
                return
            yield self._step(id_, taken)
            taken.append(id_)

    def _step(self, id_: str, before: list[str]) -> DraftStep:
        kind = _ask("  does it run a command, or use an action? (run, uses)", _one_of(("run", "uses")), "run")
        run = _ask("  command", _something) if kind == "run" else ""
        uses = _ask("  action, e.g. git/diff", self._action) if kind == "uses" else ""
        with_ = dict(self._given(uses)) if uses else {}
        text = f"  after which steps? (empty: after {before[-1]}; -: none; or names, with commas)" if before else ""
        needs = _ask(text, _needs(before), "") if before else None
        attempts = _ask("  how often is it tried?", _attempts, "1")
        return DraftStep(id_, run, uses, with_, needs, attempts)

    def _action(self, text: str) -> str:
        plugins = self._session.treadle.plugins
        if plugins.action(text) is not None:
            return text
        hint = plugins.install_hint(text) or did_you_mean(text, plugins.action_names())
        raise typer.BadParameter(f"there is no action `{text}`; {hint or 'treadle list --actions shows them'}")

    def _given(self, action: str) -> Iterator[tuple[str, Json]]:
        for name, about in _required(self._session.treadle.plugins, action):
            text = _ask(f"  {name}{f': {about}' if about else ''}", _something)
            yield name, _literal(text)


def _required(plugins: "PluginHost", action: str) -> Iterator[tuple[str, str]]:
    """The inputs that an action cannot do without, and what it says of them."""
    schema: Mapping[str, Any] = plugins.action_inputs(action) or {}
    for name in schema.get("required", ()):
        yield name, str(schema.get("properties", {}).get(name, {}).get("description") or "")


def _ask(question: str, check: Callable[[str], _Answer], default: str | None = None) -> _Answer:
    """Ask until `check` takes the answer; it raises `typer.BadParameter` for one that will not do."""
    answer: _Answer = typer.prompt(question, default=default, value_proc=check, show_default=bool(default), err=True)
    return answer


def _matching(pattern: Any, words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise typer.BadParameter(f"`{text}` will not do: {words}")
        return text

    return check


def _new(pattern: Any, taken: list[str]) -> Callable[[str], str]:
    matching = _matching(pattern, "letters, digits, `_` (and `-` for steps), a letter first; lower case for steps")

    def check(text: str) -> str:
        if text in taken:
            raise typer.BadParameter(f"`{text}` is there already")
        return matching(text) if text else ""

    return check


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in words:
            raise typer.BadParameter(did_you_mean(text, words) or f"one of {', '.join(words)}")
        return text

    return check


def _something(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("it cannot be empty")
    return text


def _needs(before: list[str]) -> Callable[[str], tuple[str, ...] | None]:
    """None for the order written."""

    def check(text: str) -> tuple[str, ...] | None:
        if text.strip() in ("", "-"):
            return () if text.strip() else None
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        for name in names:
            if name not in before:
                raise typer.BadParameter(f"there is no step `{name}` yet; {did_you_mean(name, before)}".rstrip("; "))
        return names

    return check


def _attempts(text: str) -> int:
    try:
        return _count(text)
    except TreadleError as error:
        raise typer.BadParameter(error.message) from error
