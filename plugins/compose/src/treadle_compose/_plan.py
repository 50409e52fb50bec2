"""The plan: what is to stand where, and every conflict on the way there. Pure: the same input gives the same plan.

Each template is a tree of its own; the project is one more, in front of them. Paths that some system takes for one
(`Readme`, `README`) are one key. What only one template brings is taken as it is; what several bring is decided by
`Decisions`, row by row. Where an earlier composition has written, the templates are composed by themselves, and what
comes out is held against what they said then and what stands there now (`_three_way`). Nothing is written here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from treadle_hookspecs import Contribution, MergeConfig, MergeResult

from treadle_compose._again import drop, overlay, settle
from treadle_compose._clashes import blocked, types
from treadle_compose._decisions import Choice, Decisions
from treadle_compose._defaults import alias_group
from treadle_compose._draft import UNHOOKED, Draft, Hooked, Version, Ways
from treadle_compose._operations import PROJECT, Base, Operation, Plan, Stage, Trees, same_thing
from treadle_compose._rows import Row
from treadle_compose._shield import shield
from treadle_compose._staging import Entry, folded


def plan(
    stages: Sequence[Stage],
    trees: Trees,
    decisions: Decisions,
    ways: Ways,
    rows: Sequence[Row] = (),
    *,
    hooked: Hooked = UNHOOKED,
    draft: bool = False,
) -> Plan:
    """Plan a composition.

    Args:
        stages: the templates' trees in composition order.
        trees: their contents, and the project.
        decisions: who decides what.
        ways: how files are united.
        rows: conflicts that were found before (variables, hooks).
        hooked: what hooks made of the draft.
        draft: what the templates say now, for hooks to work on; not yet held against what stands there.
    """
    made = Draft(stages, trees, decisions, ways, list(rows))
    _Planner(made).run()
    overlay(made, hooked)
    if not draft:
        settle(made)
        drop(made)
    types(made)
    blocked(made)
    shield(made)
    return made.plan()


class _Planner:
    """Collects operations and rows, path by path in order."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def run(self) -> None:
        """What the templates say, path by path."""
        groups = self._groups()
        for key in sorted(groups):
            self._path(groups[key])

    # Which versions belong together

    def _groups(self) -> dict[str, list[Version]]:
        groups: dict[str, list[Version]] = {}
        for stage in self._draft.stages:
            for entry in stage.entries:
                groups.setdefault(folded(entry.path), []).append(Version(stage.template, entry))
        return self._without_aliases(groups)

    def _without_aliases(self, groups: dict[str, list[Version]]) -> dict[str, list[Version]]:
        """Names of which a tool reads only one (`compose.yaml`, `docker-compose.yml`) become the first one."""
        meant: dict[str, list[str]] = {}
        for key, versions in groups.items():
            group = alias_group(versions[0].entry.path)
            if group:
                meant.setdefault(group, []).append(key)
        for keys in meant.values():
            if len(keys) > 1:
                self._alias(groups, keys)
        return groups

    def _alias(self, groups: dict[str, list[Version]], keys: list[str]) -> None:
        order = {stage.template: place for place, stage in enumerate(self._draft.stages)}
        versions = sorted((it for key in keys for it in groups[key]), key=lambda it: order[it.template])
        name = versions[0].entry.path
        paths = tuple(dict.fromkeys(it.entry.path for it in versions))
        choice = self._draft.decisions.choice(name, [it.template for it in versions])
        if choice.strategy == "keep" or not _same_suffix(paths):
            self._draft.row("alias", name, versions, Choice("keep", choice.by), f"all stay: {', '.join(paths)}")
            return
        self._draft.row("alias", name, versions, Choice("unite", "default"), f"{', '.join(paths[1:])} became {name}")
        for key in keys:
            del groups[key]
        groups[folded(name)] = [Version(it.template, replace(it.entry, path=it.entry.path)) for it in versions]

    # One path

    def _path(self, versions: list[Version]) -> None:
        path = versions[0].entry.path
        spellings = tuple(dict.fromkeys(it.entry.path for it in versions))
        if len(spellings) > 1 and not alias_group(path) and not self._one_spelling(versions, spellings):
            return
        existing = self._draft.trees.project(path)
        if existing is not None and existing.path != path:
            path = existing.path if existing.path in spellings else self._existing_spelling(existing, versions)
        base = self._draft.trees.base(path)
        if base is not None and self._as_before(versions, base):
            self._draft.operations[path] = Operation(path, base.entry, existing, base.templates)
        elif existing is not None and existing.kind != "dir" and base is None:
            self.decide(path, existing, [Version(PROJECT, existing), *versions])
            self._note_base(path, versions)
        else:
            self.decide(path, existing, versions)

    def _as_before(self, versions: Sequence[Version], base: Base) -> bool:
        """Only templates that are not composed anew contribute: it is what it was, hooks included."""
        return {it.template for it in versions} == set(base.templates) and set(base.templates) <= set(
            self._draft.trees.kept()
        )

    def _note_base(self, path: str, versions: Sequence[Version]) -> None:
        """What the templates alone would say where the user had something before: the next composition needs it."""
        operation = self._draft.operations.get(path)
        if operation is None or operation.templates == (PROJECT,):
            return
        here = self._draft
        alone = Draft(here.stages, here.trees, here.decisions, here.ways)
        _Planner(alone).decide(path, None, list(versions))
        said = alone.operations.get(path)
        here.bases |= alone.contents
        here.operations[path] = replace(operation, base=said.entry if said else None, known=said is not None)

    def _one_spelling(self, versions: list[Version], spellings: tuple[str, ...]) -> bool:
        """A checkout on macOS or Windows would lose one of them: True when they are to be one file."""
        asked = next((it for it in self._draft.decisions.rules if any(it.means(path) for path in spellings)), None)
        if asked is not None and asked.strategy in ("first", "last", "merge", "combine", "union-lines"):
            self._draft.row(
                "case", spellings[0], versions, Choice(asked.strategy, asked.by), f"{', '.join(spellings)} are one"
            )
            return True
        hint = f"{', '.join(spellings)} are one file on macOS and Windows"
        self._draft.row("case", spellings[0], versions, Choice("fail", "", "", hint, ("first", "last", "merge")), hint)
        return False

    def _existing_spelling(self, existing: Entry, versions: list[Version]) -> str:
        hint = f"the project spells it {existing.path}"
        self._draft.row("case", versions[0].entry.path, versions, Choice("project", "default"), hint)
        return existing.path

    def decide(self, path: str, existing: Entry | None, versions: list[Version]) -> None:
        """What stands at one path."""
        if existing is not None and existing.kind == "dir" and versions[0].entry.kind != "dir":
            hint = "a folder stands there in the project"
            self._draft.row("type", path, versions, Choice("fail", "", "", hint, ("skip",)), hint)
            return
        first = versions[0].entry
        if all(same_thing(it.entry, first) for it in versions):
            self._identical(path, existing, versions)
        elif {it.entry.kind for it in versions} != {"file"}:
            self._unlike(path, existing, versions)
        else:
            self._contents_differ(path, existing, versions)

    def _identical(self, path: str, existing: Entry | None, versions: list[Version]) -> None:
        mode = 0
        for version in versions:
            mode |= version.entry.mode
        chosen = next((it for it in versions if it.template != PROJECT), versions[0])
        if len({it.entry.mode for it in versions}) > 1:
            self._draft.row(
                "mode", path, versions, Choice("or", "default"), f"{mode:04o}: executable if anyone says so"
            )
        self._draft.take(path, existing, chosen, versions, mode=mode)

    def _unlike(self, path: str, existing: Entry | None, versions: list[Version]) -> None:
        """A file against a link or an empty folder, or two links: nothing can be merged."""
        choice = self._draft.decisions.choice(path, _templates(versions))
        if choice.strategy not in ("first", "last", "skip", "rename") and not choice.strategy.startswith("template:"):
            hint = " against ".join(dict.fromkeys(_told(it.entry) for it in versions))
            choice = Choice("fail", "", "", hint, ("first", "last", "rename"))
        self._general("type", path, existing, versions, choice)

    def _contents_differ(self, path: str, existing: Entry | None, versions: list[Version]) -> None:
        kind = "user" if versions[0].template == PROJECT else "content"
        choice = self._draft.decisions.choice(path, _templates(versions))
        if choice.resolver or choice.strategy in ("append", "prepend"):
            self._merged(kind, path, existing, versions, choice)
        else:
            self._general(kind, path, existing, versions, choice)

    def _general(self, kind: Any, path: str, existing: Entry | None, versions: list[Version], choice: Choice) -> None:
        """Strategies that any file has."""
        picked = _picked(choice.strategy, versions)
        if choice.strategy == "rename":
            self._renamed(kind, path, existing, versions, choice)
        elif choice.strategy == "skip":
            self._draft.row(kind, path, versions, choice, choice.hint or "left out")
            self._draft.notes.append(f"{path} was left out: {choice.hint or 'it was to be skipped'}")
        elif picked is None:
            strategies = choice.strategies or ("first", "last", "rename")
            hint = choice.hint or "they differ, and nothing merges files of this kind"
            if choice.strategy.startswith("template:"):
                hint = f"{choice.strategy.removeprefix('template:')} does not contribute to it"
            self._draft.row(kind, path, versions, replace(choice, strategy="fail", strategies=strategies), hint)
        else:
            self._draft.row(kind, path, versions, choice, f"taken from {picked.template}")
            self._draft.take(path, existing, picked, versions, strategy=choice.strategy)

    def _renamed(self, kind: Any, path: str, existing: Entry | None, versions: list[Version], choice: Choice) -> None:
        first, *others = versions
        names = [_renamed(path, it.template) for it in others]
        self._draft.row(kind, path, versions, choice, f"both stay: {', '.join([path, *names])}")
        self._draft.take(path, existing, first, [first], strategy="rename")
        for name, version in zip(names, others, strict=True):
            standing = self._draft.trees.project(name)
            strange = standing is not None and self._draft.trees.base(name) is None
            if standing is not None and strange and not same_thing(standing, version.entry):
                hint = f"{path} of {version.template} would become it"
                self._draft.row("user", name, [Version(PROJECT, standing), version], Choice("fail", "", "", hint), hint)
            else:
                self._draft.take(name, standing, version, [version], strategy="rename")

    def _merged(self, kind: Any, path: str, existing: Entry | None, versions: list[Version], choice: Choice) -> None:
        contributions = [self._contribution(it) for it in versions]
        rules, settings = self._draft.decisions.key_rules(path, _templates(versions))
        config = MergeConfig(choice.strategy, rules, settings=settings)
        if choice.resolver:
            result = self._draft.ways.merge(choice.resolver, path, contributions, config)
        else:
            result = _joined(contributions, choice.strategy)
        for key in result.open:
            self._draft.rows.append(_open_row(key, kind, path))
        for chosen in result.chosen:
            self._draft.rows.append(_chosen_row(chosen, kind, path, choice.by))
        self._draft.notes += [f"{path}: {note}" for note in result.notes]
        if result.open or result.content is None:
            if not result.open:
                self._draft.row(kind, path, versions, replace(choice, strategy="fail"), "it could not be merged")
            return
        self._draft.row(kind, path, versions, choice, "merged")
        self._draft.put(path, existing, versions, result.content, choice.strategy)

    # What is to stand there

    def _contribution(self, version: Version) -> Contribution:
        content = self._draft.trees.read(version.template, version.entry.path)
        return Contribution(version.template, content, version.entry.mode, version.entry.kind)


def _picked(strategy: str, versions: Sequence[Version]) -> Version | None:
    if strategy == "first":
        return versions[0]
    if strategy == "last":
        return versions[-1]
    if strategy.startswith("template:"):
        return next((it for it in versions if it.template == strategy.removeprefix("template:")), None)
    return None


def _joined(contributions: Sequence[Contribution], strategy: str) -> MergeResult:
    """`append` and `prepend`: whole texts one after the other."""
    pieces = [it.content for it in (contributions if strategy == "append" else reversed(contributions))]
    ended = [piece if piece.endswith(b"\n") or not piece else piece + b"\n" for piece in pieces]
    return MergeResult(b"".join(ended))


def _open_row(key: Any, kind: Any, path: str) -> Row:
    contributors = tuple(owner for owner, _ in key.values)
    values = tuple(value for _, value in key.values)
    row_kind: Any = "semantic" if key.kind == "semantic" else kind
    return Row(row_kind, path, key.key, contributors, values, "", "", False, key.hint, key.strategies)


def _chosen_row(chosen: Any, kind: Any, path: str, by: str) -> Row:
    contributors = tuple(owner for owner, _ in chosen.values)
    values = tuple(value for _, value in chosen.values)
    return Row(kind, path, chosen.key, contributors, values, chosen.strategy, chosen.by or by, True)


def _templates(versions: Sequence[Version]) -> list[str]:
    return [it.template for it in versions if it.template != PROJECT]


def _same_suffix(paths: Sequence[str]) -> bool:
    """Only names of one format can be united."""
    families = {".yml": ".yaml", ".jsonc": ".json", ".json5": ".json"}
    suffixes = {"." + path.rpartition(".")[2] if "." in path.lstrip(".") else "" for path in paths}
    return len({families.get(suffix, suffix) for suffix in suffixes}) == 1


def _told(entry: Entry) -> str:
    return f"a link to {entry.target}" if entry.kind == "link" else "a folder" if entry.kind == "dir" else "a file"


def _renamed(path: str, template: str) -> str:
    """`ci.yml` of `web` becomes `ci.web.yml`, `Dockerfile` becomes `Dockerfile.web`."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    return f"{folder}{slash}{stem}.{template}.{suffix}" if dot and stem else f"{folder}{slash}{name}.{template}"
