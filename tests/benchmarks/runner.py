"""Starts probes: each in a fresh process and a fresh folder on the disk that the checkout lies on."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROBE = Path(__file__).with_name("probe.py")

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Of what is measured. Who installs a program keeps its bytecode; else each start compiles again what it imports."""


class Runner:
    """A scratch folder and the probes that run in it. Use it as a context manager."""

    def __init__(self) -> None:
        """The folder lies in `build/`: a folder in memory would make every sync free."""
        place = Path.cwd() / "build"
        place.mkdir(exist_ok=True)
        self._root = Path(tempfile.mkdtemp(prefix="bench-", dir=place))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    def folder(self) -> Path:
        """A new empty folder."""
        return Path(tempfile.mkdtemp(dir=self._root))

    def probe(self, name: str, **options: object) -> dict[str, Any]:
        """What one probe measured. Raises `RuntimeError` with its last words when it fails."""
        return self.probes(1, name, **options)[0]

    def probes(self, times: int, name: str, **options: object) -> list[dict[str, Any]]:
        """What a probe measured that ran several times in one folder: from the second on its definition is known."""
        folder = self.folder()
        try:
            return [_measured(name, folder, options) for _ in range(times)]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def in_turns(self, plan: Mapping[str, Mapping[str, object]], turns: int, key: str) -> dict[str, list[float]]:
        """One value of each probe a turn: a b c, a b c, …"""
        taken: dict[str, list[float]] = {name: [] for name in plan}
        for _ in range(turns):
            for name, options in plan.items():
                taken[name].append(float(self.probe(name, **options)[key]))
        return taken

    def syncs(self, name: str, small: int, large: int) -> float | None:
        """Calls of fsync and fdatasync that one more step costs; None where strace is missing."""
        if shutil.which("strace") is None:
            return None
        counts = [self._count_syncs(name, steps) for steps in (small, large)]
        return (counts[1] - counts[0]) / (large - small)

    def _count_syncs(self, name: str, steps: int) -> int:
        folder = self.folder()
        report = folder.with_suffix(".strace")
        trace = ["strace", "-f", "-qq", "-c", "-e", "trace=fdatasync,fsync", "-o", str(report)]
        command = _command(name, folder, {"steps": steps, "synchronous": "FULL"})
        subprocess.run([*trace, *command], env=ENVIRONMENT, capture_output=True, check=True)
        rows = re.findall(
            r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*\b(?:fdatasync|fsync)$", report.read_text(), re.MULTILINE
        )
        return sum(int(calls) for calls in rows)


def _measured(name: str, folder: Path, options: Mapping[str, object]) -> dict[str, Any]:
    command = _command(name, folder, options)
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"the probe {name} failed:\n{ended.stdout[-2000:]}{ended.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return result


def _command(name: str, folder: Path, options: Mapping[str, object]) -> list[str]:
    return [sys.executable, str(PROBE), name, str(folder), *(f"{key}={value}" for key, value in options.items())]
