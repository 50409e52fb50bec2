"""Random workflows under a storm of `kill -9`: run, killed, resumed, until they end; then their effects are counted.

    python tests/storm/storm.py --seed 7 --executions 50      one batch; the same seed gives the same workflows
    python tests/storm/storm.py --hours 4                     batches of new seeds, until one has a violation

A batch is one store. A *rider*, a process of its own, starts what has not been started, resumes what was interrupted,
and drives all of it side by side. It is killed at a pass of some crash point, or by the clock; then another rides on.
After each kill the invariants are looked at as `treadle doctor --json` does. What a violation leaves behind is kept.
"""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

from riders import Folder, ended, fork, warm_up
from storm_checks import violations
from storm_plans import ORDERLY_EVERY, expected, plan_of
from treadle import Treadle, crash
from treadle.runtime.clock import now
from treadle.runtime.local import Launch
from treadle_hookspecs import Definition, ExecutionRow

MOST_RIDERS: Final = 400
POINTS: Final = 12
"""For each execution, a rider may live through so many passes of crash points. Resuming takes some by itself: with
fewer it would die before anything goes on."""
SECONDS: Final = 0.02
"""For each execution, a rider that the clock kills may live so long."""


@dataclass(slots=True)
class Tally:
    """What a batch went through."""

    executions: int = 0
    kills: int = 0
    by_point: int = 0
    effects: int = 0
    violations: list[str] = field(default_factory=list)


class Batch:
    """Some executions in one folder, from their start to their ends.

    Args:
        folder: empty.
        seed: of the first workflow; the others follow. Also of the dice that kill.
        count: executions.
    """

    def __init__(self, folder: Path, seed: int, count: int) -> None:
        self.folder = folder
        self.seeds = range(seed, seed + count)
        self.tally = Tally(count)
        self._dice = Random(f"storm {seed}")
        self._place = Folder(folder)

    def run(self) -> Tally:
        """Ride until everything has ended, then count."""
        for _ in range(MOST_RIDERS):
            ended = self._ride()
            self.tally.violations += self._place.ask(lambda _: self._place.findings())
            if ended or self.tally.violations:
                break
        else:
            self.tally.violations.append(f"after {MOST_RIDERS} riders some execution has not ended")
        if not self.tally.violations:
            self.tally.effects, found = self._place.ask(self._count)
            self.tally.violations += found
        return self.tally

    def _ride(self) -> bool:
        """One rider; True when it came to the end of its work."""
        points = self._dice.randint(1, POINTS * len(self.seeds)) if self._dice.random() < 0.7 else 0
        seconds = self._dice.random() * SECONDS * len(self.seeds)
        child = fork(self.folder, lambda: self._rider(points))
        if not points:
            _kill_after(child, seconds)
        status = ended(child)
        if status == -signal.SIGKILL:
            self.tally.kills += 1
            self.tally.by_point += bool(points)
        elif status:
            self.tally.violations.append(f"a rider failed with {status}; its trace stands in {self.folder / 'trace'}")
        return status == 0

    def _rider(self, points: int) -> None:
        if points:
            crash._armed = _Counted(points)  # type: ignore[assignment]
        with self._place.treadle() as treadle:
            asyncio.run(_drive(treadle, self.seeds))

    def _count(self, treadle: Treadle) -> tuple[int, list[str]]:
        """How many effects there were, and what is wrong with them by the logs of their executions."""
        effects, wrong = 0, []
        rows = {_seed_of(row): row for row in treadle.executions(all_roots=True)}
        for seed in self.seeds:
            row = rows[seed]
            lines = self._place.ledger(row.id)
            effects += sum(line.startswith("apply ") for line in lines)
            found = list(violations(list(treadle.history(row.id)), lines))
            if seed % ORDERLY_EVERY == 0 and expected(seed) != _outcome(treadle, row):
                found.append("P7 it did not end as without kills")
            wrong += [f"seed {seed}, execution {row.id}: {each}" for each in found]
        return effects, wrong


class _Counted:
    """Kills at the n-th pass of any crash point."""

    def __init__(self, left: int) -> None:
        self.left = left

    def passed(self, _: str) -> None:
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)


async def _drive(treadle: Treadle, seeds: range) -> None:
    rows = {_seed_of(row): row for row in treadle.executions(all_roots=True)}
    await asyncio.gather(*(_further(treadle, seed, rows.get(seed)) for seed in seeds))


async def _further(treadle: Treadle, seed: int, row: ExecutionRow | None) -> None:
    """Bring one execution to its end, and every third one back from there."""
    if row is None:
        plan = plan_of(seed)
        definition = Definition(
            hashlib.sha256(plan.name.encode()).hexdigest(), plan.name, "", plan.name, "storm", now()
        )
        launch = Launch(plan, definition, {}, treadle.root, trigger_data={"seed": seed})
        row = treadle.resolve(await treadle._local().start(launch))
    elif row.status not in {"completed", "failed", "cancelled"} or treadle.status(row.id).status == "rolling_back":
        await treadle.resume_async(row.id, interrupted={"": "retry"})
    if seed % 3 == 0 and treadle.resolve(row.id).rollback == "none":
        await treadle.rollback_async(row.id)


def _seed_of(row: ExecutionRow) -> int:
    return int(row.trigger_data["seed"])  # type: ignore[arg-type, call-overload, index]


def _outcome(treadle: Treadle, row: ExecutionRow) -> tuple[str, dict[str, tuple[str, int]]]:
    status = treadle.status(row.id)
    return status.status, {address: (step["state"], step["visits"]) for address, step in status.steps.items()}  # type: ignore[misc]


def _kill_after(child: int, seconds: float) -> None:
    """Kill a child when the time is up, if it has not ended by itself."""
    signal.sigtimedwait({signal.SIGCHLD}, seconds)
    os.kill(child, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Run batches; print what they went through as JSON; 1 when there was a violation."""
    options = _options(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    warm_up()
    seed = options.seed if options.seed is not None else Random().randrange(1, 10**9)
    until = time.monotonic() + options.hours * 3600
    total: Counter[str] = Counter()
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"storm-{seed}-", dir=options.folder))
        sys.stderr.write(f"storm: seed {seed}, {options.executions} executions, in {folder}\n")
        tally = Batch(folder, seed, options.executions).run()
        total.update(batches=1, executions=tally.executions, kills=tally.kills, at_points=tally.by_point)
        total.update(effects=tally.effects)
        if tally.violations:
            _complain(tally, seed, folder)
            return 1
        shutil.rmtree(folder)
        seed += options.executions
        if time.monotonic() >= until:
            break
    sys.stdout.write(json.dumps(total) + "\n")
    return 0


def _complain(tally: Tally, seed: int, folder: Path) -> None:
    for found in tally.violations[:20]:
        sys.stderr.write(f"violation: {found}\n")
    again = f"python tests/storm/storm.py --seed {seed} --executions {tally.executions}"
    sys.stderr.write(f"the state is kept in {folder}\nonce more: {again}\n")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, help="of the first workflow (default: chance)")
    parser.add_argument("--executions", type=int, default=50, help="in a batch (default: %(default)s)")
    parser.add_argument(
        "--hours", type=float, default=0.0, help="go on with new seeds for so long (default: one batch)"
    )
    parser.add_argument("--folder", type=Path, default=None, help="where to work (default: the temporary folder)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
