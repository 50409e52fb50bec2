"""What treadle-documentation contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl

_FIGURES = {
    "created": "files_created",
    "modified": "files_modified",
    "documented": "docstring_coverage",
    "broken": "broken_links",
    "next_steps": "next_steps",
}


def _outputs(**types: str) -> JsonObject:
    properties: dict[str, dict[str, Json]] = {name: {"type": kind} for name, kind in types.items()}
    for name, figure in _FIGURES.items():
        if name in properties:
            properties[name]["figure"] = figure
    return {"type": "object", "properties": properties}


_FILES = {"created": "array", "modified": "array", "summary": "string"}

ACTIONS = (
    Action(
        "changelog",
        "treadle_documentation._changelog:changelog",
        "Add entries to a changelog, or release what is unreleased",
        outputs=_outputs(path="string", added="array", version="string", changed="boolean", **_FILES),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "check-docs",
        "treadle_documentation._check:check_docs",
        "Broken links in Markdown, and how much of the public Python API has docstrings",
        outputs=_outputs(
            verdict="string", broken="array", documented="number", undocumented="array", figures="array",
            findings="array", reasons="array", summary="string",
        ),
        idempotent=True,
    ),
    Action(
        "api-reference",
        "treadle_documentation._reference:api_reference",
        "Write a reference of a Python package's public API, from its source",
        outputs=_outputs(path="string", objects="integer", undocumented="array", **_FILES),
        idempotent=True,
        risk="medium",
        isolation="process",
    ),
    Action(
        "update-docs",
        "treadle_documentation._update:update_docs",
        "After a change: its entry in the changelog, the reference, and which pages mention what changed",
        aliases=("update-documentation", "update_documentation"),
        outputs=_outputs(mentions="array", broken="array", next_steps="array", **_FILES),
        idempotent=True,
        risk="medium",
    ),
)  # fmt: skip


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `documentation`."""
    yield Module("documentation", "0.1.0", ACTIONS, "Changelogs, references, checks")
