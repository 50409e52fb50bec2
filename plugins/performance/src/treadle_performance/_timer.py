"""Run a command to its end and write what it used, as JSON: `_timer.py REPORT COMMAND …`. A program of its own.

`spin` is how long a fixed piece of work took in this process just before: what a machine of another speed, or a busy
one, is compared by.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import time


def main(report: str, *command: str) -> int:
    """The exit code of the command."""
    spin = _spin()
    started = time.perf_counter()
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - started
    used = {"exit_code": ended.returncode, "seconds": seconds, "spin": spin, **_resources()}
    pathlib.Path(report).write_text(json.dumps(used), encoding="utf-8")
    return 0


def _spin() -> float:
    started = time.perf_counter()
    total = 0
    for number in range(200_000):
        total += number * number % 7
    return time.perf_counter() - started


def _resources() -> dict[str, float]:
    """CPU seconds and the peak of memory in bytes, of the command and of what it waited for."""
    with contextlib.suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        unit = 1 if sys.platform == "darwin" else 1024
        return {"cpu": used.ru_utime + used.ru_stime, "memory": float(used.ru_maxrss * unit)}
    return {}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
