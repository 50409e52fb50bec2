"""Every pass of every crash point, one after the other, and what must be true after each.

    python tests/storm/sweep.py SCENARIO            e.g. scopes; without a name: all of them
    python tests/storm/sweep.py two-at-once         two processes resume one execution, a hundred times

A scenario is driven to its end once, undisturbed, with its passes counted. Then it is begun anew for each pass, killed
with -9 exactly there, and driven on to its end by another process. What comes of it must be what came of it
undisturbed, each effect must have happened once, and `doctor` must be content. For a sample of the passes the process
that recovers is killed as well.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from riders import Folder, forked, warm_up
from storm_checks import violations
from sweep_scenarios import SCENARIOS, Scenario
from treadle import Treadle, crash
from treadle_hookspecs import ExitCode, TreadleError

SAMPLE: Final = 6
"""Of every so many passes one is killed twice."""
ROUNDS: Final = 100
"""Of two processes at once."""


class Watched:
    """Counts passes, remembers their names, and kills at one of them; 0: at none."""

    def __init__(self, at: int, names: list[str] | None = None) -> None:
        self._left = at
        self._names = names

    def passed(self, name: str) -> None:
        """Called by every crash point."""
        if self._names is not None:
            self._names.append(name)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Sweep:
    """One scenario: undisturbed, and then killed at its passes.

    Args:
        folder: empty.
        scenario: what is done.
        every: kill at every so many passes only, and where a point is passed for the first time.
    """

    def __init__(self, folder: Path, scenario: Scenario, every: int) -> None:
        self._folder = folder
        self._scenario = scenario
        self._every = every
        self.counts: Counter[str] = Counter()
        self.kinds: set[str] = set()
        self.violations: list[str] = []

    def run(self) -> None:
        """All of it, until something is wrong."""
        passes, expected = self._undisturbed()
        self.kinds = {name for name in passes if name.startswith("append.")}
        for at in self._chosen(passes):
            self._killed(at, 0, expected, f"pass {at}, {passes[at - 1]}")
            if at % SAMPLE == 0:
                second = Random(at).randint(1, 12)
                self._killed(at, second, expected, f"passes {at}, {passes[at - 1]}, and {second} of the recovery")
            if self.violations:
                return

    def _chosen(self, passes: Sequence[str]) -> Iterator[int]:
        seen: set[str] = set()
        for at, name in enumerate(passes, start=1):
            if at % self._every == 0 or name not in seen:
                yield at
            seen.add(name)

    def _undisturbed(self) -> tuple[list[str], Any]:
        place = self._new("undisturbed")
        names = place.root / "passes"

        def count() -> None:
            passed: list[str] = []
            _drive(place, self._scenario, Watched(0, passed))
            names.write_text(json.dumps(passed), "utf-8")

        if forked(place.root, count):
            raise RuntimeError((place.root / "trace").read_text("utf-8"))
        return json.loads(names.read_text("utf-8")), self._judged(place, "undisturbed")

    def _killed(self, at: int, second: int, expected: Any, where: str) -> None:
        place = self._new("killed")
        for limit in filter(None, (at, second)):
            rode = forked(place.root, partial(_drive, place, self._scenario, Watched(limit)))
            self.counts["kills"] += rode == -signal.SIGKILL
        self.counts["double" if second else "single"] += 1
        if forked(place.root, lambda: _drive(place, self._scenario, Watched(0))):
            trace = place.root / "trace"
            self.violations.append(f"{where}: {trace.read_text('utf-8') if trace.exists() else 'the recovery failed'}")
            return
        found = self._judged(place, where)
        if found != expected:
            self.violations.append(f"P7 {where}: it came to {found}, undisturbed to {expected}")

    def _judged(self, place: Folder, where: str) -> Any:
        """How it ended; what is wrong with it is kept."""
        wrong, outcome = place.ask(
            lambda treadle: ([*place.findings(), *_violations(treadle, place)], _outcome(treadle))
        )
        self.violations += [f"{where}: {each}" for each in wrong]
        return outcome

    def _new(self, name: str) -> Folder:
        root = self._folder / name
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        return Folder(root)


def _drive(place: Folder, scenario: Scenario, watched: Watched) -> None:
    """Do what has not been done of a scenario, from its start to its end."""
    crash._armed = watched  # type: ignore[assignment]
    with place.treadle() as treadle:
        scenario(treadle)


def _outcome(treadle: Treadle) -> Any:
    """How every execution stands at the end, the numbers of attempts aside."""
    rows = sorted(treadle.executions(all_roots=True), key=lambda row: (row.workflow, row.started_at))
    return [_standing(treadle, row.id) for row in rows]


def _standing(treadle: Treadle, id_: str) -> Any:
    status = treadle.status(id_)
    steps = {address: [step["state"], step["visits"]] for address, step in status.steps.items()}
    return [status.workflow, status.status, status.rollback, dict(sorted(steps.items()))]


def _violations(treadle: Treadle, place: Folder) -> list[str]:
    found: list[str] = []
    for row in treadle.executions(all_roots=True):
        found += violations(list(treadle.history(row.id)), place.ledger(row.id))
    return found


def two_at_once(folder: Path, rounds: int) -> tuple[Counter[str], list[str]]:
    """Two processes resume one execution at one time: one of them drives it, the other is told so."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    scenario = SCENARIOS["steps"]
    for number in range(rounds):
        place = Folder(folder / f"round-{number}")
        place.root.mkdir(parents=True)
        forked(place.root, partial(_drive, place, scenario, Watched(number % 20 + 3)))
        ends = _both(place)
        counts.update(rounds=1, driven=ends.count(0), refused=ends.count(int(ExitCode.CONFLICT)))
        if 0 not in ends:
            wrong.append(f"round {number}: the two processes ended with {ends}")
        found = place.ask(partial(_violations, place=place))
        wrong += [f"round {number}: {each}" for each in found]
        if wrong:
            break
        shutil.rmtree(place.root)
    return counts, wrong


def _both(place: Folder) -> list[int]:
    """Let two processes wait at one gate, open it, and see how they end."""
    reader, writer = os.pipe()
    children = [os.fork(), 0]
    if children[0]:
        children[1] = os.fork()
    if not all(children):
        os.close(writer)
        os.read(reader, 1)  # it ends when nobody holds the other side any more
        os._exit(_resume(place))
    os.close(reader)
    os.close(writer)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _resume(place: Folder) -> int:
    try:
        with place.treadle() as treadle:
            row = treadle.executions(all_roots=True)[0]
            if row.status != "completed":
                treadle.resume(row.id, interrupted={"": "retry"})
    except TreadleError as error:
        return int(error.exit_code) if error.exit_code != ExitCode.USAGE else 0  # it has completed meanwhile
    return 0


def main(arguments: list[str]) -> int:
    """Sweep; print what was done as JSON; 1 when something was wrong, with all of it kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SCENARIOS)}, two-at-once (default: all scenarios)")
    parser.add_argument("--folder", type=Path, help="where to work (default: the temporary folder)")
    parser.add_argument("--every", type=int, default=1, help="of so many passes kill at one (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of two-at-once (default: %(default)s)")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="sweep-", dir=options.folder))
    warm_up()
    done: dict[str, Any] = {}
    for name in options.names or SCENARIOS:
        counts, kinds, wrong = _one(folder / name, name, options)
        done[name] = {**counts, "points": sorted(kinds)}
        if wrong:
            sys.stderr.write("\n".join([f"{name}: the state is kept in {folder}", *wrong[:10]]) + "\n")
            return 1
    shutil.rmtree(folder)
    sys.stdout.write(json.dumps(done) + "\n")
    return 0


def _one(folder: Path, name: str, options: argparse.Namespace) -> tuple[Counter[str], set[str], list[str]]:
    if name == "two-at-once":
        counts, wrong = two_at_once(folder, options.rounds)
        return counts, set(), wrong
    sweep = Sweep(folder, SCENARIOS[name], options.every)
    sweep.run()
    return sweep.counts, sweep.kinds, sweep.violations


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
