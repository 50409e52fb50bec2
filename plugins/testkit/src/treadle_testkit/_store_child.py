"""What the suite has other processes do: `python -m treadle_testkit._store_child TARGET URL OPTIONS COMMAND ARGUMENTS`.

Each command prints one line for what it has done, after it is done, so that the parent can kill it in between.
"""

import itertools
import json
import sys
from collections.abc import Callable
from typing import Final

from treadle_hookspecs import Signal, StoreBackend

from treadle_testkit._store_samples import load_store, noted, started


def main(target: str, url: str, options: str, command: str, *arguments: str) -> None:
    """Open the store and carry out a command."""
    store = load_store(target, url, json.loads(options))
    store.open()
    _COMMANDS[command](store, *arguments)
    store.close()


def _claim(store: StoreBackend, execution: str) -> None:
    """Claim, say the epoch (0: refused), hold it until stdin ends."""
    claim = store.claim(execution)
    _say(claim.epoch if claim else 0)
    sys.stdin.read()


def _send(store: StoreBackend, execution: str, count: str) -> None:
    """Send signals one by one; their ids."""
    for number in range(int(count)):
        _say(store.send([Signal(execution, "ping", {"n": number})])[0])


def _write(store: StoreBackend, execution: str) -> None:
    """Claim, then append for ever; each seq, once it is durable. Goes on where the log ends."""
    claim = store.claim(execution)
    if claim is None:
        raise SystemExit(f"{execution} is claimed")
    first = len(store.read(execution)) + 1
    for seq in itertools.count(first):
        store.append([started(execution, claim.epoch) if seq == 1 else noted(execution, seq, claim.epoch, n=seq)])
        _say(seq)


def _say(value: int) -> None:
    print(value, flush=True)  # noqa: T201 - a line is how a child answers


_COMMANDS: Final[dict[str, Callable[..., None]]] = {"claim": _claim, "send": _send, "write": _write}

if __name__ == "__main__":
    main(*sys.argv[1:])
