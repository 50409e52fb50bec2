"""What a project's lock says after a composition: all that the next one has to know, and no secret."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from treadle_hookspecs import Json, JsonObject

from treadle_compose._decisions import OWN, PathRule
from treadle_compose._lock import Lock, files_of, paths_of
from treadle_compose._operations import Plan, Stage
from treadle_compose._present import Present
from treadle_compose._request import Request
from treadle_compose._rows import Row
from treadle_compose._sources import Candidate
from treadle_compose._variables import Contexts


def composed(
    request: Request, candidates: Sequence[Candidate], present: Present, stages: Sequence[Stage], values: Contexts,
    made: Plan, answers: Sequence[PathRule],
) -> Lock:  # fmt: skip
    """The lock.

    Args:
        request: what was asked for.
        candidates: the templates that were rendered.
        present: those that stay as they were.
        stages: what the rendered ones bring.
        values: what they were rendered with.
        made: the plan.
        answers: decisions of plugins and hooks.
    """
    files = {it.template: files_of(it.entries) for it in stages}
    new = {it.id: _template(it, request, values, files[it.id]) for it in candidates}
    there = {str(it["id"]): it for it in present.lock.templates}
    templates = tuple(new.get(id_) or there[id_] for id_ in present.order(list(new)))
    rules = _rules([*request.rules, *present.lock.decisions, *answers], made.rows, present)
    subdirs = {**{id_: it for id_, it in present.lock.subdirs.items() if id_ in present.ids}, **request.subdirs}
    return Lock(request.project_name, templates, paths_of(made), tuple(rules), subdirs)


def _template(it: Candidate, request: Request, values: Contexts, files: dict[str, JsonObject]) -> JsonObject:
    manifest, known = it.manifest, values.values[it.id]
    asked = [question.name for question in manifest.questions if not question.secret]
    chosen = [name for name in manifest.mappings if name in request.variables or f"{it.id}.{name}" in request.variables]
    return {
        "id": it.id,
        "version": it.version,
        "spec": it.spec,
        "asked": it.spec in request.templates,
        "source": it.template.source,
        "commit": it.template.commit,
        "digest": it.template.digest,
        "answers": _open(request, {name: known[name] for name in (*asked, *chosen) if name in known}),
        "provides": _provided(it, request, known),
        "needs": [{"template": one.template, "version": one.version} for one in manifest.dependencies],
        "conflicts": [{**asdict(one), "keys": dict(one.keys)} for one in manifest.conflicts],
        "files": files,
    }


def _provided(it: Candidate, request: Request, known: JsonObject) -> dict[str, Json]:
    """What others may use."""
    hidden = {question.name for question in it.manifest.questions if question.secret}
    found = {one.name: known[one.name] for one in it.manifest.provides if one.name in known and one.name not in hidden}
    return _open(request, found)


def _open(request: Request, values: Mapping[str, Json]) -> dict[str, Json]:
    """Without those that a secret is part of: they are computed anew, from what is asked for again."""
    return {name: value for name, value in values.items() if not any(it in str(value) for it in request.hidden)}


def _rules(rules: Iterable[PathRule], rows: Sequence[Row], present: Present) -> list[PathRule]:
    """The decisions that were of use, the strongest of each place; all earlier ones while a template stays as it is."""
    used = {(row.path, row.key) for row in rows if row.resolved and row.strategy}
    lasting = [
        it for it in rules if it.by != "rule" and it.strategy not in OWN and not it.strategy.startswith("value:")
    ]
    kept = {(it.pattern, it.key): it for it in reversed(lasting)}
    found = [it for it in kept.values() if _is_used(it, used) or (present.ids and it.by == "lock")]
    return sorted(found, key=lambda it: (it.pattern, it.key))


def _is_used(rule: PathRule, used: set[tuple[str, str]]) -> bool:
    name: Any = rule.pattern.removeprefix("variable:")
    return (name, rule.key) in used or any(rule.means(path) for path, _ in used)
