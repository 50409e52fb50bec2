"""Templates as commands look at them: by name, folder or git URL, without an execution."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from treadle_hookspecs import ExitCode, Host, TreadleError

from treadle_compose._asking import run_program
from treadle_compose._contents import Contents
from treadle_compose._hooks import KINDS, TemplateHook, hooks_of
from treadle_compose._lock import Lock, not_composed
from treadle_compose._project import FolderTrees
from treadle_compose._sources import Candidate, Library
from treadle_compose._specs import parse_spec


def candidate(host: Host, text: str, *, offline: bool = False) -> Candidate:
    """The template that a spec means, the newest of several. Raises `TreadleError` when there is none."""
    library = Library(host, lambda _: None, run_program, offline)
    spec = parse_spec(text, host.composition.schemes(), Path.cwd())
    found = asyncio.run(library.candidates(spec))
    if not found:
        raise TreadleError(
            f"there is no template {text}",
            suggestions=("treadle template list",),
            exit_code=ExitCode.NOT_FOUND,
        )
    return found[0]


def listed(host: Host) -> list[dict[str, Any]]:
    """The templates that can be named, by id and version."""
    found = [
        {"id": it.id, "version": it.version, "spec": it.spec, "title": it.title, "description": it.description}
        for _, it in Library(host, host.console.say).listings()
    ]
    return sorted(found, key=lambda it: (it["id"], it["version"]))


def of_project(target: Path) -> dict[str, Any]:
    """The templates of a project: `treadle template list --project`. Raises `TreadleError` (3) when it is none."""
    lock = Lock.read(target)
    if not lock.templates:
        raise not_composed(target)
    trees = FolderTrees({}, target, Contents(target, target), lock)
    bases = trees.bases()
    changed = {path for path, base in bases.items() if (it := trees.project(path)) is None or not base.untouched(it)}
    return {
        "schema": "treadle/project-templates@1",
        "project_name": lock.project_name,
        "templates": [
            {
                **{name: it[name] for name in ("id", "version", "source", "commit", "digest", "answers")},
                "paths": sum(it["id"] in base.owners for base in bases.values()),
                "changed": sum(it["id"] in bases[path].owners for path in changed),
            }
            for it in lock.templates
        ],
    }


def hooks(found: Candidate) -> tuple[TemplateHook, ...]:
    """All hooks of a template."""
    return tuple(it for kind in KINDS for it in hooks_of((found,), kind))


def described(found: Candidate) -> dict[str, Any]:
    """`treadle template show --json`."""
    manifest, template = found.manifest, found.template
    return {
        "schema": "treadle/template@1",
        "id": manifest.id,
        "version": manifest.version,
        "title": manifest.title,
        "description": manifest.description,
        "source": template.source,
        "digest": template.digest,
        "native": template.native,
        "variables": [
            {
                "name": it.name,
                "type": it.type,
                "default": it.default,
                "help": it.help,
                "choices": list(it.choices),
                "secret": it.secret,
                "required": it.required and it.default is None,
            }
            for it in manifest.questions
        ],
        "dependencies": [
            {"template": it.template, "version": it.version, "purpose": it.purpose, "optional": it.optional}
            for it in manifest.dependencies
        ],
        "provides": [{"name": it.name, "type": it.type, "description": it.description} for it in manifest.provides],
        "shared": list(manifest.shared),
        "conflicts": [{"pattern": it.pattern, "strategy": it.strategy} for it in manifest.conflicts],
        "hooks": [it.to_json() for it in hooks(found)],
    }


def lines(about: dict[str, Any]) -> Iterator[str]:
    """The same for a person."""
    yield f"{about['id']} {about['version']}" + (f": {about['title']}" if about["title"] else "")
    if about["description"]:
        yield about["description"].strip()
    yield f"from {about['source']}"
    for it in about["variables"]:
        notes = [it["type"], *(["secret"] if it["secret"] else []), *(["must be given"] if it["required"] else [])]
        default = "" if it["required"] or it["secret"] or it["default"] is None else f" = {it['default']}"
        yield f"  {it['name']}{default}  ({', '.join(notes)})" + (f"  {it['help']}" if it["help"] else "")
    for it in about["dependencies"]:
        needs = f"{it['template']} {it['version']}".strip()
        yield f"  needs {needs}" + (", if it can be had" if it["optional"] else "") + _why(it["purpose"])
    for it in about["provides"]:
        yield f"  provides {it['name']}" + _why(it["description"])
    for it in about["hooks"]:
        yield f"  runs {it['kind']} {it['name']}: {it['does']} (in: {it['in']})"


def _why(text: str) -> str:
    return f": {text}" if text else ""
