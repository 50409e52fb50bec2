"""treadle, measured through its public facade."""

import asyncio
import resource
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import noop

CHAIN_PART = 10
"""A tenth of a long chain is compared with another tenth."""


FAN_PARALLEL = 500
"""Steps of a fan-out that run at a time."""


def chain(folder: Path, steps: int, synchronous: str, action: str = "noop", store: str = "sqlite:") -> dict[str, float]:
    """One no-op step after another. The time is that between the first and the last event of the log."""
    path = _definition(folder, [f"{{id: s{number}, uses: noop/{action}}}" for number in range(steps)])
    with _treadle(folder, synchronous, store=store) as treadle:
        status = _completed(treadle.run(path))
        peak = _peak_mb()
        at = [event.at for event in treadle.history(status.id)]
        starts = [event.at for event in treadle.history(status.id) if event.type == "visit_started"]
    early, late = _ends(starts)
    return {
        "us_per_step": (at[-1] - at[0]) / steps,
        "early_us": early,
        "late_us": late,
        "peak_mb": peak,
    }


def fan_out(folder: Path, steps: int, synchronous: str) -> dict[str, float]:
    """Steps that are all ready at once."""
    parallel = min(steps, FAN_PARALLEL)
    path = _definition(folder, [f"{{id: s{number}, uses: noop/noop, needs: []}}" for number in range(steps)], parallel)
    with _treadle(folder, synchronous) as treadle:
        status = _completed(treadle.run(path))
        peak = _peak_mb()
        at = [event.at for event in treadle.history(status.id)]
    return {"us_per_step": (at[-1] - at[0]) / steps, "peak_mb": peak}


def fan_commits(folder: Path, steps: int, synchronous: str) -> dict[str, float]:
    """Commits that such a fan takes, all those of the run included."""
    statements = _count_statements()
    fan_out(folder, steps, synchronous)
    return {"commits": statements["COMMIT"]}


def many(folder: Path, executions: int, steps: int, synchronous: str, store: str = "sqlite:") -> dict[str, float]:
    """Executions beside each other in one process, the first one alone to warm up."""
    path = _definition(folder, [f"{{id: s{number}, uses: noop/noop}}" for number in range(steps)])
    with _treadle(folder, synchronous, max_concurrent_executions=executions, store=store) as treadle:
        _completed(treadle.run(path))

        async def all_of_them() -> Sequence[Any]:
            return await asyncio.gather(*(treadle.run_async(path) for _ in range(executions)))

        started = time.perf_counter()
        ended = asyncio.run(all_of_them())
        seconds = time.perf_counter() - started
        for status in ended:
            _completed(status)
    return {"per_second": executions / seconds}


def first_step(folder: Path, synchronous: str) -> dict[str, float]:
    """CPU of this process up to the end of its first one-step workflow; then how soon a step starts in a warm one."""
    path = _definition(folder, ["{id: only, uses: noop/mark}"])
    with _treadle(folder, synchronous) as treadle:
        _completed(treadle.run(path))
        used = resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter()
        _completed(treadle.run(path))
    return {"cpu_ms": (used.ru_utime + used.ru_stime) * 1000, "start_ms": (noop.begun[-1] - started) * 1000}


def compensation(folder: Path, synchronous: str) -> dict[str, float]:
    """A step whose undo is the command `true`, undone because the next one fails; the bare command beside it."""
    undone = "{id: done, uses: noop/noop, compensate: {uses: command/run, with: {argv: ['true']}}}"
    path = _definition(folder, [undone, "{id: broken, uses: noop/fail}"])
    with _treadle(folder, synchronous) as treadle:
        status = treadle.run(path)
        at = {event.type: event.at for event in treadle.history(status.id)}
    if status.rollback != "done":
        raise RuntimeError(f"the compensation did not run: {status}")
    whole = (at["compensation_settled"] - at["compensation_started"]) / 1000
    bare = _bare_command()
    return {"own_ms": whole - bare, "command_ms": bare}


def commits(folder: Path, steps: int, synchronous: str) -> dict[str, Any]:
    """Statements that a chain takes, and the bytes that it leaves; not for timing, the callback is slow."""
    statements = _count_statements()
    chain(folder, steps, synchronous)
    size = sum(path.stat().st_size for path in _state(folder).glob("state.db*"))
    return {
        "commits": statements["COMMIT"],
        "selects": statements["SELECT"],
        "bytes": size,
        "tables": _tables(_state(folder) / "state.db"),
    }


def _treadle(folder: Path, synchronous: str, **overrides: object) -> Any:
    """A facade with a state folder of its own. Imported here, so that importing it is measured too."""
    from treadle import Treadle
    from treadle.plugins import PluginHost

    host = PluginHost()
    host.register(noop.NoopPlugin(), name="noop")
    settings: dict[str, Any] = {"home": str(_state(folder)), **overrides}
    if synchronous != "FULL":  # the default; a user who leaves it alone has no settings to be checked
        settings["sqlite"] = {"synchronous": synchronous}
    return Treadle(folder, overrides=settings, plugins=host)


def _state(folder: Path) -> Path:
    return folder / "state"


def _definition(folder: Path, steps: Iterable[str], parallel: int = 0) -> str:
    """Write a workflow; its path."""
    limit = f"max_parallel: {parallel}\n" if parallel else ""
    lines = "".join(f"  - {step}\n" for step in steps)
    path = folder / "bench.yaml"
    path.write_text(f"treadle: 1\nname: bench\n{limit}steps:\n{lines}", "utf-8")
    return str(path)


def _completed(status: Any) -> Any:
    if status.status != "completed":
        raise RuntimeError(f"the workflow did not complete: {status}")
    return status


def _ends(starts: Sequence[int]) -> tuple[float, float]:
    """Microseconds a step in the first and in the last tenth, the first ten steps left out."""
    later = starts[10:] if len(starts) > 2 * CHAIN_PART else starts
    part = max(len(later) // CHAIN_PART, 2)
    return _mean_gap(later[:part]), _mean_gap(later[-part:])


def _mean_gap(starts: Sequence[int]) -> float:
    return (starts[-1] - starts[0]) / (len(starts) - 1)


def _peak_mb() -> float:
    """The largest resident size of this process; where /proc tells it, without what it was forked from."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def _bare_command() -> float:
    """Milliseconds of the command itself, the median of five."""
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(["true"], check=True)
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[2]


def _count_statements() -> Counter[str]:
    """Count, by its first word, each statement of every connection that is opened from now on.

    A look into the inbox counts as `INBOX`: a watching thread asks for it by time, however many steps there are.
    """
    counts: Counter[str] = Counter()
    connect = sqlite3.connect

    def counting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(lambda text: counts.update([_kind(text)]))
        return connection

    sqlite3.connect = counting  # type: ignore[assignment]
    return counts


def _kind(statement: str) -> str:
    word = statement.split(None, 1)[0].upper().rstrip(";")
    return "INBOX" if word == "SELECT" and "FROM signals" in statement else word


def _tables(database: Path) -> dict[str, int]:
    """Bytes by table and index, as SQLite's own account has them; empty where it was built without."""
    connection = sqlite3.connect(database)
    try:
        return dict(connection.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name"))
    except sqlite3.OperationalError:
        return {}
    finally:
        connection.close()
