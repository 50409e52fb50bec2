"""Measure the speed claims beside their peers, in one run: `make bench`.

Every measurement runs in a process of its own (`probe.py`); what is compared is run in turns, so that a busy moment of
the machine falls on both sides. A figure is the median of its repetitions. Nothing here is asserted in a test.
"""

import argparse
import json
import platform
import sqlite3
import sys
from dataclasses import asdict
from pathlib import Path

from figures import Sizes, measure_all
from table import Figure, render

FULL = Sizes(chain=1000, fan_out=10_000, long_chain=10_000, executions=100, repetitions=5, starts=15)
TINY = Sizes(chain=20, fan_out=40, long_chain=60, executions=4, repetitions=1, starts=1)


def main(arguments: list[str]) -> int:
    """Print the table, write the JSON. A figure over its limit fails nothing: the table is for judging."""
    options = _options(arguments)
    figures = []
    for figure in measure_all(TINY if options.tiny else FULL, options.only):
        sys.stderr.write(f"  measured: {figure.name}\n")
        figures.append(figure)
    sys.stdout.write(_heading() + "\n\n" + render(figures) + "\n")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(_document(figures), indent=2) + "\n", "utf-8")
        sys.stdout.write(f"\nJSON: {options.json}\n")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--tiny", action="store_true", help="run everything at a size that proves nothing but the harness"
    )
    parser.add_argument(
        "--json", type=Path, default=Path("build/bench.json"), help="where the figures go (default: %(default)s)"
    )
    parser.add_argument("--only", default="", metavar="WORD", help="only groups of figures whose name holds WORD")
    return parser.parse_args(arguments)


def _machine() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _heading() -> str:
    return "treadle benchmark · " + " · ".join(f"{key} {value}" for key, value in _machine().items())


def _document(figures: list[Figure]) -> dict[str, object]:
    return {"schema": "treadle/bench@1", "machine": _machine(), "figures": [asdict(figure) for figure in figures]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
