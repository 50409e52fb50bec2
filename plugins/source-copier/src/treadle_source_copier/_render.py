"""Runs in a child process: `python _render.py TASK.json`. It imports copier, and nothing of treadle."""

import json
import sys
from pathlib import Path
from typing import Any


def main(path: str) -> int:
    """Render as the task says; write what there is to say."""
    task = json.loads(Path(path).read_bytes())
    try:
        answer = _render(task)
    except Exception as error:  # noqa: BLE001 - whatever the template or copier raises is told
        answer = {"error": {"kind": _kind(error), "message": f"{type(error).__name__}: {error}"}}
    Path(task["answer"]).write_text(json.dumps(answer, default=str), "utf-8")
    return 1 if "error" in answer else 0


def _render(task: dict[str, Any]) -> dict[str, Any]:
    from copier import run_copy

    worker = run_copy(
        task["template"],
        task["into"],
        data=task["answers"],
        defaults=True,
        overwrite=True,
        quiet=True,
        unsafe=task["code"],
        skip_tasks=not task["code"],
    )
    Path(task["into"]).mkdir(exist_ok=True)
    answers = {name: value for name, value in worker.answers.combined.items() if not name.startswith("_")}
    return {"answers": answers, "bookkeeping": [str(worker.answers_relpath)]}


def _kind(error: Exception) -> str:
    return "untrusted" if type(error).__name__ == "UnsafeTemplateError" else "render"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
