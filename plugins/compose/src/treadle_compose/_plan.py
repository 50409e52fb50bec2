"""The plan: what is to stand where, and every conflict on the way there. Pure: the same input gives the same plan.

Each template is a tree of its own; the project is one more, in front of them. Paths that some system takes for one
(`Readme`, `README`) are one key. What only one template brings is taken as it is; what several bring is decided by
`Decisions`, row by row. Nothing is written here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from treadle_hookspecs import Contribution, MergeConfig, MergeResult

from treadle_compose import _ignored
from treadle_compose._decisions import Choice, Decisions
from treadle_compose._defaults import alias_group, resolver_for
from treadle_compose._operations import PROJECT, Operation, Plan, Stage, Trees, same_thing
from treadle_compose._rows import Row
from treadle_compose._staging import Entry, folded

Merge = Callable[[str, str, Sequence[Contribution], MergeConfig], MergeResult]
"""`merge(resolver, path, contributions, config)`."""


def plan(stages: Sequence[Stage], trees: Trees, decisions: Decisions, merge: Merge, rows: Sequence[Row] = ()) -> Plan:
    """Plan a composition.

    Args:
        stages: the templates' trees in composition order.
        trees: their contents, and the project.
        decisions: who decides what.
        merge: calls a resolver.
        rows: conflicts that were found before (variables, hooks).
    """
    return _Planner(stages, trees, decisions, merge, rows).run()


@dataclass(frozen=True, slots=True)
class _Version:
    """One contributor's entry."""

    template: str
    entry: Entry


class _Planner:
    """Collects operations and rows, path by path in order."""

    def __init__(
        self, stages: Sequence[Stage], trees: Trees, decisions: Decisions, merge: Merge, rows: Sequence[Row]
    ) -> None:
        self._stages = stages
        self._trees = trees
        self._decisions = decisions
        self._merge = merge
        self._rows = list(rows)
        self._notes: list[str] = []
        self._operations: dict[str, Operation] = {}
        self._contents: dict[str, bytes] = {}

    def run(self) -> Plan:
        """See `plan`."""
        groups = self._groups()
        for key in sorted(groups):
            self._path(groups[key])
        self._types()
        self._blocked()
        self._ignored()
        operations = tuple(self._operations[path] for path in sorted(self._operations))
        used = {it.entry.sha256 for it in operations if not it.source}
        contents = {name: content for name, content in self._contents.items() if name in used}
        return Plan(operations, tuple(sorted(self._rows, key=_row_order)), tuple(self._notes), contents)

    # Which versions belong together

    def _groups(self) -> dict[str, list[_Version]]:
        groups: dict[str, list[_Version]] = {}
        for stage in self._stages:
            for entry in stage.entries:
                groups.setdefault(folded(entry.path), []).append(_Version(stage.template, entry))
        return self._without_aliases(groups)

    def _without_aliases(self, groups: dict[str, list[_Version]]) -> dict[str, list[_Version]]:
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

    def _alias(self, groups: dict[str, list[_Version]], keys: list[str]) -> None:
        order = {stage.template: place for place, stage in enumerate(self._stages)}
        versions = sorted((it for key in keys for it in groups[key]), key=lambda it: order[it.template])
        name = versions[0].entry.path
        paths = tuple(dict.fromkeys(it.entry.path for it in versions))
        choice = self._decisions.choice(name, [it.template for it in versions])
        if choice.strategy == "keep" or not _same_suffix(paths):
            self._row("alias", name, versions, Choice("keep", choice.by), f"all stay: {', '.join(paths)}")
            return
        self._row("alias", name, versions, Choice("unite", "default"), f"{', '.join(paths[1:])} became {name}")
        for key in keys:
            del groups[key]
        groups[folded(name)] = [_Version(it.template, replace(it.entry, path=it.entry.path)) for it in versions]

    # One path

    def _path(self, versions: list[_Version]) -> None:
        path = versions[0].entry.path
        spellings = tuple(dict.fromkeys(it.entry.path for it in versions))
        if len(spellings) > 1 and not alias_group(path) and not self._one_spelling(versions, spellings):
            return
        existing = self._trees.project(path)
        if existing is not None and existing.path != path and existing.path not in spellings:
            path = self._existing_spelling(existing, versions)
        known = existing is not None and self._trees.owned(path) == existing.sha256 and existing.kind == "file"
        if existing is not None and existing.kind != "dir" and not known:
            versions = [_Version(PROJECT, existing), *versions]
        self._decide(path, existing, versions)

    def _one_spelling(self, versions: list[_Version], spellings: tuple[str, ...]) -> bool:
        """A checkout on macOS or Windows would lose one of them: True when they are to be one file."""
        asked = next((it for it in self._decisions.rules if any(it.means(path) for path in spellings)), None)
        if asked is not None and asked.strategy in ("first", "last", "merge", "combine", "union-lines"):
            self._row(
                "case", spellings[0], versions, Choice(asked.strategy, asked.by), f"{', '.join(spellings)} are one"
            )
            return True
        hint = f"{', '.join(spellings)} are one file on macOS and Windows"
        self._row("case", spellings[0], versions, Choice("fail", "", "", hint, ("first", "last", "merge")), hint)
        return False

    def _existing_spelling(self, existing: Entry, versions: list[_Version]) -> str:
        hint = f"the project spells it {existing.path}"
        self._row("case", versions[0].entry.path, versions, Choice("project", "default"), hint)
        return existing.path

    def _decide(self, path: str, existing: Entry | None, versions: list[_Version]) -> None:
        if existing is not None and existing.kind == "dir" and versions[0].entry.kind != "dir":
            hint = "a folder stands there in the project"
            self._row("type", path, versions, Choice("fail", "", "", hint, ("skip",)), hint)
            return
        first = versions[0].entry
        if all(same_thing(it.entry, first) for it in versions):
            self._identical(path, existing, versions)
        elif {it.entry.kind for it in versions} != {"file"}:
            self._unlike(path, existing, versions)
        else:
            self._contents_differ(path, existing, versions)

    def _identical(self, path: str, existing: Entry | None, versions: list[_Version]) -> None:
        mode = 0
        for version in versions:
            mode |= version.entry.mode
        chosen = next((it for it in versions if it.template != PROJECT), versions[0])
        if len({it.entry.mode for it in versions}) > 1:
            self._row("mode", path, versions, Choice("or", "default"), f"{mode:04o}: executable if anyone says so")
        self._take(path, existing, chosen, versions, mode=mode)

    def _unlike(self, path: str, existing: Entry | None, versions: list[_Version]) -> None:
        """A file against a link or an empty folder, or two links: nothing can be merged."""
        choice = self._decisions.choice(path, _templates(versions))
        if choice.strategy not in ("first", "last", "skip", "rename") and not choice.strategy.startswith("template:"):
            hint = " against ".join(dict.fromkeys(_told(it.entry) for it in versions))
            choice = Choice("fail", "", "", hint, ("first", "last", "rename"))
        self._general("type", path, existing, versions, choice)

    def _contents_differ(self, path: str, existing: Entry | None, versions: list[_Version]) -> None:
        kind = "user" if versions[0].template == PROJECT else "content"
        choice = self._decisions.choice(path, _templates(versions))
        if choice.resolver or choice.strategy in ("append", "prepend"):
            self._merged(kind, path, existing, versions, choice)
        else:
            self._general(kind, path, existing, versions, choice)

    def _general(self, kind: Any, path: str, existing: Entry | None, versions: list[_Version], choice: Choice) -> None:
        """Strategies that any file has."""
        picked = _picked(choice.strategy, versions)
        if choice.strategy == "rename":
            self._renamed(kind, path, existing, versions, choice)
        elif choice.strategy == "skip":
            self._row(kind, path, versions, choice, choice.hint or "left out")
            self._notes.append(f"{path} was left out: {choice.hint or 'it was to be skipped'}")
        elif picked is None:
            strategies = choice.strategies or ("first", "last", "rename")
            hint = choice.hint or "they differ, and nothing merges files of this kind"
            if choice.strategy.startswith("template:"):
                hint = f"{choice.strategy.removeprefix('template:')} does not contribute to it"
            self._row(kind, path, versions, replace(choice, strategy="fail", strategies=strategies), hint)
        else:
            self._row(kind, path, versions, choice, f"taken from {picked.template}")
            self._take(path, existing, picked, versions, strategy=choice.strategy)

    def _renamed(self, kind: Any, path: str, existing: Entry | None, versions: list[_Version], choice: Choice) -> None:
        first, *others = versions
        names = [_renamed(path, it.template) for it in others]
        self._row(kind, path, versions, choice, f"both stay: {', '.join([path, *names])}")
        self._take(path, existing, first, [first], strategy="rename")
        for name, version in zip(names, others, strict=True):
            standing = self._trees.project(name)
            if standing is not None and not same_thing(standing, version.entry):
                hint = f"{path} of {version.template} would become it"
                self._row("user", name, [_Version(PROJECT, standing), version], Choice("fail", "", "", hint), hint)
            else:
                self._take(name, standing, version, [version], strategy="rename")

    def _merged(self, kind: Any, path: str, existing: Entry | None, versions: list[_Version], choice: Choice) -> None:
        contributions = [self._contribution(it) for it in versions]
        rules, settings = self._decisions.key_rules(path, _templates(versions))
        config = MergeConfig(choice.strategy, rules, settings=settings)
        if choice.resolver:
            result = self._merge(choice.resolver, path, contributions, config)
        else:
            result = _joined(contributions, choice.strategy)
        for key in result.open:
            self._rows.append(_open_row(key, kind, path))
        for chosen in result.chosen:
            self._rows.append(_chosen_row(chosen, kind, path, choice.by))
        self._notes += [f"{path}: {note}" for note in result.notes]
        if result.open or result.content is None:
            if not result.open:
                self._row(kind, path, versions, replace(choice, strategy="fail"), "it could not be merged")
            return
        self._row(kind, path, versions, choice, "merged")
        self._put(path, existing, versions, result.content, choice.strategy)

    # What is to stand there

    def _take(
        self, path: str, existing: Entry | None, version: _Version, versions: Sequence[_Version],
        *, strategy: str = "", mode: int | None = None,
    ) -> None:  # fmt: skip
        entry = replace(version.entry, path=path, mode=version.entry.mode if mode is None else mode)
        owners = tuple(dict.fromkeys(it.template for it in versions))
        self._operations[path] = Operation(
            path, entry, existing, owners, version.template, version.entry.path, strategy
        )

    def _put(
        self, path: str, existing: Entry | None, versions: Sequence[_Version], content: bytes, strategy: str
    ) -> None:
        mode = 0
        for version in versions:
            mode |= version.entry.mode
        name = sha256(content).hexdigest()
        self._contents[name] = content
        owners = tuple(dict.fromkeys(it.template for it in versions))
        entry = Entry(path, "file", mode, name, len(content))
        self._operations[path] = Operation(path, entry, existing, owners, "", "", strategy)

    def _contribution(self, version: _Version) -> Contribution:
        content = self._trees.read(version.template, version.entry.path)
        return Contribution(version.template, content, version.entry.mode, version.entry.kind)

    # What concerns several paths

    def _types(self) -> None:
        """A file where another template has a folder."""
        for path, operation in list(self._operations.items()):
            below = [it for it in self._operations if it.startswith(f"{path}/")]
            if not below:
                continue
            if operation.entry.kind == "dir":
                del self._operations[path]
                continue
            owners = [*operation.templates, *self._operations[below[0]].templates]
            versions = [_Version(it, operation.entry) for it in dict.fromkeys(owners)]
            choice = next((it for it in self._decisions.rules if not it.key and it.pattern == path), None)
            if choice is not None and choice.strategy == "skip":
                del self._operations[path]
                self._row("type", path, versions, Choice("skip", choice.by), "the file was left out")
            else:
                hint = f"a {operation.entry.kind} of {operation.templates[-1]}, a folder of {owners[-1]}"
                self._row("type", path, versions, Choice("fail", "", "", hint, ("skip",)), hint)

    def _blocked(self) -> None:
        """A file or link of the project where templates have a folder."""
        blocked: dict[str, list[str]] = {}
        for path in self._operations:
            parts = path.split("/")
            for depth in range(1, len(parts)):
                above = "/".join(parts[:depth])
                standing = self._trees.project(above)
                if standing is not None and standing.kind != "dir":
                    blocked.setdefault(above, []).append(path)
                    break
        for above, paths in blocked.items():
            owners = [it for path in paths for it in self._operations[path].templates]
            versions = [_Version(it, Entry(above, "dir")) for it in dict.fromkeys((PROJECT, *owners))]
            asked = next((it for it in self._decisions.rules if not it.key and it.pattern == above), None)
            if asked is not None and asked.strategy == "skip":
                for path in paths:
                    del self._operations[path]
                self._row("type", above, versions, Choice("skip", asked.by), f"left out: {', '.join(paths)}")
            else:
                hint = "the project has a file or link there, templates have a folder"
                self._row("type", above, versions, Choice("fail", "", "", hint, ("skip",)), hint)

    def _ignored(self) -> None:
        """Rule G; the ignore file is merged again with what it must not hide."""
        for path, culprit in sorted(self._hidden().items()):
            self._rows.append(
                Row("ignored", path, contributors=self._operations[path].templates, strategy="keep", by="default",
                    hint=f"{culprit} would hide it")
            )  # fmt: skip
        culprits = self._hidden()
        for culprit in sorted(set(culprits.values())):
            self._keep(culprit, tuple(path for path, by in sorted(culprits.items()) if by == culprit))
        still = self._hidden()
        self._rows = [
            replace(row, resolved=False, strategy="", by="", strategies=("skip",))
            if row.kind == "ignored" and row.path in still
            else row
            for row in self._rows
        ]

    def _keep(self, culprit: str, paths: tuple[str, ...]) -> None:
        folder = culprit.rpartition("/")[0]
        local = tuple(path.removeprefix(f"{folder}/") for path in paths)
        resolver = resolver_for(culprit, self._decisions.resolvers, "union-lines")
        content = self._content(culprit)
        skipped = [
            path for path in paths if any(it.means(path) and it.strategy == "skip" for it in self._decisions.rules)
        ]
        for path in skipped:
            self._operations.pop(path)
        if not resolver or content is None:
            return
        owner = self._operations[culprit].templates if culprit in self._operations else (PROJECT,)
        merged = self._merge(
            resolver, culprit, [Contribution(owner[0], content)], MergeConfig("union-lines", keep=local)
        )
        if merged.content is not None and not merged.open:
            existing = self._trees.project(culprit)
            versions = [_Version(it, Entry(culprit, "file")) for it in owner]
            self._put(culprit, existing, versions, merged.content, "union-lines")

    def _hidden(self) -> dict[str, str]:
        owners = {
            path: [it for it in operation.templates if it != PROJECT]
            for path, operation in self._operations.items()
            if operation.entry.kind != "dir"
        }
        owners = {path: ids for path, ids in owners.items() if ids}
        result = self._ignore_files(owners)
        return _ignored.newly_hidden(owners, result, self._own_ignores) if result else {}

    def _ignore_files(self, owners: Mapping[str, Sequence[str]]) -> dict[str, str]:
        folders = {"", *(path.rpartition("/")[0] for path in owners)}
        names = {f"{folder}/{name}" if folder else name for folder in folders for name in _ignored.NAMES}
        texts = {name: self._content(name) for name in sorted(names)}
        return {name: text.decode("utf-8", "replace") for name, text in texts.items() if text is not None}

    def _own_ignores(self, template: str) -> dict[str, str]:
        stage = next(it for it in self._stages if it.template == template)
        return {
            it.path: self._trees.read(template, it.path).decode("utf-8", "replace")
            for it in stage.entries
            if it.path.rpartition("/")[2] in _ignored.NAMES and it.kind == "file"
        }

    def _content(self, path: str) -> bytes | None:
        """What will stand at a path."""
        operation = self._operations.get(path)
        if operation is None:
            standing = self._trees.project(path)
            found = standing is not None and standing.kind == "file" and standing.path == path
            return self._trees.read(PROJECT, path) if found else None
        if operation.entry.kind != "file":
            return None
        if operation.source:
            return self._trees.read(operation.source, operation.origin)
        return self._contents[operation.entry.sha256]

    def _row(self, kind: Any, path: str, versions: Sequence[_Version], choice: Choice, hint: str) -> None:
        resolved = choice.strategy != "fail"
        self._rows.append(
            Row(
                kind,
                path,
                contributors=tuple(dict.fromkeys(it.template for it in versions)),
                strategy=choice.strategy if resolved else "",
                by=choice.by if resolved else "",
                resolved=resolved,
                hint=hint,
                strategies=() if resolved else choice.strategies or ("first", "last", "rename"),
            )
        )


def _picked(strategy: str, versions: Sequence[_Version]) -> _Version | None:
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


def _row_order(row: Row) -> tuple[Any, ...]:
    return row.resolved, row.path, row.key, row.kind, row.contributors


def _templates(versions: Sequence[_Version]) -> list[str]:
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
