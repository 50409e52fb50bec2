"""One measurement in a process of its own: `probe.py NAME FOLDER key=value …`.

Its last line is a JSON object.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import long_runs
import on_postgres
import peers
import subject


def temporal_chain(folder: Path, **options: int) -> dict[str, float]:
    """Imported when it is asked for: what the others measure has no Temporal in it."""
    import distributed

    return distributed.temporal_chain(folder, **options)


PROBES: dict[str, Callable[..., object]] = {
    "raw-chain": peers.raw_chain,
    "dbos-chain": peers.dbos_chain,
    "chain": subject.chain,
    "fan-out": subject.fan_out,
    "fan-commits": subject.fan_commits,
    "many": subject.many,
    "postgres-raw": on_postgres.raw_chain,
    "postgres-single": on_postgres.single_chain,
    "postgres-chain": on_postgres.chain,
    "postgres-many": on_postgres.many,
    "postgres-dbos-chain": on_postgres.dbos_chain,
    "postgres-dbos-many": on_postgres.dbos_many,
    "first-step": subject.first_step,
    "compensation": subject.compensation,
    "commits": subject.commits,
    "recovery": long_runs.recovery,
    "nesting": long_runs.nesting,
    "undo": long_runs.undo,
    "temporal-chain": temporal_chain,
}


def main(arguments: list[str]) -> None:
    """Values that look like whole numbers arrive as such."""
    name, folder, *pairs = arguments
    options = {key: int(value) if value.isdigit() else value for key, value in (pair.split("=", 1) for pair in pairs)}
    result = PROBES[name](Path(folder), **options)
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
