"""Runs in a child process: `python _render.py TASK.json`. It imports cookiecutter, and nothing of treadle."""

import json
import sys
from pathlib import Path
from typing import Any


def main(path: str) -> int:
    """Render as the task says; write what there is to say."""
    task = json.loads(Path(path).read_bytes())
    try:
        answer = _render(task)
    except Exception as error:  # noqa: BLE001 - whatever the template or cookiecutter raises is told
        answer = {"error": {"kind": "render", "message": f"{type(error).__name__}: {error}"}}
    Path(task["answer"]).write_text(json.dumps(answer, default=str), "utf-8")
    return 1 if "error" in answer else 0


def _render(task: dict[str, Any]) -> dict[str, Any]:
    from cookiecutter.main import cookiecutter

    into = Path(task["into"])
    beside = into.with_name("rendered")
    beside.mkdir()
    made = cookiecutter(
        task["template"],
        no_input=True,
        extra_context=task["answers"],
        output_dir=str(beside),
        default_config=True,
        accept_hooks=task["code"],
    )
    # The template's own outer folder is the project: what is in it is the contribution.
    Path(made).rename(into)
    replay = Path.home() / ".cookiecutter_replay"
    return {"answers": _answers(replay)}


def _answers(replay: Path) -> dict[str, Any]:
    """What cookiecutter noted for the next time: the answers that it used."""
    for path in sorted(replay.glob("*.json")):
        told = json.loads(path.read_bytes()).get("cookiecutter", {})
        return {name: value for name, value in told.items() if not name.startswith("_")}
    return {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
