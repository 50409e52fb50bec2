"""`docs/reference/templates.md`, from the model of the manifests."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from treadle_compose._model import json_schema

_HEAD: Final = """\
# Templates

This page is generated. [Write a template](../how-to/write-a-template.md) shows the keys in use.

`template.yaml` (or `composition.v1.json`, the same keys in JSON) lies in the template's folder. Unknown keys are
errors. `hooks.v1.json` holds `hooks` in a file of its own.

"""
_ORDER: Final = (
    "Manifest", "Template", "Variable", "Composition", "Dependency", "Provide", "ConflictRule", "Variables", "Hooks",
    "Hook", "Permissions", "Files",
)  # fmt: skip
_TITLES: Final[Mapping[str, str]] = {
    "Manifest": "The file",
    "Template": "`template`",
    "Variable": "An entry of `variables`",
    "Composition": "`composition`",
    "Dependency": "An entry of `composition.dependencies`",
    "Provide": "An entry of `composition.provides`",
    "ConflictRule": "An entry of `composition.conflicts`",
    "Variables": "`composition.variables`",
    "Hooks": "`hooks`",
    "Hook": "A hook",
    "Permissions": "`permissions` of a hook",
    "Files": "`files`",
}


def reference() -> str:
    """The page."""
    schema = json_schema("composition")
    models = {**schema["$defs"], "Manifest": schema}
    return _HEAD + "\n".join("\n".join(_section(name, models[name])) for name in _ORDER)


def _section(name: str, model: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {_TITLES[name]}\n"
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    required = model.get("required", ())
    for key, about in model["properties"].items():
        default = "required" if key in required else _default(about)
        yield f"| `{key}` | {_kind(about)} | {default} | {_text(about)} |"
    yield ""


def _kind(about: Mapping[str, Any]) -> str:
    if "enum" in about:
        return ", ".join(f"`{it}`" if it else '""' for it in about["enum"])
    if "$ref" in about:
        return "mapping"
    if "anyOf" in about:
        return " or ".join(_kind(it) for it in about["anyOf"])
    kinds = {"array": "list", "object": "mapping", "string": "text", "boolean": "true or false"}
    return kinds.get(about.get("type", ""), str(about.get("type", "any value")))


def _default(about: Mapping[str, Any]) -> str:
    default = about.get("default")
    return "" if default in (None, "", [], {}) or isinstance(default, dict) else f"`{str(default).lower()}`"


def _text(about: Mapping[str, Any]) -> str:
    return str(about.get("description", "")).replace("\n", " ").replace("|", "\\|")
