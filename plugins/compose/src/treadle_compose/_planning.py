"""From rendered trees to a plan that can be applied: questions to plugins and hooks, hooks on the draft, the lock."""

import asyncio
import difflib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, Contribution, Json, MergeConfig, MergeResult, TreadleError

from treadle_compose import _audit, _hooks, _staged, _staging
from treadle_compose._bundle import Bundle
from treadle_compose._composed import composed
from treadle_compose._contents import Contents
from treadle_compose._decisions import Decisions, PathRule
from treadle_compose._draft import UNHOOKED, Hooked, Ways
from treadle_compose._lock import Lock
from treadle_compose._operations import PROJECT, Operation, Plan, Stage, stages_in
from treadle_compose._plan import plan
from treadle_compose._present import Present
from treadle_compose._project import FolderTrees
from treadle_compose._request import Request
from treadle_compose._rows import Row, opened
from treadle_compose._sources import Library
from treadle_compose._staging import Entry
from treadle_compose._texts import unite
from treadle_compose._variables import Contexts

_DIFFED: Final = 1_000_000
"""Bytes above which a file's difference is not shown."""
_SHOWN: Final = 2_000
"""Rows that travel through the log; the rest is in `plan.json`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, ready or with open conflicts."""

    bundle: Bundle
    notes: tuple[str, ...]

    @property
    def open(self) -> tuple[Row, ...]:
        """Conflicts that nobody has decided."""
        return opened(self.bundle.plan.rows)

    def told(self) -> dict[str, Json]:
        """What the step publishes."""
        counts: dict[str, int] = {"create": 0, "replace": 0, "keep": 0, "delete": len(self.bundle.plan.removals)}
        for operation in self.bundle.plan.operations:
            counts[operation.kind] += 1
        rows = self.bundle.plan.rows
        return {
            "conflicts": [row.to_json() for row in rows[:_SHOWN]],
            "open": len(self.open),
            "counts": dict(counts),
            "operations": [
                *(
                    {"path": it.path, "operation": it.kind, "templates": list(it.templates), "strategy": it.strategy}
                    for it in self.bundle.plan.operations[:_SHOWN]
                ),
                *(
                    {"path": it.path, "operation": "delete", "templates": [], "strategy": ""}
                    for it in self.bundle.plan.removals[:_SHOWN]
                ),
            ],
            "notes": [*self.notes, *self.bundle.plan.notes],
        }

    def diff(self, request: Request) -> str:
        """Unified differences of what would change."""
        return "".join(_differences(self.bundle, request))


async def planned(request: Request, rendered: _staged.Rendered, context: ActionContext) -> Planned:
    """Plan; ask plugins and hooks about what is open; let hooks work on the draft; plan what they did.

    Raises:
        TreadleError: a hook fails, or a tree holds what no project may.
    """
    work = _Work(request, rendered, context)
    made = await asyncio.to_thread(work.plan, ())
    if opened(made.rows) and (answers := await work.answers(opened(made.rows))):
        made = await asyncio.to_thread(work.plan, answers)
    if not opened(made.rows):
        made = await work.with_hooks(made)
    if not opened(made.rows):
        await asyncio.to_thread(work.keep, made)
    return Planned(Bundle(made, request.target, work.lock(made), rendered.folders, request.subdirs), rendered.notes)


class _Work:
    """One composition on its way to a plan."""

    def __init__(self, request: Request, rendered: _staged.Rendered, context: ActionContext) -> None:
        self._request = request
        self._rendered = rendered
        self._context = context
        self._present = Present.of(request, [it.id for it in rendered.candidates])
        self._values: Contexts = _staged.namespaces(request, rendered.candidates)
        self._new = stages_in(_staged.stages(rendered), request.subdirs)
        self._stages = _in_order(self._new, self._present)
        self._contents = Contents(Library.of(context, offline=True).cache / "contents", request.target)
        self._trees = FolderTrees(
            rendered.folders,
            request.target,
            self._contents,
            self._present.lock,
            request.subdirs,
            {it.template: it.entries for it in self._present.stages()},
        )
        self._answers: tuple[PathRule, ...] = ()
        rules = {
            it.pattern.removeprefix("hook:"): it.strategy for it in request.rules if it.pattern.startswith("hook:")
        }
        post = _hooks.hooks_of(rendered.candidates, "postSetup") if request.hooks else ()
        self._hooks, self._hook_rows = _hooks.agreed(post, rules)

    def plan(self, answers: Sequence[PathRule], *, hooked: Hooked = UNHOOKED, draft: bool = False) -> Plan:
        """The pure plan."""
        self._answers = tuple(answers)
        composition = self._context.host.composition
        rules = (*self._asked("--resolve"), *self._present.lock.decisions, *self._asked("rule"), *self._answers)
        # A place that was given to a hook is what the hook has made of it.
        said = {(it.pattern, it.key) for it in self._answers}
        rules = tuple(it for it in rules if not (it.strategy.startswith("hook:") and (it.pattern, it.key) in said))
        manifests = {it.id: it.manifest for it in self._rendered.candidates} | self._present.manifests()
        made = plan(
            self._stages,
            self._trees,
            Decisions.of(rules, composition.resolvers(), manifests),
            Ways(self._merge, unite),
            (*self._values.rows, *self._hook_rows),
            hooked=hooked,
            draft=draft,
        )
        return made if draft else self._from_stage(made)

    async def answers(self, rows: Sequence[Row]) -> list[PathRule]:
        """What plugins and `onConflict` hooks say about open rows."""
        found: list[PathRule] = []
        asked, rows = _for_hooks(rows)
        for row in rows:
            answer = self._context.host.composition.on_conflict(row.conflict())
            if answer is not None:
                strategy = f"value:{json.dumps(answer.value)}" if answer.strategy == "value" else answer.strategy
                found.append(PathRule(row.path, strategy, row.key, "plugin"))
        hooks = _hooks.hooks_of(self._rendered.candidates, "onConflict") if self._request.hooks else ()
        left = [row for row in rows if not any((it.pattern, it.key) == (row.path, row.key) for it in found)]
        if hooks and (left or asked):
            folder = self._context.scratch / "conflicts"
            folder.mkdir(exist_ok=True)
            place = _hooks.Place(folder, False, self._values.values, self._request.hidden)
            request = self._request
            said = await _hooks.resolutions(
                hooks, [*asked, *left], place, self._context, request.trust, request.sandbox
            )
            found += [PathRule(path, strategy, key, by) for path, key, strategy, by in said]
        return found

    async def with_hooks(self, made: Plan) -> Plan:
        """The plan with what hooks do to the draft."""
        hooks = [it for it in self._hooks if it.hook.staged]
        if not hooks:
            return made
        draft = self._context.scratch / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        # Hooks see what the templates say now: what the user has made of it comes in afterwards.
        told = await asyncio.to_thread(self.plan, self._answers, draft=True)
        operations = {it.path: it for it in told.operations}
        entries = [it.entry for it in told.operations]
        await asyncio.to_thread(
            _staging.write_tree, entries, lambda entry: self._drafted(operations[entry.path], told), draft
        )
        place = _hooks.Place(draft, True, self._values.values, self._request.hidden)
        try:
            await _hooks.run_hooks(hooks, place, self._context, self._request.trust, self._request.sandbox)
        finally:
            await asyncio.to_thread(_audit.ran, self._context, self._request.target, "draft", place.ran)
        after = await asyncio.to_thread(_staging.scan, draft, "hooks")
        changed = await asyncio.to_thread(_hooked, told.operations, draft, after, hooks[0].candidate.id)
        return await asyncio.to_thread(self.plan, self._answers, hooked=changed)

    def _drafted(self, operation: Operation, told: Plan) -> bytes:
        """A file as hooks see it: what stays as it was is as the project has it."""
        content = told.contents.get(operation.entry.sha256)
        if content is not None:
            return content
        if operation.source:
            return self._trees.read(operation.source, operation.origin)
        standing = operation.pre is not None and operation.pre.kind == "file"
        return self._trees.read(PROJECT, operation.path) if standing else b""

    def lock(self, made: Plan) -> Lock:
        """What the project's lock will say."""
        candidates = self._rendered.candidates
        return composed(self._request, candidates, self._present, self._new, self._values, made, self._answers)

    def keep(self, made: Plan) -> None:
        """Keep what the templates brought, for the next composition."""
        read = self._trees.read
        offers: list[tuple[str, Callable[[], bytes]]] = [
            (entry.sha256, partial(read, stage.template, entry.path))
            for stage in self._new
            for entry in stage.entries
            if entry.kind == "file"
        ]
        offers += [(name, partial(bytes, content)) for name, content in made.bases.items()]
        self._contents.put(offers, [it.encode() for it in self._request.hidden])

    def _asked(self, by: str) -> list[PathRule]:
        return [it for it in self._request.rules if it.by == by]

    def _merge(self, resolver: str, path: str, versions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
        function = self._context.host.composition.merge_function(resolver)
        try:
            return function(path, versions, config)
        except Exception as error:
            raise TreadleError(f"the resolver {resolver} failed at {path}: {type(error).__name__}: {error}") from error

    def _from_stage(self, made: Plan) -> Plan:
        """The plan with the contents of what stays as it was: no rendered tree holds them."""
        kept = self._trees.kept()
        contents, operations = dict(made.contents), []
        for it in made.operations:
            if it.source in kept and it.kind != "keep":
                contents[it.entry.sha256] = self._trees.read(it.source, it.origin)
                it = replace(it, source="", origin="")
            operations.append(it)
        return replace(made, operations=tuple(operations), contents=contents)


def _hooked(operations: Sequence[Operation], draft: Path, after: Sequence[Entry], template: str) -> Hooked:
    """What hooks changed in a draft."""
    before = {it.path: it.entry for it in operations if it.entry.kind != "dir"}
    there = {it.path: it for it in after}
    changed: dict[str, Entry | None] = dict.fromkeys(before.keys() - there.keys())
    contents = {}
    for path, entry in there.items():
        known = before.get(path)
        if known is not None and (known.sha256, known.mode) == (entry.sha256, entry.mode):
            continue
        if entry.kind != "dir":
            changed[path] = entry
        if entry.kind == "file":
            contents[entry.sha256] = (draft / path).read_bytes()
    return Hooked({path: changed[path] for path in sorted(changed)}, contents, template)


def _for_hooks(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows that somebody gave to a hook by name, and the others."""
    asked = [row for row in rows if row.strategies[:1] and row.strategies[0].startswith("hook:")]
    return asked, [row for row in rows if row not in asked]


def _in_order(new: Sequence[Stage], present: Present) -> tuple[Stage, ...]:
    every = {it.template: it for it in (*new, *present.stages())}
    return tuple(every[id_] for id_ in present.order([it.template for it in new]))


def _differences(bundle: Bundle, request: Request) -> Iterator[str]:
    for operation in bundle.plan.operations:
        if operation.kind != "keep" and operation.entry.kind == "file":
            had = operation.pre is not None and operation.pre.kind == "file"
            old = (request.target / operation.path).read_bytes() if had else None
            yield from _difference(operation.path, old, bundle.read(operation))
    for entry in bundle.plan.removals:
        if entry.kind == "file":
            yield from _difference(entry.path, (request.target / entry.path).read_bytes(), None)


def _difference(path: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    texts = (old or b"", new or b"")
    if max(map(len, texts)) > _DIFFED or any(b"\0" in text for text in texts):
        yield f"Binary files differ: {path}\n"
        return
    before, after = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in texts)
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
    for line in difflib.unified_diff(before, after, *names):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
