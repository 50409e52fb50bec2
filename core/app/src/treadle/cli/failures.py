"""From exceptions to what a person reads, what a script reads, and the exit code."""

import json
import os
import tempfile
import traceback
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, Json, TreadleError

from treadle.cli.session import Session

_PLACE: Final = ("file", "line", "column")
_GLOBAL_OPTIONS: Final = ("-C", "--root", "--store", "--no-plugins")


def report(error: TreadleError, session: Session, *, as_json: bool) -> int:
    """Print a designed error: as JSON on stdout when that was asked for, else as text on stderr."""
    if as_json:
        session.terminal.data(json.dumps(error_to_json(error), ensure_ascii=False, indent=2, default=str))
    else:
        session.terminal.complain(_frames(error, session) or "\n".join(error_lines(error, session)))
    return int(error.exit_code)


def error_to_json(error: TreadleError) -> dict[str, Json]:
    """`treadle/error@1`."""
    return {
        "schema": "treadle/error@1",
        "error": {
            "code": error.code,
            "message": error.message,
            "context": {**error.context, **_problems(error)},
            "suggestions": list(error.suggestions),
            "exit_code": int(error.exit_code),
        },
    }


def _frames(error: TreadleError, session: Session) -> str:
    """All problems of a definition with the text they are about, when that is what the error is; else ""."""
    loaded = getattr(error, "loaded", None)
    if loaded is None:
        return ""
    from treadle.definition import render_problems

    return render_problems(loaded.problems, loaded.sources, "text", session.terminal.talk_color).rstrip("\n")


def _problems(error: TreadleError) -> dict[str, Json]:
    loaded = getattr(error, "loaded", None)
    return {"problems": [problem.to_json() for problem in loaded.problems]} if loaded is not None else {}


def error_lines(error: TreadleError, session: Session) -> list[str]:
    """`error[CODE]: message`, where and with what, and a line for each thing to do next."""
    paint = session.terminal.paint
    head = paint(f"error[{error.code}]" if error.code else "error", "bold", "red")
    lines = [f"{head}: {error.message}"]
    lines += [f"  at {place}" for place in [_place(error.context)] if place]
    lines += [f"  {name}: {_plain(value)}" for name, value in error.context.items() if _worth_a_line(name, value)]
    lines += [f"{paint('hint', 'bold', 'cyan')}: {suggestion}" for suggestion in error.suggestions]
    if error.code:
        lines.append(f"{paint('help', 'bold', 'cyan')}: treadle explain {error.code}")
    return lines


def _worth_a_line(name: str, value: Json) -> bool:
    """Objects are for machines: what a person needs of them is in the message."""
    return name not in _PLACE and not isinstance(value, Mapping)


def _place(context: Mapping[str, Json]) -> str:
    return ":".join(str(context[name]) for name in _PLACE if context.get(name))


def _plain(value: Json) -> str:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def usage_error(error: Any) -> TreadleError:
    """A mistake in the command line, as one of our own errors. `error` is any exception of Typer's parser."""
    path = error.ctx.command_path if getattr(error, "ctx", None) else "treadle"
    return TreadleError(
        _one_sentence(error),
        suggestions=(*_option_hints(error), f"{path} --help"),
        exit_code=ExitCode.USAGE,
    )


def _one_sentence(error: Any) -> str:
    text = str(getattr(error, "message", "") if hasattr(error, "option_name") else error.format_message())
    text = " ".join((text or error.format_message()).split()).rstrip(".")
    return text[:1].lower() + text[1:]


def _option_hints(error: Any) -> tuple[str, ...]:
    """What was meant by an option that the command does not know."""
    option = getattr(error, "option_name", "")
    if not option or not hasattr(error, "possibilities"):
        return ()
    known = _known_options(error.ctx)
    close = get_close_matches(option, [*known, *_GLOBAL_OPTIONS], n=1, cutoff=0.7)
    if close and close[0] in _GLOBAL_OPTIONS and close[0] not in known:
        return (f"{close[0]} is a global option and stands before the command: treadle {close[0]} …",)
    return (f"did you mean `{close[0]}`?",) if close else ()


def _known_options(ctx: Any) -> list[str]:
    if ctx is None:
        return []
    return [name for param in ctx.command.get_params(ctx) for name in (*param.opts, *param.secondary_opts)]


def internal(error: Exception, session: Session, *, as_json: bool) -> int:
    """An exception that nobody designed: a short message, and the whole trace in a file or, with --debug, here."""
    trace = "".join(traceback.format_exception(error))
    if session.options.debug:
        session.terminal.complain(trace.rstrip())
    designed = TreadleError(
        f"treadle failed inside: {type(error).__name__}: {error}".rstrip(": "),
        context={"trace": str(_kept_trace(trace))},
        suggestions=("see the whole trace: treadle --debug …", "report it with that file, it is a defect of treadle"),
        exit_code=ExitCode.INTERNAL,
    )
    return report(designed, session, as_json=as_json)


def _kept_trace(trace: str) -> Path:
    """Write the trace to a new private file; outside of treadle's state, which may be what is broken."""
    descriptor, name = tempfile.mkstemp(prefix="treadle-trace-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(trace)
    return Path(name)
