"""One invocation: parse, run, report; every way out ends in an exit code."""

import sys
from collections.abc import Sequence

import typer
from treadle_hookspecs import ExitCode, TreadleError

from treadle.cli import failures
from treadle.cli.console import Terminal
from treadle.cli.session import Connect, Session
from treadle.cli.session import connect as default_connect
from treadle.cli.shell import shell


def invoke(words: Sequence[str], connect: Connect | None = None) -> int:
    """Run the command that these words spell; the exit code."""
    _tolerate_any_text()
    own = words[: words.index("--")] if "--" in words else words
    session = Session(connect or default_connect, terminal=Terminal(_color(own)))
    as_json = "--json" in own
    try:
        return _run(list(words) or ["--help"], session)
    except TreadleError as error:
        return failures.report(error, session, as_json=as_json)
    except typer.TyperException as error:
        return failures.report(failures.usage_error(error), session, as_json=as_json)
    except (KeyboardInterrupt, EOFError, typer.Abort):
        session.terminal.say("interrupted")
        return ExitCode.INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception as error:  # noqa: BLE001 whatever it is, a person reads a message and not a trace
        return failures.internal(error, session, as_json=as_json)


def _run(words: list[str], session: Session) -> int:
    try:
        group = shell(panels=session.terminal.data_color)
        code = group.main(words, prog_name="treadle", standalone_mode=False, obj=session)
        return code if isinstance(code, int) else ExitCode.OK
    finally:
        session.close()


def _color(words: Sequence[str]) -> bool | None:
    """The choice of colour, needed before the words are parsed: their help may be what is asked for."""
    choices = [word == "--color" for word in words if word in ("--color", "--no-color")]
    return choices[-1] if choices else None


def _tolerate_any_text() -> None:
    """A stream that cannot encode a sign shows an escape for it, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
