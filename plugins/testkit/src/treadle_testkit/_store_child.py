"""What the suite has other processes do: `python -m treadle_testkit._store_child TARGET URL OPTIONS COMMAND ARGUMENTS`.

Each command prints one line for what it has done, after it is done, so that the parent can kill it in between.
"""

import itertools
import json
import sys
from collections.abc import Callable
from typing import Final

from treadle_hookspecs import Append, Event, Signal, Slot, StoreBackend

from treadle_testkit._store_samples import load_store, noted, now, started


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


def _take(store: StoreBackend, execution: str, group: str) -> None:
    """Claim, wait for a place and take it, say 1 (0: refused), hold it until stdin ends."""
    epoch = _begun(store, execution, group)
    _say(store.take_slots(execution, epoch, "", now()))
    sys.stdin.read()


def _turns(store: StoreBackend, execution: str, group: str, count: str) -> None:
    """Have a place that many times, and write into the log when; 1 for each."""
    epoch = _begun(store, execution, group)
    for seq in range(2, int(count) + 2):
        while not store.take_slots(execution, epoch, "", now()):
            store.watch(1.0)
        began = now()
        event = Event(seq, execution, "timer_set", began, data={"until": now()})
        again = [Slot(execution, "", group, 1, now())] if seq <= int(count) else []
        store.append([Append(execution, epoch, seq - 1, [event], freed=[""], slots=again)])
        _say(1)


def _begun(store: StoreBackend, execution: str, group: str) -> int:
    """Claim an execution that waits for a place; the claim's epoch. The claim is kept alive by the store."""
    claim = store.claim(execution)
    if claim is None:
        raise SystemExit(f"{execution} is claimed")
    store.append([started(execution, claim.epoch)._replace(slots=[Slot(execution, "", group, 1, now())])])
    return claim.epoch


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
    print(int(value), flush=True)  # noqa: T201 - a line is how a child answers


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "claim": _claim,
    "send": _send,
    "take": _take,
    "turns": _turns,
    "write": _write,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
