"""A coding agent without a model, as a program: it does what its first argument says; the task comes on stdin.

edit: makes calc.py add. nothing: says that it is done. dear: as edit, and tells what it cost. commit: as edit, then
does to the repository what an agent should not. hang: begins to edit, says so through the pipe $BEGUN, leaves a child
behind, and never ends.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(plan: str) -> None:
    """Do it."""
    with Path(os.environ["PROMPTS"]).open("a") as prompts:
        prompts.write(json.dumps(sys.stdin.read()) + "\n")
    calc = Path("calc.py")
    if plan != "nothing":
        calc.write_text(calc.read_text().replace("a - b", "a + b"))
    if plan == "commit":
        disturb()
    if plan == "hang":
        child = subprocess.Popen(["sleep", "619.5"])
        Path(os.environ["BEGUN"]).write_text(f"{child.pid}\n")
        time.sleep(3600)
    print(json.dumps({"result": "Done.", "total_cost_usd": 0.25 if plan == "dear" else 0.0}))


def disturb() -> None:
    """Commit, branch, stash, configure, and leave a hook."""
    name = ["-c", "user.name=agent", "-c", "user.email=agent@example.org"]
    for words in (
        ["add", "--all"],
        [*name, "commit", "--quiet", "-m", "an agent was here"],
        ["branch", "agents-own"],
        ["config", "core.editor", "agent"],
    ):
        subprocess.run(["git", *words], check=True)
    Path(".git/hooks/pre-commit").write_text("#!/bin/sh\nexit 1\n")


if __name__ == "__main__":
    main(sys.argv[1])
