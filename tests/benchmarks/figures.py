"""The figures: which probes they need, in which order, and the limits they are held against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import commands
import composing
from runner import Runner
from table import Figure

RAW_ROW_BYTES = 600
"""What a step of the peer writes: about what treadle's log and its projections take for a step, keys left out."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the measurements are."""

    chain: int
    fan_out: int
    long_chain: int
    executions: int
    repetitions: int
    starts: int


def measure_all(sizes: Sizes, only: str = "") -> Iterator[Figure]:
    """Every figure of every group whose name holds `only`."""
    for name, group in GROUPS.items():
        if only in name:
            with Runner() as runner:
                yield from group(runner, sizes)


def chains(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """A chain of no-op steps beside its peers, at both durabilities."""
    for synchronous, over_raw, over_dbos in (("FULL", 2.0, 2.5), ("NORMAL", 10.0, 5.0)):
        options = {"steps": sizes.chain, "synchronous": synchronous}
        plan = {
            "raw-chain": options | {"row_bytes": RAW_ROW_BYTES},
            "chain": options,
            "dbos-chain": options | {"steps": max(sizes.chain // 2, 10)},
        }
        taken = runner.in_turns(plan, sizes.repetitions, "us_per_step")
        raw, ours, dbos = (taken[name] for name in plan)
        label = f"chain of {sizes.chain:,}"
        size = f"{RAW_ROW_BYTES} bytes and one commit a step"
        yield _figure(f"{label}: raw sqlite3", raw, "us/step", durability=synchronous, note=size)
        yield _figure(f"{label}: DBOS", dbos, "us/step", durability=synchronous, note="WAL, same synchronous")
        yield _figure(f"{label}: treadle", ours, "us/step", durability=synchronous)
        threads = [float(runner.probe("chain", action="threaded", **options)["us_per_step"])]
        yield _figure(f"{label}: plain functions, each in a thread", threads, "us/step", durability=synchronous)
        ratios = _ratios(ours, raw)
        yield _figure(f"{label}: treadle / raw", ratios, "x", over_raw, durability=synchronous, note="paired")
        ahead = _figure(f"{label}: DBOS / treadle", _ratios(dbos, ours), "x", over_dbos, durability=synchronous)
        yield Figure(ahead.name, ahead.value, "x", over_dbos, True, synchronous, ahead.spread, "paired")


def costs(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """What one more step adds: differences between two sizes, so that what a run costs anyway falls away."""
    small, large = max(sizes.chain // 10, 5), sizes.chain
    counts = [runner.probe("commits", steps=steps, synchronous="FULL") for steps in (small, large)]

    def slope(key: str) -> float:
        return (float(counts[1][key]) - float(counts[0][key])) / (large - small)

    yield Figure("commits per chain step", slope("commits"), "commits", 1.0, durability="FULL")
    yield Figure(
        "SELECTs per chain step",
        slope("selects"),
        "statements",
        0.0,
        note="SQLite's trace callback; looks into the inbox, made by time, left out",
    )
    yield Figure("bytes on disk per chain step", slope("bytes"), "bytes", 1024.0, note=_made_of(counts, large - small))
    syncs = runner.syncs("chain", small, min(large, 2 * small))
    note = "strace; besides, four in 256 commits move the log into the database"
    if syncs is not None:
        yield Figure("fdatasync per chain step", syncs, "calls", 1.0, durability="FULL", note=note)


def fans(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Many steps that are ready at once."""
    count = sizes.fan_out
    taken = [
        runner.probes(2, "fan-out", steps=count, synchronous="FULL") for _ in range(max(sizes.repetitions // 2, 1))
    ]
    label = f"fan-out of {count:,}"
    milliseconds = [float(one["us_per_step"]) / 1000 for pair in taken for one in pair]
    counted = runner.probe("fan-commits", steps=count, synchronous="FULL")
    yield _figure(f"{label}: time a step", milliseconds, "ms/step", 0.15, durability="FULL")
    yield Figure(f"{label}: commits", float(counted["commits"]), "commits", count / 32 + 4, note="N/32 + 4")
    read, known = ([float(pair[turn]["peak_mb"]) for pair in taken] for turn in (0, 1))
    yield _figure(f"{label}: peak memory", known, "MB", 80.0, note="whole process; its definition has run before")
    yield _figure(f"{label}: peak memory, definition new", read, "MB", note="reading and checking its YAML included")


def late_steps(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Whether a step costs more when many went before."""
    taken = [
        runner.probe("chain", steps=sizes.long_chain, synchronous="NORMAL")
        for _ in range(max(sizes.repetitions // 2, 1))
    ]
    ratios = [float(one["late_us"]) / float(one["early_us"]) for one in taken]
    label = f"step {sizes.long_chain:,} / step 10"
    yield _figure(label, ratios, "x", 1.2, durability="NORMAL", note="means of the first and last tenth, 10 left out")
    yield _figure(f"chain of {sizes.long_chain:,}: peak memory", [float(one["peak_mb"]) for one in taken], "MB")


def many(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Many executions at a time in one process."""
    options = {"executions": sizes.executions, "steps": 5, "synchronous": "FULL"}
    rates = [float(runner.probe("many", **options)["per_second"]) for _ in range(sizes.repetitions)]
    label = f"{sizes.executions} executions x 5 steps at a time"
    one = _figure(label, rates, "executions/s", 400.0, durability="FULL")
    yield Figure(one.name, one.value, one.unit, one.limit, True, one.durability, one.spread)


def starts(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Fresh processes of the command line, beside the libraries they stand on."""
    names = {"import typer": commands.IMPORT_TYPER, "bare Typer app --help": commands.bare_help(runner.folder())}
    names |= {"treadle --version": commands.VERSION, "treadle --help": commands.HELP}
    taken = commands.in_turns(names, sizes.starts)
    for name, seconds in taken.items():
        yield _figure(name, [value * 1000 for value in seconds], "ms", note="wall clock, fresh process")
    for ours, peer in (("treadle --version", "import typer"), ("treadle --help", "bare Typer app --help")):
        yield _figure(f"{ours} / {peer}", _ratios(taken[ours], taken[peer]), "x", 1.3, note="paired")


def postgres(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Chains and executions on a Postgres server of the run's own, whose commits are on the disk."""
    from on_postgres import DURABLE
    from treadle_testkit.postgres import PostgresServer

    with PostgresServer(**DURABLE) as server:
        row = {"steps": sizes.chain, "url": server.url(), "row_bytes": RAW_ROW_BYTES}
        plan = {
            "postgres-raw": row,
            "postgres-single": row,
            "postgres-chain": {"steps": sizes.chain, "url": server.new_url()},
            "postgres-dbos-chain": {"steps": max(sizes.chain // 2, 10), "url": server.url()},
        }
        taken = runner.in_turns(plan, sizes.repetitions, "us_per_step")
        raw, single, ours, dbos = (taken[name] for name in plan)
        label = f"Postgres, chain of {sizes.chain:,}"
        yield _figure(
            f"{label}: raw psycopg", raw, "us/step", durability="FULL", note="a row and a commit a step, prepared"
        )
        yield _figure(
            f"{label}: raw psycopg, one journey",
            single,
            "us/step",
            durability="FULL",
            note="a statement that commits itself",
        )
        yield _figure(f"{label}: DBOS", dbos, "us/step", durability="FULL")
        yield _figure(f"{label}: treadle", ours, "us/step", durability="FULL")
        yield _figure(f"{label}: treadle / raw", _ratios(ours, raw), "x", 2.0, durability="FULL", note="paired")
        many = {"executions": sizes.executions, "steps": 5}
        ways = {
            "postgres-many": many | {"url": server.new_url()},
            "postgres-dbos-many": many | {"url": server.url()},
        }
        rates = runner.in_turns(ways, sizes.repetitions, "per_second")
        label = f"Postgres, {sizes.executions} executions x 5 steps at a time"
        for name, way in (("treadle", "postgres-many"), ("DBOS", "postgres-dbos-many")):
            yield _figure(f"{label}: {name}", rates[way], "executions/s", durability="FULL")
        ahead = _figure(
            f"{label}: treadle / DBOS", _ratios(*rates.values()), "x", 1.0, durability="FULL", note="paired"
        )
        yield Figure(ahead.name, ahead.value, "x", 1.0, True, "FULL", ahead.spread, "paired")
        once = runner.probe("postgres-many", executions=sizes.executions, steps=5, url=server.new_url())
        yield Figure("Postgres, an execution of 5 steps: processor of the worker", float(once["cpu_ms"]), "ms CPU")
        grown = runner.probe("postgres-chain", steps=sizes.chain, url=server.new_url())
        yield Figure("Postgres, bytes in tables and indexes per chain step", float(grown["bytes"]), "bytes")


def first_steps(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """From nothing to the first durable step, and what undoing costs."""
    taken = [runner.probes(2, "first-step", synchronous="FULL") for _ in range(sizes.starts)]
    begun = [float(one["start_ms"]) for pair in taken for one in pair]
    label = "fresh process: first durable step"
    for turn, note in enumerate(("user + system; definition new", "user + system; its definition has run before")):
        cpu = [float(pair[turn]["cpu_ms"]) for pair in taken]
        yield _figure(f"{label}{', known' if turn else ''}", cpu, "ms CPU", 400.0, durability="FULL", note=note)
    yield _figure("start to first step, in process", begun, "ms", 100.0, durability="FULL", note="second run")
    undone = [runner.probe("compensation", synchronous="FULL") for _ in range(sizes.repetitions)]
    own = [float(one["own_ms"]) for one in undone]
    yield _figure("one compensation, its command left out", own, "ms", 500.0, durability="FULL", note="`true`, paired")


def composition(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Projects from templates, beside copier and cookiecutter."""
    yield from composing.composing(runner, sizes.repetitions)


def recoveries(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """A process takes over a long execution that another one left."""
    options = {"steps": sizes.long_chain, "synchronous": "NORMAL"}
    taken = [runner.probes(2, "recovery", **options)[1] for _ in range(max(sizes.repetitions // 2, 1))]
    label = f"recovery of {sizes.long_chain:,} steps"
    ours, raw = ([float(one[key]) for one in taken] for key in ("recovery_ms", "raw_ms"))
    yield _figure(label, ours, "ms", 1000.0, durability="NORMAL", note="resume of one that waits, to its rest")
    yield _figure(f"{label} / reading the log by hand", _ratios(ours, raw), "x", note="sqlite3 and orjson; paired")
    yield _figure(f"{label}: reads of the log", [float(one["reads"]) for one in taken], "reads", 1.0)


def nested(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Steps inside scopes beside the same steps without."""
    options = {"steps": sizes.chain, "synchronous": "NORMAL"}
    taken = [runner.probe("nesting", **options) for _ in range(sizes.repetitions)]
    flat, groups, loop = ([float(one[key]) for one in taken] for key in ("flat_us", "groups_us", "loop_us"))
    yield _figure("a step two scopes deep / flat", _ratios(groups, flat), "x", 2.0, durability="NORMAL", note="paired")
    note = "a scope for each step; paired"
    yield _figure(
        "an iteration of one step / a flat step", _ratios(loop, flat), "x", 2.0, durability="NORMAL", note=note
    )


def undoing(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """Files undone beside the same files written."""
    files = min(sizes.chain, 1000)
    taken = [runner.probe("undo", files=files) for _ in range(sizes.repetitions)]
    undo, write, durable, plain = (
        [float(one[f"{key}_ms"]) for one in taken] for key in ("undo", "write", "durable", "plain")
    )
    label = f"undo of {files:,} files"
    yield _figure(f"{label} / writing them through the journal", _ratios(undo, write), "x", 2.0, note="paired")
    yield _figure(f"{label} / writing them durably", _ratios(undo, durable), "x", note="fsync and rename each; paired")
    yield _figure(f"{label} / writing them plainly", _ratios(undo, plain), "x", note="open, write, close; paired")


def on_temporal(runner: Runner, sizes: Sizes) -> Iterator[Figure]:
    """A chain on Temporal beside the workflow that somebody would write there by hand."""
    steps = max(sizes.chain // 10, 5)
    taken = runner.probe("temporal-chain", steps=steps, turns=sizes.repetitions)
    hand, ours = ([float(taken[key])] for key in ("by_hand_us", "treadle_us"))
    label = f"Temporal, chain of {steps:,}"
    yield _figure(f"{label}: by hand", hand, "us/step", durability="FULL", note="the server's development mode")
    yield _figure(f"{label}: treadle / by hand", _ratios(ours, hand), "x", 1.25, note="medians, by turns")


Group = Callable[[Runner, Sizes], Iterator[Figure]]
GROUPS: dict[str, Group] = {
    "chains": chains,
    "costs": costs,
    "fan-out": fans,
    "late steps": late_steps,
    "many": many,
    "postgres": postgres,
    "starts": starts,
    "first steps": first_steps,
    "composition": composition,
    "recovery": recoveries,
    "nested": nested,
    "undo": undoing,
    "temporal": on_temporal,
}


def _figure(
    name: str, values: list[float], unit: str, limit: float | None = None, *, durability: str = "", note: str = ""
) -> Figure:
    spread = (min(values), max(values)) if len(values) > 1 else None
    return Figure(name, median(values), unit, limit, False, durability, spread, note)


def _ratios(above: list[float], below: list[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def _made_of(counts: list[dict[str, Any]], steps: int) -> str:
    """Bytes a step by table and index, the largest first."""
    small, large = counts[0]["tables"], counts[1]["tables"]
    grown = {name: (size - small.get(name, 0)) / steps for name, size in large.items()}
    shares = sorted(((size, name) for name, size in grown.items() if size >= 1), reverse=True)
    return ", ".join(f"{name} {size:.0f}" for size, name in shares)
