"""The exporter `mermaid`: a flowchart that GitHub, GitLab and most editors draw."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from treadle_hookspecs import Json

from treadle.seeing._labels import edge_text, node_text

_CLASSES: Final = {
    "succeeded": "fill:#d7f5dd,stroke:#1a7f37,color:#000",
    "failed": "fill:#ffd8d3,stroke:#cf222e,color:#000",
    "running": "fill:#d6ebff,stroke:#0969da,color:#000",
    "waiting": "fill:#fff3c4,stroke:#9a6700,color:#000",
    "skipped": "fill:#eeeeee,stroke:#8c959f,color:#555",
}
_LIKE: Final = {
    "upstream_failed": "failed",
    "cancelled": "failed",
    "interrupted": "waiting",
    "retrying": "running",
}
_ENTITIES: Final = {"\n": "<br/>", **{sign: f"#{ord(sign)};" for sign in '"#&<>`%\\'}}
"""`%%` begins a comment even inside quotes."""
_CRITICAL: Final = "stroke-width:4px"


def mermaid(definition: Mapping[str, Json]) -> str:
    """A `treadle/graph@1` document as a Mermaid flowchart; steps and edges stand in the order of the document."""
    return "\n".join(_lines(definition)) + "\n"


def _lines(document: Any) -> Iterator[str]:
    yield "flowchart TD"
    ids = {step["address"]: f"s{number}" for number, step in enumerate(_steps(document))}
    nested = len(document["scopes"]) > 1
    for number, scope in enumerate(document["scopes"]):
        if nested:
            yield f"  subgraph g{number}[{_quoted(scope['title'])}]"
        yield from (f"    {ids[step['address']]}[{_quoted(node_text(step))}]" for step in scope["steps"])
        if nested:
            yield "  end"
    for scope in document["scopes"]:
        yield from (f"  {_edge(edge, ids)}" for edge in scope["edges"])
    yield from _styles(document, ids)


def _steps(document: Any) -> Iterator[Any]:
    for scope in document["scopes"]:
        yield from scope["steps"]


def _edge(edge: Any, ids: Mapping[str, str]) -> str:
    start, end = ids[edge["from"]], ids[edge["to"]]
    if edge["kind"] != "route":
        return f"{start} --> {end}"
    arrow = "==>" if edge["taken"] else "-.->"
    return f"{start} {arrow}|{_quoted(edge_text(edge))}| {end}"


def _styles(document: Any, ids: Mapping[str, str]) -> Iterator[str]:
    by_class: dict[str, list[str]] = {}
    for step in _steps(document):
        state = _LIKE.get(step["state"], step["state"])
        if state in _CLASSES:
            by_class.setdefault(state, []).append(ids[step["address"]])
        if step["critical"]:
            by_class.setdefault("critical", []).append(ids[step["address"]])
    for name, members in by_class.items():
        yield f"  classDef {name} {_CLASSES.get(name, _CRITICAL)}"
        yield f"  class {','.join(members)} {name}"


def _quoted(text: str) -> str:
    """A text in double quotes: whatever Mermaid or HTML would read in it stands as an entity."""
    return '"' + "".join(_ENTITIES.get(sign, sign) for sign in text) + '"'
