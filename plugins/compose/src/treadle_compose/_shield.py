"""Rule G in a plan: what the result would ignore is shown again, by lines at the end of the ignore file."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from treadle_hookspecs import Contribution, MergeConfig, TreadleError

from treadle_compose import _ignored
from treadle_compose._defaults import resolver_for
from treadle_compose._draft import Draft, Version
from treadle_compose._operations import PROJECT
from treadle_compose._rows import Row
from treadle_compose._staging import Entry


def shield(draft: Draft) -> None:
    """Rule G; the ignore file is merged again with what it must not hide."""
    for path, culprit in sorted(_hidden(draft).items()):
        draft.rows.append(
            Row("ignored", path, contributors=draft.operations[path].templates, strategy="keep", by="default",
                hint=f"{culprit} would hide it")
        )  # fmt: skip
    culprits = _hidden(draft)
    for culprit in sorted(set(culprits.values())):
        _keep(draft, culprit, tuple(path for path, by in sorted(culprits.items()) if by == culprit))
    still = _hidden(draft)
    draft.rows = [
        replace(row, resolved=False, strategy="", by="", strategies=("skip",))
        if row.kind == "ignored" and row.path in still
        else row
        for row in draft.rows
    ]


def _keep(draft: Draft, culprit: str, paths: tuple[str, ...]) -> None:
    folder = culprit.rpartition("/")[0]
    local = tuple(path.removeprefix(f"{folder}/") for path in paths)
    resolver = resolver_for(culprit, draft.decisions.resolvers, "union-lines")
    content = draft.content(culprit)
    skipped = [path for path in paths if any(it.means(path) and it.strategy == "skip" for it in draft.decisions.rules)]
    for path in skipped:
        draft.operations.pop(path)
    if not resolver or content is None:
        return
    owner = draft.operations[culprit].templates if culprit in draft.operations else (PROJECT,)
    merged = draft.ways.merge(
        resolver, culprit, [Contribution(owner[0], content)], MergeConfig("union-lines", keep=local)
    )
    if merged.content is not None and not merged.open and merged.content != content:
        before = draft.operations.get(culprit)
        existing = draft.trees.project(culprit)
        versions = [Version(it, Entry(culprit, "file")) for it in owner]
        draft.put(culprit, existing, versions, merged.content, "union-lines")
        if before is not None:
            # What the templates say is what the next composition is held against; the cure is made anew.
            draft.remember(before)
            draft.operations[culprit] = replace(
                draft.operations[culprit], base=before.said, known=before.known, templates=before.templates
            )


def _hidden(draft: Draft) -> dict[str, str]:
    owners = {
        path: [it for it in operation.templates if it != PROJECT]
        for path, operation in draft.operations.items()
        if operation.entry.kind != "dir"
    }
    owners = {path: ids for path, ids in owners.items() if ids}
    result = _ignore_files(draft, owners)
    return _ignored.newly_hidden(owners, result, partial(_own_ignores, draft)) if result else {}


def _ignore_files(draft: Draft, owners: Mapping[str, Sequence[str]]) -> dict[str, str]:
    folders = {"", *(path.rpartition("/")[0] for path in owners)}
    names = {f"{folder}/{name}" if folder else name for folder in folders for name in _ignored.NAMES}
    texts = {name: draft.content(name) for name in sorted(names)}
    return {name: text.decode("utf-8", "replace") for name, text in texts.items() if text is not None}


def _own_ignores(draft: Draft, template: str) -> dict[str, str]:
    """None of a template that is not composed anew and whose text is not kept: then its files are shown again."""
    stage = next((it for it in draft.stages if it.template == template), None)
    found = {}
    for entry in stage.entries if stage is not None else ():
        if entry.path.rpartition("/")[2] in _ignored.NAMES and entry.kind == "file":
            with suppress(TreadleError):
                found[entry.path] = draft.trees.read(template, entry.path).decode("utf-8", "replace")
    return found
