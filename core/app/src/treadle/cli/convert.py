"""`treadle convert`: definitions of other dialects as canonical YAML."""

from pathlib import Path
from typing import Annotated

import typer

from treadle.cli.session import Session


def convert(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A definition in any dialect that is installed.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; without it, stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
) -> None:
    """Write a definition in treadle's own language, as YAML.

    The definition runs as it is, too: converting it is for going on in treadle's language.
    """
    session: Session = ctx.obj
    text = session.treadle.convert(file)
    if output is None:
        session.terminal.data(text.rstrip("\n"))
        return
    from treadle.conversion import write_converted

    write_converted(text, output, force=force)
    session.terminal.say(f"wrote {output}; try it with `treadle validate {output}`")
