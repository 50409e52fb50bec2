"""Options that several commands share, so that they read the same everywhere."""

from typing import Annotated

import typer

JsonOutput = Annotated[bool, typer.Option("--json", help="Answer in JSON, on stdout.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the log.")]
ExecutionId = Annotated[str, typer.Argument(metavar="ID", help="The execution's id, or its first characters.")]
Progress = Annotated[
    bool, typer.Option("--progress/--no-progress", help="Show what happens while it happens.", show_default=False)
]
JsonLinesOutput = Annotated[bool, typer.Option("--json-lines", help="Write each event as a line of JSON, on stdout.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what the steps print.")]
