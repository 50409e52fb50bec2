"""A template's manifest as the composition uses it: read strictly, with the place of every problem."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from treadle_hookspecs import ExitCode, Json, Question, TreadleError

NAMES: Final = ("template.yaml", "template.yml", "composition.v1.json", "composition.json")
"""What a manifest is called; the first that is there counts."""
HOOK_NAMES: Final = ("hooks.v1.json", "hooks.yaml", "hooks.json")
VERSION: Final = 1
"""Of the form in which checked manifests are cached."""
_LIMIT: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another template that is needed; see `_model.Dependency`."""

    template: str
    version: str = ""
    purpose: str = ""
    source: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Provide:
    """A variable, service or file that is offered to others."""

    name: str
    type: str = "variable"
    value: Json = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ConflictRule:
    """A strategy for paths or names, and for keys inside of a file."""

    type: str
    pattern: str
    strategy: str
    keys: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook; see `_model.Hook`. `kind` is preComposition, postSetup or onConflict."""

    kind: str
    name: str
    script: str = ""
    command: str = ""
    template: str = ""
    output: str = ""
    condition: str = ""
    triggers: tuple[str, ...] = ()
    cwd: str = ""
    variables: Mapping[str, Json] = field(default_factory=dict)
    place: str = ""
    undo: str = ""
    creates: tuple[str, ...] = ()
    on_failure: str = "rollback"
    timeout: float = 600.0
    shell: bool = False
    read: tuple[str, ...] = ()
    network: bool = False
    env: tuple[str, ...] = ()

    @property
    def staged(self) -> bool:
        """It works on the files before they are written; a command that names no place works on the project."""
        return self.place == "staging" or (not self.place and not self.command)


@dataclass(frozen=True, slots=True)
class Files:
    """Which files make up a template; see `_model.Files`."""

    root: str = ""
    exclude: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    when: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a template says about itself."""

    id: str
    version: str = "0"
    title: str = ""
    description: str = ""
    questions: tuple[Question, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    provides: tuple[Provide, ...] = ()
    conflicts: tuple[ConflictRule, ...] = ()
    shared: tuple[str, ...] = ()
    mappings: Mapping[str, Json] = field(default_factory=dict)
    hooks: tuple[Hook, ...] = ()
    files: Files = Files()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Manifest":
        """From a manifest that was checked; all keys are there."""
        template, composition = data["template"], data["composition"]
        return cls(
            template["id"],
            template["version"],
            template["title"],
            template["description"],
            tuple(Question(**{**it, "choices": tuple(it["choices"])}) for it in data["variables"]),
            tuple(_dependency(it) for it in composition["dependencies"]),
            tuple(Provide(**it) for it in composition["provides"]),
            tuple(
                ConflictRule(it["type"], it["pattern"], it["strategy"], it["mergeConfig"])
                for it in composition["conflicts"]
            ),
            tuple(composition["variables"]["shared"]),
            composition["variables"]["mappings"],
            tuple(_hooks(data["hooks"])),
            _files(data["files"]),
        )


class Yaml(Protocol):
    """`Host.load_yaml`."""

    def __call__(self, text: str, name: str) -> Json:
        """Parse strictly."""


def manifest_path(folder: Path) -> Path | None:
    """The manifest of a native template; None when the folder is none."""
    return next((path for name in NAMES if (path := folder / name).is_file()), None)


def read_manifest(folder: Path, load: Yaml) -> dict[str, Any]:
    """A template's manifest with its hooks, checked, all keys there: what `Manifest.from_json` takes.

    Raises:
        TreadleError: there is none (exit code 3), or it has problems: all of them are told, each with its place.
    """
    path = manifest_path(folder)
    if path is None:
        raise TreadleError(
            f"{folder} is no template: it has neither {NAMES[0]} nor {NAMES[2]}",
            context={"file": str(folder)},
            suggestions=("treadle template new NAME writes one",),
            exit_code=ExitCode.NOT_FOUND,
        )
    data = checked(path, load, "composition")
    for name in HOOK_NAMES:
        if (folder / name).is_file():
            data["hooks"] = _united(data["hooks"], checked(folder / name, load, "hooks")["hooks"])
    _check_paths(data, path)
    return data


def content_key(folder: Path) -> str:
    """Names what `read_manifest` would read: for a cache."""
    digest = hashlib.sha256(f"{VERSION}".encode())
    for name in (*NAMES, *HOOK_NAMES):
        path = folder / name
        if path.is_file():
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def checked(path: Path, load: Yaml, kind: str) -> dict[str, Any]:
    """One file, checked against its model. Raises `TreadleError` with all problems."""
    from pydantic import ValidationError

    from treadle_compose import _model

    text = _text(path)
    data = load(text, str(path))
    model: Any = _model.Manifest if kind == "composition" else _model.HooksFile
    try:
        return dict(model.model_validate(data).model_dump(by_alias=True, mode="json"))
    except ValidationError as error:
        raise _invalid(path, text, error.errors(include_url=False)) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LIMIT:
            raise TreadleError(f"{path} is larger than {_LIMIT} bytes", context={"file": str(path)})
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TreadleError(f"cannot read {path}: {error}", context={"file": str(path)}) from error


def _invalid(path: Path, text: str, errors: Sequence[Mapping[str, Any]]) -> TreadleError:
    from treadle_compose._places import place_of

    lines, first = [], (1, 1)
    for number, error in enumerate(errors):
        where = tuple(error["loc"])
        line, column = place_of(text, where)
        first = (line, column) if not number else first
        lines.append(f"{path}:{line}:{column}: {_sentence(error, where)}")
    head = lines[0].partition(": ")[2]
    count = f"{len(lines)} problems; the first: " if len(lines) > 1 else ""
    return TreadleError(
        f"{path}: {count}{head}",
        context={"file": str(path), "line": first[0], "column": first[1], "problems": {"lines": lines}},
        suggestions=(*lines[1:], "treadle schema composition shows every key"),
    )


def _sentence(error: Mapping[str, Any], where: tuple[Any, ...]) -> str:
    name = ".".join(str(part) for part in where)
    if error["type"] == "extra_forbidden":
        from difflib import get_close_matches

        meant = get_close_matches(str(where[-1]), _known(where[:-1]), n=1)
        return f"there is no key `{name}`" + (f"; did you mean `{meant[0]}`?" if meant else "")
    if error["type"] == "missing":
        return f"`{name}` is missing"
    reason = str(error["msg"]).removeprefix("Value error, ")
    return f"`{name}`: {reason[:1].lower()}{reason[1:]}" if name else reason


def _known(where: tuple[Any, ...]) -> list[str]:
    """The keys that a place of a manifest may have."""
    from treadle_compose import _model

    schema = _model.json_schema("composition")
    node: Any = schema
    for part in where:
        node = _resolved(schema, node)
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
    return list(_resolved(schema, node).get("properties", {}))


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref", "")
    found: Mapping[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else node
    return found


def _check_paths(data: Mapping[str, Any], path: Path) -> None:
    named = [data["files"]["root"]]
    for hooks in data["hooks"].values():
        for hook in hooks:
            named += [hook["script"], hook["template"], hook["output"], *hook["creates"]]
    for name in filter(None, named):
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name:
            raise TreadleError(
                f"{path}: {name!r} leads out of its folder",
                context={"file": str(path)},
                suggestions=("write it relative, without ..",),
                exit_code=ExitCode.NOT_ALLOWED,
            )


def _united(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: [*hooks, *other[kind]] for kind, hooks in one.items()}


def _dependency(data: Mapping[str, Any]) -> Dependency:
    return Dependency(data["templateId"], data["version"], data["purpose"], data["source"], data["optional"])


def _hooks(data: Mapping[str, Any]) -> Iterator[Hook]:
    for kind, hooks in data.items():
        for it in hooks:
            rest = {name: it[name] for name in ("name", "script", "command", "template", "output", "condition", "cwd")}
            yield Hook(
                kind,
                **rest,
                triggers=tuple(it["triggers"]),
                variables=it["variables"],
                place=it["in"],
                undo=it["undo"],
                creates=tuple(it["creates"]),
                on_failure=it["onFailure"],
                timeout=it["timeout"],
                shell=it["shell"],
                read=tuple(it["permissions"]["read"]),
                network=it["permissions"]["network"],
                env=tuple(it["permissions"]["env"]),
            )


def _files(data: Mapping[str, Any]) -> Files:
    return Files(data["root"], tuple(data["exclude"]), tuple(data["raw"]), data["when"])
