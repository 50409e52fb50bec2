"""What `command/run` would start, for a dry run."""

import shutil

from treadle_hookspecs import Json, Preview, PreviewContext

from treadle_command._shells import command_line


def preview(
    script: str | None = None,
    shell: str = "sh",
    argv: list[str] | None = None,
    cwd: str = ".",
    stdin: Json = "",
    *,
    context: PreviewContext,
) -> Preview:
    """The command line, and what stands in its way."""
    del stdin
    command = tuple(argv) if argv else command_line(script or "", shell)
    place = context.root / cwd
    notes = [f"runs in {cwd}"] if cwd != "." else []
    if not place.is_dir():
        notes.append(f"{place} does not exist yet")
    if shutil.which(command[0]) is None and not (place / command[0]).is_file():
        notes.append(f"{command[0]} is not on PATH")
    return Preview(commands=(command,), notes=tuple(notes))
