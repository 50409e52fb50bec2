"""Templates composed for a trial, and what came out held against what a composition promises.

Whatever the templates are: what one of them alone brings is untouched; what was merged parses, without a key that comes
twice and without a lost comment; nothing that is shipped becomes ignored; whatever one side lost stands in the table.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Host, TreadleError

from treadle_compose import _outcome, _staging
from treadle_compose._check_files import comments, problem_of
from treadle_compose._staging import Entry

PROMISES: Final = {
    "untouched": "what one template alone brings is there, with its mode, byte for byte",
    "readable": "what was merged parses, without a key that comes twice",
    "comments": "no comment is lost where files were merged",
    "visible": "nothing that is shipped becomes ignored",
    "reported": "whatever one side lost stands in the conflict table",
}
_ROUNDS: Final = 5
_OWN: Final = frozenset({"treadle.lock.json"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept."""

    promise: str
    path: str
    detail: str


@dataclass(slots=True)
class Report:
    """What a trial came to.

    Attributes:
        templates: ids in composition order.
        paths: how many were composed.
        shared: how many several templates bring.
        merged: how many of these were merged.
        decided: conflicts that the trial decided by the first strategy offered, as `--resolve` takes them.
        findings: promises that were not kept.
    """

    templates: list[str]
    paths: int = 0
    shared: int = 0
    merged: int = 0
    decided: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """`treadle/template-check@1`."""
        return {"schema": "treadle/template-check@1", **asdict(self)}


@dataclass(frozen=True, slots=True)
class _Trial:
    """A composed tree beside the trees that it was made of."""

    target: Path
    entries: Mapping[str, Entry]
    stages: Mapping[str, Path]
    brought: Mapping[str, Mapping[str, Entry]]
    rows: Sequence[Mapping[str, Any]]

    def bringing(self, path: str) -> list[str]:
        """The templates that bring a path, in order."""
        return [template for template, entries in self.brought.items() if path in entries]

    def rows_of(self, path: str) -> list[Mapping[str, Any]]:
        """The rows about a path, also those about a folder above it."""
        return [row for row in self.rows if row["path"] == path or path.startswith(f"{row['path']}/")]

    def read(self, path: str, template: str = "") -> bytes:
        """A file's content, as composed or as a template brings it."""
        return ((self.stages[template] if template else self.target) / path).read_bytes()


def check(specs: Sequence[str], host: Host, here: Path, *, trust: str = "", resolve: Sequence[str] = ()) -> Report:
    """Compose for a trial in a temporary folder. Raises `TreadleError` when the templates do not compose at all."""
    with tempfile.TemporaryDirectory(prefix="treadle-check-") as place:
        work = Path(place)
        inputs: dict[str, Any] = {
            "templates": list(specs),
            "target": str(work / "my-project"),
            "project_name": "my-project",
            "here": str(here),
            "trust": trust,
            "stages_out": str(work / "stages"),
        }
        outcome, decided = _composed(host, inputs, list(resolve))
        trial = _trial(work, outcome)
        shared = [path for path in trial.entries if len(trial.bringing(path)) > 1]
        merged = [path for path in shared if _is_merged(trial, path)]
        report = Report(list(trial.stages), len(trial.entries), len(shared), len(merged), decided)
        for look in (_untouched, _readable, _comments, _visible, _reported):
            report.findings += look(trial)
        return report


def _composed(host: Host, inputs: dict[str, Any], decided: list[str]) -> tuple[_outcome.Outcome, list[str]]:
    """Compose; what is open is decided by the first strategy that is offered, as often as it takes."""
    for _ in range(_ROUNDS):
        outcome = _outcome.of(host, host.drive("compose", {**inputs, "resolve": decided}))
        if not outcome.open:
            break
        decided = [*decided, *(f"{_place(row)}={(row['strategies'] or ['first'])[0]}" for row in outcome.open)]
    if outcome.status["status"] == "completed":
        return outcome, decided
    error: Any = outcome.status.get("error") or {}
    raise TreadleError(
        f"the templates do not compose: {outcome.problem.get('message') or error.get('message')}",
        suggestions=tuple(outcome.problem.get("suggestions", ())),
    )


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['path']}#{row['key']}" if row["key"] else str(row["path"])


def _trial(work: Path, outcome: _outcome.Outcome) -> _Trial:
    target, stages = work / "my-project", {}
    for folder in sorted((work / "stages").iterdir()):
        stages[folder.name.partition("-")[2]] = folder
    entries = {one.path: one for one in _staging.scan(target, "the composed project") if one.path not in _OWN}
    brought = {template: {one.path: one for one in _staging.scan(at, template)} for template, at in stages.items()}
    return _Trial(target, entries, stages, brought, outcome.plan.get("conflicts", ()))


def _untouched(trial: _Trial) -> Iterator[Finding]:
    for template, entries in trial.brought.items():
        for path, entry in entries.items():
            alone = trial.bringing(path) == [template] and not trial.rows_of(path)
            if alone and trial.entries.get(path) != entry:
                yield Finding("untouched", path, f"{template} brings it otherwise, and nothing says why")


def _readable(trial: _Trial) -> Iterator[Finding]:
    for path in trial.entries:
        if _is_merged(trial, path) and (problem := problem_of(path, trial.read(path))):
            yield Finding("readable", path, problem)


def _comments(trial: _Trial) -> Iterator[Finding]:
    """Where a key was decided the comments of the side that lost it may go with it."""
    for path in trial.entries:
        if not _is_merged(trial, path) or any(row["key"] for row in trial.rows_of(path)):
            continue
        there = set(comments(path, trial.read(path)))
        for template in trial.bringing(path):
            for lost in sorted(set(comments(path, trial.read(path, template))) - there):
                yield Finding("comments", path, f"{template}: {lost}")


def _visible(trial: _Trial) -> Iterator[Finding]:
    """A path that some template ships and ignores itself, such as `.env`, is ignored on purpose."""
    ignored = _ignored(trial.target, list(trial.entries))
    meant = {path for template, at in trial.stages.items() for path in _ignored(at, list(trial.brought[template]))}
    for path in sorted(ignored - meant):
        if not any(row["kind"] == "ignored" for row in trial.rows_of(path)):
            yield Finding("visible", path, f"{', '.join(trial.bringing(path))} ships it, and git does not see it")


def _reported(trial: _Trial) -> Iterator[Finding]:
    contents = {entry.sha256 for entry in trial.entries.values()}
    for template, entries in trial.brought.items():
        for path, entry in entries.items():
            there = trial.entries.get(path)
            kept = there is not None and there.sha256 == entry.sha256
            moved = entry.kind == "file" and entry.sha256 in contents
            if not kept and not moved and not trial.rows_of(path):
                yield Finding("reported", path, f"what {template} says is gone, and the table does not say so")


def _is_merged(trial: _Trial, path: str) -> bool:
    """Several files with different words became one that is none of them, or that holds the others."""
    bringing = [trial.brought[template][path] for template in trial.bringing(path)]
    different = len({entry.sha256 for entry in bringing}) > 1 and all(entry.kind == "file" for entry in bringing)
    united = {"merge", "combine", "union-lines", "union", "sections", "three-way", "append", "prepend"}
    return different and any(row["strategy"] in united for row in trial.rows_of(path) if not row["key"])


def _ignored(folder: Path, paths: Sequence[str]) -> set[str]:
    """Which paths git would ignore in a folder."""
    with tempfile.TemporaryDirectory(prefix="treadle-check-git-") as place:
        copied = Path(place) / "tree"
        shutil.copytree(folder, copied, symlinks=True, ignore=shutil.ignore_patterns(".treadle"))
        subprocess.run(["git", "init", "--quiet", str(copied)], check=True, capture_output=True)
        argv = ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "-z", "--stdin"]
        asked = "\0".join(paths).encode()
        done = subprocess.run(argv, cwd=copied, input=asked, capture_output=True, check=False)
        return {path for path in done.stdout.decode("utf-8", "surrogateescape").split("\0") if path}
