"""The contracts of a composition: templates, their contributions to a path, and how these are merged.

A *key* names a place inside a structured file: its parts joined by `.`; a part with other characters than letters,
digits, `_`, `-`, `@` and `/` is written as a JSON string: `dependencies."lodash.merge"`. An entry of a list that has
an identity (a name, an id, a URL) is named by that, without brackets: `repos."https://example.org/a".rev`. "" is the
whole file. In a *pattern* for keys, `*` in a part stands for any characters of that part and a part `**` for any
number of parts.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

from treadle_hookspecs._contributions import ConflictResolver
from treadle_hookspecs._json import Json, JsonObject
from treadle_hookspecs._protocols import TrustLevel
from treadle_hookspecs._results import ProcessResult

PLAIN_PART: Final = re.compile(r"[A-Za-z0-9_@/*-]+")
"""A part of a key that is written without quotes; `*` only in patterns."""

_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+')

FileKind: TypeAlias = Literal["file", "link", "dir"]
"""What stands at a path. A folder is only contributed when it is empty or has a mode of its own."""

SandboxLevel: TypeAlias = Literal["auto", "strict", "limits", "off"]
"""`auto`: the strongest that the system has. `strict`: refuse to run without one that confines files and network.
`limits`: only bounds on time, memory, processes and file size. `off`: a plain child process."""


def join_key(*parts: str) -> str:
    """The key for the way to a place, e.g. `join_key("tool", "ruff.lint")` is `tool."ruff.lint"`."""
    return ".".join(part if _is_plain(part) else json.dumps(part, ensure_ascii=False) for part in parts)


def split_key(key: str) -> tuple[str, ...]:
    """The parts of a key or pattern; the reverse of `join_key`."""
    return tuple(json.loads(part) if part.startswith('"') else part for part in _PART.findall(key))


def key_matches(pattern: str, key: str) -> bool:
    """True when a pattern means a key, or a place above it: `dependencies` means all that is in it."""
    return _matches(split_key(pattern), split_key(key))


def _is_plain(part: str) -> bool:
    return "*" not in part and PLAIN_PART.fullmatch(part) is not None


def _matches(pattern: tuple[str, ...], key: tuple[str, ...]) -> bool:
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(pattern[1:], key[start:]) for start in range(len(key) + 1))
    return bool(key) and fnmatchcase(key[0], pattern[0]) and _matches(pattern[1:], key[1:])


@dataclass(frozen=True, slots=True)
class Contribution:
    """One template's version of one path.

    Attributes:
        template: the template's id; `project` for the user's own file.
        content: of a file; of a link the target in UTF-8; of a folder nothing.
        mode: permission bits.
        kind: what it is.
    """

    template: str
    content: bytes = b""
    mode: int = 0o644
    kind: FileKind = "file"


@dataclass(frozen=True, slots=True)
class KeyRule:
    """A strategy for the keys that a pattern means, and who asked for it (`--resolve`, `lock`, a template's id)."""

    pattern: str
    strategy: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """What a merge is told besides the contributions.

    Attributes:
        strategy: the strategy chosen for the whole file, one of the resolver's `strategies`.
        rules: strategies for keys, the strongest first: `--resolve PATH#KEY=STRATEGY`, then the project's lock, the
            composition's own rules, the templates' `mergeConfig`.
        base: what the file was when project and template last agreed, for `three-way`; else None.
        keep: for ignore files: paths that the result must not ignore (add the lines that say so).
        settings: what only this resolver knows, from `mergeConfig` entries whose value is no strategy.
    """

    strategy: str = "merge"
    rules: tuple[KeyRule, ...] = ()
    base: Contribution | None = None
    keep: tuple[str, ...] = ()
    settings: JsonObject = field(default_factory=dict)

    def rule(self, key: str) -> KeyRule | None:
        """The rule for a key: the first whose pattern means it; None leaves it to the resolver."""
        return next((rule for rule in self.rules if key_matches(rule.pattern, key)), None)


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A place that a merge does not decide.

    Attributes:
        key: "" when the whole file cannot be merged.
        values: what each contributor says there, by template id; never a secret's value.
        hint: why it is open, for a person; one sentence.
        strategies: those that `--resolve PATH#KEY=…` accepts there, the likeliest first: `first`, `last`,
            `template:ID`, `combine`, `union` and what the resolver offers (`higher`, `intersection`, …).
        kind: `content`, or `semantic` when the whole atomic group stands against another.
    """

    key: str
    values: tuple[tuple[str, Json], ...] = ()
    hint: str = ""
    strategies: tuple[str, ...] = ("first", "last")
    kind: Literal["content", "semantic"] = "content"


@dataclass(frozen=True, slots=True)
class ChosenKey:
    """A place where contributors differed and a rule decided: what was done and who asked for it."""

    key: str
    strategy: str
    by: str = ""
    values: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge gives.

    Attributes:
        content: the merged file; None when nothing sensible can be written. With open keys it is the best guess
            (the first contributor's value there), which is shown and never written.
        open: places that somebody has to decide. One open key stops the whole composition.
        chosen: places that a rule or the table decided though contributors differed.
        notes: what a person should know, e.g. a version that was raised; a sentence each.
    """

    content: bytes | None
    open: tuple[OpenKey, ...] = ()
    chosen: tuple[ChosenKey, ...] = ()
    notes: tuple[str, ...] = ()


MergeFunction: TypeAlias = Callable[[str, Sequence[Contribution], MergeConfig], MergeResult]
"""`merge(path, contributions, config)`: pure, and the same input gives the same bytes.

`path` is relative with `/`; `contributions` are two or more files in composition order. Never raises for what a file
says: one that cannot be parsed, or whose merged form does not parse back to the intended data, is an open key "".
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A variable that a template asks for.

    Attributes:
        name: as the template's files use it.
        type: `path-part` is a text that can stand as one name in a path.
        default: None: it must be given. A text may hold expressions over earlier variables.
        help: what it is for, one line.
        choices: the only values allowed; () allows all.
        secret: never shown, stored or logged.
        pattern: a regular expression that the whole text matches; "" allows all.
        multiline: line ends are allowed.
        required: an empty value is refused.
    """

    name: str
    type: Literal["str", "int", "float", "bool", "json", "path-part"] = "str"
    default: Json = None
    help: str = ""
    choices: tuple[Json, ...] = ()
    secret: bool = False
    pattern: str = ""
    multiline: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class TemplateListing:
    """A template that a source knows of. `spec` is what `--from-templates` takes."""

    id: str
    version: str
    spec: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class FetchedTemplate:
    """A template whose files are at hand.

    Attributes:
        id: unique in a composition; lower-case letters, digits, `.`, `_`, `-`.
        version: PEP 440; "0" where the template has none.
        folder: its tree, not to be changed.
        source: the spec that brings exactly this again, for the project's lock.
        digest: SHA-256 over the tree's paths, modes and contents, in hex.
        commit: of a git repository, else "".
        native: it is rendered by the composition (`template.yaml` or `composition.v1.json`); else by `render`.
        manifest: of a foreign template, a `template.yaml` as data: dependencies, provides, conflicts, variables; {}
            when it has none. That of a native one is read from `folder`.
        questions: of a foreign template, as far as they are known before rendering.
        code: it runs code of its own when it is rendered (extensions, hooks), which needs trust.
    """

    id: str
    version: str
    folder: Path
    source: str
    digest: str
    commit: str = ""
    native: bool = True
    manifest: JsonObject = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    code: bool = False


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """What a foreign template is rendered with.

    Attributes:
        template: as `fetch` gave it.
        answers: by variable; those that the template does not know are to be left out.
        into: an empty folder; what stands in it afterwards is the contribution, the tool's answers file included
            (the composition drops it).
        trust: what the template's code may do. `none`: render without its hooks, or raise when that is impossible.
    """

    template: FetchedTemplate
    answers: JsonObject
    into: Path
    trust: TrustLevel = "sandboxed"


@dataclass(frozen=True, slots=True)
class Rendered:
    """How a foreign template was rendered.

    Attributes:
        answers: all that were used, defaults included, without secrets.
        tool: its name and version, e.g. `copier 9.4.1`.
        bookkeeping: paths that are the tool's own (answers files), which are not to reach the project.
        notes: what a person should know.
    """

    answers: JsonObject = field(default_factory=dict)
    tool: str = ""
    bookkeeping: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """What a child process may do.

    Attributes:
        read: folders and files it may read besides the system's programs and libraries.
        write: folders it may write to, and read.
        network: it may open connections.
        env: its whole environment; nothing is inherited but PATH, LANG and TZ where they are not named here.
        level: how much confinement is asked for.
        memory: bytes of address space; 0 sets no bound.
        cpu: seconds of CPU time; 0 sets no bound.
        processes: and threads, more than this user has when it starts; 0 sets no bound. Nothing bounds those of root.
        file_size: bytes of one written file; 0 sets no bound.
    """

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    network: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    level: SandboxLevel = "auto"
    memory: int = 2_000_000_000
    cpu: int = 300
    processes: int = 1024
    file_size: int = 256_000_000


@dataclass(frozen=True, slots=True)
class Sandboxed:
    """A command line that starts another inside a sandbox, and how much it confines: a sentence for the log.

    `confined` is False when only bounds hold; whoever needs more refuses then.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    confined: bool
    description: str


class Sandbox(Protocol):
    """What confines child processes; `Host.sandbox`."""

    def wrap(self, argv: Sequence[str], policy: SandboxPolicy, cwd: Path) -> Sandboxed:
        """The command line to start instead, with exactly `env` as its environment, in `cwd`.

        Raises:
            TreadleError: the level `strict` was asked for and the system has nothing that gives it (exit code 4).
        """


class SourceContext(Protocol):
    """What a template source works with."""

    @property
    def cache(self) -> Path:
        """The source's own folder below the user's cache; several processes may use it at the same time."""

    @property
    def offline(self) -> bool:
        """Only what the cache holds may be used; what is missing is an error that says so (exit code 3)."""

    @property
    def sandbox(self) -> Sandbox:
        """For code of a template."""

    def say(self, message: str) -> None:
        """Tell the person who follows the run."""

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,
    ) -> Awaitable[ProcessResult]:
        """Run a program in a process group of its own; `env` is added to what it inherits."""


class TemplateBackend(Protocol):
    """The class that a `TemplateSource` names; made without arguments."""

    def list(self, cache: Path) -> Iterable[TemplateListing]:
        """The templates that can be named without their source's scheme. Quick, offline; () where none can."""

    async def fetch(self, spec: str, context: SourceContext) -> FetchedTemplate:
        """Bring a template to this machine.

        Args:
            spec: what stands behind `scheme:`, or a listing's `spec` without it.
            context: see `SourceContext`.

        Raises:
            TreadleError: there is no such template (exit code 3), or it is damaged (2).
        """

    async def render(self, request: RenderRequest, context: SourceContext) -> Rendered:
        """Write a foreign template's tree into `request.into`; not called for native ones.

        Raises:
            TreadleError: an answer is refused, or the template fails; names the template's own file where it can.
        """


class CompositionHost(Protocol):
    """What plugins offer to compositions; `Host.composition`."""

    def resolvers(self) -> Sequence[ConflictResolver]:
        """All conflict resolvers, in plugin order."""

    def merge_function(self, resolver: str) -> MergeFunction:
        """The function of a resolver, imported. Raises `TreadleError` when nobody or several provide it."""

    def schemes(self) -> Sequence[str]:
        """The schemes of all template sources, in plugin order."""

    def source(self, scheme: str) -> TemplateBackend:
        """The source of a scheme. Raises `TreadleError` when nobody or several provide it."""

    def before(self, request: "CompositionRequest") -> None:
        """Call `treadle_before_composition` of all plugins. Raises `TreadleError` when one refuses."""

    def on_conflict(self, conflict: "Conflict") -> "Resolution | None":
        """The first answer that a plugin's `treadle_on_conflict` gives."""

    def after(self, result: "CompositionResult") -> None:
        """Call `treadle_after_setup` of all plugins."""


@dataclass(frozen=True, slots=True)
class CompositionRequest:
    """What a composition is about to do: template specs in order, the target folder, the variables given."""

    templates: tuple[str, ...]
    target: Path
    variables: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One row of the conflict table.

    Attributes:
        kind: content, type, case, alias, mode, user, ignored, variable, hook, semantic.
        path: relative to the project; for `variable` and `hook` the name.
        key: inside a structured file, else "".
        contributors: template ids in composition order.
        values: what each says, in the same order; () where bytes are at odds. Never a secret.
        hint: why it is open.
        strategies: those that can decide it.
    """

    kind: str
    path: str
    key: str = ""
    contributors: tuple[str, ...] = ()
    values: tuple[Json, ...] = ()
    hint: str = ""
    strategies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """An answer to a `Conflict`: a strategy by name, or the value itself (strategy `value`)."""

    strategy: str
    value: Json = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CompositionResult:
    """What a composition left: the target folder and the paths it wrote, relative to it."""

    target: Path
    written: tuple[str, ...] = ()
