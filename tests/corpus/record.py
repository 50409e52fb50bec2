"""Record event logs for the corpus. What is there is never changed.

python tests/corpus/record.py            record whatever is missing
python tests/corpus/record.py NAME …     record these; refused when one is there
python tests/corpus/record.py --list     names, and whether they are there
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import orjson

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "patterns"))

import corpus
import patterns
from corpus_scripts import SCRIPTS
from treadle import Treadle
from treadle.definition import load_cases
from treadle.rehearsal._mocks import Cast
from treadle.rehearsal._playing import _timeline
from treadle.rehearsal._stage import Ending, Stage
from treadle_engine.plan import Plan
from treadle_engine.protocol import Cancel, Pause, Resume, Rollback
from treadle_hookspecs import Event
from treadle_testkit.random_workflows import EVERYTHING, NESTED, Features, random_choice, random_plan, random_script
from treadle_testkit.scripted import ScriptedRuntime

Log = tuple[Plan, list[Event]]
RANDOM: Final = 8


def sources() -> Iterator[tuple[str, Callable[[], Log]]]:
    """What can be recorded, by name."""
    for each in patterns.shown():
        yield each.definition.stem, partial(_pattern, each)
    for seed in range(RANDOM):
        yield f"random-flat-{seed}", partial(_random, seed, EVERYTHING)
        yield f"random-nested-{seed}", partial(_random, seed, NESTED)
    yield from SCRIPTS.items()


def _pattern(each: patterns.Shown) -> Log:
    """The first of its cases."""
    loaded = load_cases(each.cases)
    assert loaded.file is not None
    case = loaded.file.cases[0]
    with tempfile.TemporaryDirectory() as home, Treadle(corpus.LOGS, overrides={"home": home}) as treadle:
        plan = treadle.plan(str(each.definition))
    stage = Stage(plan, Cast(case, lambda _: Ending()), _timeline(case.timeline))
    stage.play({**{spec.name: spec.default for spec in plan.inputs}, **case.inputs}, {"type": "cli"}, {"root": "/srv"})
    return plan, stage.log


def _random(seed: int, features: Features) -> Log:
    """A random workflow: paused, resumed, crashed, in turn cancelled, and undone at the end."""
    rng = Random(seed)
    plan = random_plan(seed, features)
    runtime = ScriptedRuntime(plan, random_script(seed, failing=0.5), choose=random_choice(seed))
    runtime.start()
    for turn in range(1, 400):
        if turn == 2:
            runtime.send(Pause(runtime.now, "user:ada", "lunch"))
        if turn == 3:
            runtime.send(Resume(runtime.now, "user:ada"))
        if turn == 5 and seed % 3 == 0:
            runtime.send(Cancel(runtime.now, "user:ada", "enough"))
        if turn % 6 == 0:
            runtime.crash(rng.randint(1, len(runtime.log)))
        if not runtime.step():
            break
    runtime.send(Rollback(runtime.now, "user:ada", "undo it"))
    runtime.run()
    return plan, runtime.log


def main(arguments: list[str]) -> int:
    """Record; 1 when something that is there was to be recorded again, or there is no such name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list what can be recorded")
    options = parser.parse_args(arguments)
    known = dict(sources())
    there = {path.stem for path in corpus.LOGS.glob("*.jsonl")}
    if options.list:
        sys.stdout.write("".join(f"{'there  ' if name in there else 'missing'} {name}\n" for name in known))
        return 0
    wrong = [name for name in options.names if name in there or name not in known]
    if wrong:
        sys.stderr.write(f"not recorded: {', '.join(wrong)}: what is there is never changed\n")
        return 1
    for name in options.names or sorted(known.keys() - there):
        _record(name, *known[name]())
    return 0


def _record(name: str, plan: Plan, log: list[Event]) -> None:
    text = corpus.written(name, plan, _plain(log))
    with (corpus.LOGS / f"{name}.jsonl").open("x", encoding="utf-8") as file:
        file.write(text)
    sys.stdout.write(f"recorded {name}: {len(log)} events\n")


def _plain(log: list[Event]) -> list[Event]:
    """As a store would give them back."""
    return [event._replace(data=json.loads(orjson.dumps(event.data, default=dict))) for event in log]


if __name__ == "__main__":
    corpus.LOGS.mkdir(exist_ok=True)
    sys.exit(main(sys.argv[1:]))
