"""Compositions beside copier and cookiecutter, on the same rendered files; each in fresh processes of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import journal
from commands import TREADLE
from runner import ENVIRONMENT, Runner
from table import Figure

FILES = 20
"""Of one template, most of them rendered; besides them a `.gitignore` and a `pyproject.toml` that all bring."""


class Cost(NamedTuple):
    """What a process and its children cost."""

    wall: float
    """Milliseconds."""
    cpu: float
    """Milliseconds, user and system."""
    peak: float
    """Megabytes of the process itself, or of its largest child."""


def composing(runner: Runner, repetitions: int) -> Iterator[Figure]:
    """Every figure of the group."""
    yield from _start_up(repetitions)
    root = runner.folder()
    names = _native(root / "native", 20)
    yield from _native_templates(root, names, repetitions)
    yield from _beside_peers(root, names[:10], repetitions)
    yield from _one_foreign(root, repetitions)
    taken = journal.measured(runner.folder(), files=200, turns=repetitions)
    for manner, limit in (("plainly", 2.0), ("durably", None)):
        ratios = _ratios(taken["journal: new files"], taken[f"write {manner}"])
        name = f"journal / the same files written {manner}"
        yield _figure(name, ratios, "x", limit, note="200 new files of 2,000 bytes; durably: fsync and rename of each")


def _start_up(repetitions: int) -> Iterator[Figure]:
    plain = [cost((sys.executable, "-c", "pass")).cpu for _ in range(repetitions)]
    ours = [cost((str(TREADLE), "compose", "--help")).cpu for _ in range(repetitions)]
    more = [one - other for one, other in zip(ours, plain, strict=True)]
    yield _figure("treadle compose --help, more than Python itself", more, "ms CPU", 150.0, note="user + system")


def _native_templates(root: Path, names: Sequence[str], repetitions: int) -> Iterator[Figure]:
    home = root / "home"
    _compose(home, names, root / "warm")
    analysis = [_compose(home, names[:10], root / f"dry{turn}", "--dry-run") for turn in range(repetitions)]
    yield _figure("ten cached templates: analysis", [one.wall for one in analysis], "ms", 600.0, note="--dry-run")
    ten, twenty = [], []
    for turn in range(repetitions):
        ten.append(_compose(home, names[:10], root / f"ten{turn}"))
        twenty.append(_compose(home, names, root / f"twenty{turn}"))
    size = f"{FILES + 2} files each"
    yield _figure("ten native templates composed", [one.wall for one in ten], "ms", 1500.0, note=size)
    yield _figure("ten native templates: peak memory", [one.peak for one in ten], "MB", 80.0, note="whole process")
    ratios = _ratios([one.wall for one in twenty], [one.wall for one in ten])
    yield _figure("twenty templates / ten", ratios, "x", 2.2, note="paired, wall clock")


def _beside_peers(root: Path, names: Sequence[str], repetitions: int) -> Iterator[Figure]:
    """All of ten templates' files as one template of each peer, which neither merges nor undoes anything."""
    copier, cookiecutter = _as_copier(root / "copier", len(names)), _as_cookiecutter(root / "cutter", len(names))
    taken: dict[str, list[float]] = {"treadle": [], "copier": [], "cookiecutter": []}
    for turn in range(repetitions):
        taken["treadle"].append(_compose(root / "home", names, root / f"ours{turn}").wall)
        taken["copier"].append(_copier(copier, root / f"copied{turn}").wall)
        taken["cookiecutter"].append(_cookiecutter(cookiecutter, root / f"cut{turn}").wall)
    for name, values in taken.items():
        yield _figure(f"the files of ten templates: {name}", values, "ms", note="wall clock, fresh process")
    for peer in ("copier", "cookiecutter"):
        yield _figure(f"treadle / {peer}", _ratios(taken["treadle"], taken[peer]), "x", note="paired, same files")


def _one_foreign(root: Path, repetitions: int) -> Iterator[Figure]:
    template = _as_copier(root / "foreign", 10)
    _compose(root / "foreign-home", [f"copier:{template}"], root / "foreign-warm")
    ratios = []
    for turn in range(repetitions):
        alone = _copier(template, root / f"alone{turn}").wall
        name = f"other{turn}"
        # Another answer each time: what was rendered before is not to be taken from the cache.
        words = ("--variables", f"name={name}", "--project-name", name)
        ratios.append(_compose(root / "foreign-home", [f"copier:{template}"], root / name, *words).wall / alone)
    yield _figure("one template of copier / copier itself", ratios, "x", 1.2, note="paired, wall clock, not cached")


def cost(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. Raises `RuntimeError` when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**ENVIRONMENT, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    wall = (time.perf_counter() - started) * 1000
    return Cost(wall, (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024)


def _compose(home: Path, templates: Sequence[str], into: Path, *words: str) -> Cost:
    argv = [str(TREADLE), "compose", "--from-templates", ",".join(templates), "--into", str(into), "--defaults"]
    if "--project-name" not in words:
        argv += ["--project-name", "bench"]
    return cost([*argv, "--trust", "none", *words], env={"TREADLE_HOME": str(home)})


def _copier(template: Path, into: Path) -> Cost:
    return cost((sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", str(template), str(into)))


def _cookiecutter(template: Path, into: Path) -> Cost:
    into.mkdir()
    return cost((sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", str(into), str(template)))


def _native(root: Path, count: int) -> list[str]:
    """Templates of ours; their folders."""
    for number in range(count):
        folder = root / f"t{number}"
        _write(folder / "template.yaml", f"template:\n  id: t{number}\n  version: 1.0.0\n")
        for name, text in _files(number, "PROJECT_NAME"):
            _write(folder / "files" / f"{name}.jinja", text)
        _write(folder / "files/.gitignore", f"/built-{number}/\n")
        _write(folder / "files/pyproject.toml", f"[tool.t{number}]\nnumber = {number}\n")
    return [str(root / f"t{number}") for number in range(count)]


def _as_copier(root: Path, count: int) -> Path:
    _write(root / "copier.yml", "name: bench\n")
    for number in range(count):
        for name, text in _files(number, "name"):
            _write(root / f"{name}.jinja", text)
    _write(root / ".gitignore", "".join(f"/built-{number}/\n" for number in range(count)))
    _write(root / "pyproject.toml", "".join(f"[tool.t{number}]\nnumber = {number}\n" for number in range(count)))
    return root


def _as_cookiecutter(root: Path, count: int) -> Path:
    _write(root / "cookiecutter.json", '{"name": "bench"}\n')
    folder = root / "{{ cookiecutter.name }}"
    for number in range(count):
        for name, text in _files(number, "cookiecutter.name"):
            _write(folder / name, text)
    _write(folder / ".gitignore", "".join(f"/built-{number}/\n" for number in range(count)))
    _write(folder / "pyproject.toml", "".join(f"[tool.t{number}]\nnumber = {number}\n" for number in range(count)))
    return root


def _files(number: int, variable: str) -> Iterator[tuple[str, str]]:
    for file in range(FILES):
        text = "".join(f"line {line} of {{{{ {variable} }}}} in file {file}\n" for line in range(30))
        yield f"part{number}/folder{file % 4}/file{file}.txt", text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def _figure(name: str, values: Sequence[float], unit: str, limit: float | None = None, *, note: str = "") -> Figure:
    spread = (min(values), max(values)) if len(values) > 1 else None
    return Figure(name, median(values), unit, limit, False, "", spread, note)
