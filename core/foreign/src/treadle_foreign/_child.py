"""Rendering in a child process: a home of its own, no inherited variables, inside the sandbox."""

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, Json, RenderRequest, SandboxPolicy, SourceContext, TreadleError

_SECONDS: Final = 900.0


async def render_in_child(
    script: Path, task: Mapping[str, Json], request: RenderRequest, context: SourceContext
) -> dict[str, Any]:
    """Run a script that renders; the object that it answers.

    The script gets one argument, a JSON file that holds the task, and besides: `template` (the tree), `into` (a folder
    to be made, whose content becomes the contribution), `answer` (a file to write: `{"error": {…}}`, or what it says).

    Raises:
        TreadleError: it failed; its own message where it has one.
    """
    with tempfile.TemporaryDirectory(prefix="treadle-foreign-") as place:
        work = _laid_out(place)
        into, answer = work / "into", work / "answer.json"
        told = {**task, "template": str(request.template.folder), "into": str(into), "answer": str(answer)}
        (work / "task.json").write_text(json.dumps(told), "utf-8")
        problem = await _run(script, work, request, context)
        answered = _answered(answer)
        if "error" in answered or problem or not _hand_over(into, request.into):
            raise _failed(request, answered.get("error") or {}, problem)
        return answered


def _laid_out(place: str) -> Path:
    work = Path(place).resolve()
    for name in ("home", "tmp"):
        (work / name).mkdir()
    return work


async def _run(script: Path, work: Path, request: RenderRequest, context: SourceContext) -> str:
    """Start the child and wait; what it wrote last when it ended badly."""
    policy = SandboxPolicy(
        read=(request.template.folder, script.parent),
        write=(work,),
        env={
            "HOME": str(work / "home"),
            "TMPDIR": str(work / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        },
        level="off" if request.trust == "full" else "auto",
    )
    argv = (sys.executable, "-I", str(script), str(work / "task.json"))
    boxed = context.sandbox.wrap(argv, policy, work)
    done = await context.run(boxed.argv, cwd=work, env=boxed.env, timeout=_SECONDS)
    if done.ok:
        return ""
    return "it took too long" if done.timed_out else "\n".join((done.stderr or done.stdout).strip().splitlines()[-20:])


def _answered(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _hand_over(made: Path, into: Path) -> bool:
    """Move what was rendered; False when nothing was."""
    if not made.is_dir():
        return False
    for path in sorted(made.iterdir()):
        shutil.move(path, into / path.name)
    return True


def _failed(request: RenderRequest, error: Mapping[str, Any], last: str) -> TreadleError:
    message = str(error.get("message") or last.rpartition("\n")[2] or "it rendered nothing")
    return TreadleError(
        f"template {request.template.id}: {message}",
        context={"template": request.template.id, "kind": str(error.get("kind", "")), "output": last[-4000:]},
        suggestions=tuple(map(str, error.get("suggestions", ()))),
        exit_code=ExitCode.NOT_ALLOWED if error.get("kind") == "untrusted" else ExitCode.USAGE,
    )
