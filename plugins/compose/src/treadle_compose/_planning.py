"""From rendered trees to a plan that can be applied: questions to plugins and hooks, hooks on the draft, the lock."""

import asyncio
import difflib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, Contribution, Json, JsonObject, MergeConfig, MergeResult, TreadleError

from treadle_compose import _hooks, _staged, _staging
from treadle_compose._bundle import Bundle
from treadle_compose._decisions import Decisions, PathRule
from treadle_compose._lock import Lock, paths_of
from treadle_compose._operations import PROJECT, Operation, Plan, stages_in
from treadle_compose._plan import plan
from treadle_compose._project import FolderTrees
from treadle_compose._request import Request
from treadle_compose._rows import Row, opened
from treadle_compose._staging import Entry
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
        counts: dict[str, int] = {"create": 0, "replace": 0, "keep": 0}
        for operation in self.bundle.plan.operations:
            counts[operation.kind] += 1
        rows = self.bundle.plan.rows
        return {
            "conflicts": [row.to_json() for row in rows[:_SHOWN]],
            "open": len(self.open),
            "counts": dict(counts),
            "operations": [
                {"path": it.path, "operation": it.kind, "templates": list(it.templates), "strategy": it.strategy}
                for it in self.bundle.plan.operations[:_SHOWN]
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
    return Planned(Bundle(made, request.target, work.lock(made), rendered.folders, request.subdirs), rendered.notes)


class _Work:
    """One composition on its way to a plan."""

    def __init__(self, request: Request, rendered: _staged.Rendered, context: ActionContext) -> None:
        self._request = request
        self._rendered = rendered
        self._context = context
        self._old = Lock.read(request.target)
        self._values: Contexts = _staged.namespaces(request, rendered.candidates)
        self._stages = stages_in(_staged.stages(rendered), request.subdirs)
        self._trees = FolderTrees(rendered.folders, request.target, self._old, request.subdirs)
        self._answers: tuple[PathRule, ...] = ()
        rules = {
            it.pattern.removeprefix("hook:"): it.strategy for it in request.rules if it.pattern.startswith("hook:")
        }
        post = _hooks.hooks_of(rendered.candidates, "postSetup") if request.hooks else ()
        self._hooks, self._hook_rows = _hooks.agreed(post, rules)

    def plan(self, answers: Sequence[PathRule]) -> Plan:
        """The pure plan."""
        self._answers = tuple(answers)
        composition = self._context.host.composition
        rules = (*self._asked("--resolve"), *self._old.decisions, *self._asked("rule"), *self._answers)
        decisions = Decisions(
            rules, tuple(composition.resolvers()), {it.id: it.manifest for it in self._rendered.candidates}
        )
        return plan(self._stages, self._trees, decisions, self._merge, (*self._values.rows, *self._hook_rows))

    async def answers(self, rows: Sequence[Row]) -> list[PathRule]:
        """What plugins and `onConflict` hooks say about open rows."""
        found: list[PathRule] = []
        for row in rows:
            answer = self._context.host.composition.on_conflict(row.conflict())
            if answer is not None:
                strategy = f"value:{json.dumps(answer.value)}" if answer.strategy == "value" else answer.strategy
                found.append(PathRule(row.path, strategy, row.key, "plugin"))
        hooks = _hooks.hooks_of(self._rendered.candidates, "onConflict") if self._request.hooks else ()
        left = [row for row in rows if not any((it.pattern, it.key) == (row.path, row.key) for it in found)]
        if hooks and left:
            folder = self._context.scratch / "conflicts"
            folder.mkdir(exist_ok=True)
            place = _hooks.Place(folder, False, self._values.values)
            request = self._request
            said = await _hooks.resolutions(hooks, left, place, self._context, request.trust, request.sandbox)
            found += [PathRule(path, strategy, key, by) for path, key, strategy, by in said]
        return found

    async def with_hooks(self, made: Plan) -> Plan:
        """The plan with what hooks do to the draft."""
        hooks = [it for it in self._hooks if it.hook.staged]
        if not hooks:
            return made
        draft = self._context.scratch / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        bundle = Bundle(made, self._request.target, self._old, self._rendered.folders, self._request.subdirs)
        by_path = {it.path: it for it in made.operations}
        entries = [it.entry for it in made.operations]
        await asyncio.to_thread(_staging.write_tree, entries, lambda entry: bundle.read(by_path[entry.path]), draft)
        place = _hooks.Place(draft, True, self._values.values)
        await _hooks.run_hooks(hooks, place, self._context, self._request.trust, self._request.sandbox)
        after = await asyncio.to_thread(_staging.scan, draft, "hooks")
        return self._changed(made, {it.path: it for it in after}, draft, hooks[0].candidate.id)

    def lock(self, made: Plan) -> Lock:
        """What the project's lock will say."""
        templates: list[JsonObject] = [
            {
                "id": it.id,
                "version": it.version,
                "spec": it.spec,
                "source": it.template.source,
                "commit": it.template.commit,
                "digest": it.template.digest,
                "answers": self._shown(it.id, it.manifest.questions),
            }
            for it in self._rendered.candidates
        ]
        used = {(row.path, row.key): row.strategy for row in made.rows if row.resolved and row.strategy}
        decided = [*self._asked("--resolve"), *self._old.decisions, *self._answers]
        kept = {(it.pattern, it.key): it for it in reversed(decided) if not it.strategy.startswith("value:")}
        rules = [it for it in kept.values() if (it.pattern, it.key) in used or any(it.means(path) for path, _ in used)]
        rules.sort(key=lambda it: (it.pattern, it.key))
        return Lock(self._request.project_name, tuple(templates), paths_of(made.operations), tuple(rules))

    def _asked(self, by: str) -> list[PathRule]:
        return [it for it in self._request.rules if it.by == by]

    def _shown(self, template: str, questions: Any) -> dict[str, Json]:
        values = self._values.values[template]
        return {it.name: values[it.name] for it in questions if not it.secret and it.name in values}

    def _merge(self, resolver: str, path: str, versions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
        function = self._context.host.composition.merge_function(resolver)
        try:
            return function(path, versions, config)
        except Exception as error:
            raise TreadleError(f"the resolver {resolver} failed at {path}: {type(error).__name__}: {error}") from error

    def _changed(self, made: Plan, after: Mapping[str, Entry], draft: Path, template: str) -> Plan:
        operations = {it.path: it for it in made.operations}
        contents, rows = dict(made.contents), list(made.rows)
        for path in operations.keys() - after.keys():
            if operations[path].entry.kind != "dir":
                del operations[path]
        for path, entry in after.items():
            before = operations.get(path)
            if before is not None and (before.entry.sha256, before.entry.mode) == (entry.sha256, entry.mode):
                continue
            existing = before.pre if before is not None else self._trees.project(path)
            if before is None and existing is not None and existing.sha256 != entry.sha256:
                rows += self._against_user(path, template)
                continue
            if entry.kind == "file":
                content = (draft / path).read_bytes()
                contents[sha256(content).hexdigest()] = content
            owners = before.templates if before is not None else (template,)
            operations[path] = Operation(path, entry, existing, owners, strategy="hook")
        return replace(
            made, operations=tuple(operations[path] for path in sorted(operations)), contents=contents, rows=tuple(rows)
        )

    def _against_user(self, path: str, template: str) -> list[Row]:
        """A hook made what the user has already: theirs stays, and says so."""
        hint = "a hook made it; the project's own stays"
        return [Row("user", path, contributors=(PROJECT, template), strategy="first", by="default", hint=hint)]


def _differences(bundle: Bundle, request: Request) -> Iterator[str]:
    for operation in bundle.plan.operations:
        if operation.kind == "keep" or operation.entry.kind != "file":
            continue
        new = bundle.read(operation)
        had = operation.pre is not None and operation.pre.kind == "file"
        old = (request.target / operation.path).read_bytes() if had else b""
        if max(len(old), len(new)) > _DIFFED or b"\0" in old + new:
            yield f"Binary files differ: {operation.path}\n"
            continue
        lines = difflib.unified_diff(
            old.decode("utf-8", "replace").splitlines(keepends=True),
            new.decode("utf-8", "replace").splitlines(keepends=True),
            f"a/{operation.path}" if had else "/dev/null",
            f"b/{operation.path}",
        )
        for line in lines:
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
