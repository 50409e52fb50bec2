"""The exporter `dot`: the language of Graphviz."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from treadle_hookspecs import Json

from treadle.seeing._labels import edge_text, node_text

_COLORS: Final = {
    "succeeded": "#d7f5dd",
    "failed": "#ffd8d3",
    "upstream_failed": "#ffd8d3",
    "cancelled": "#ffd8d3",
    "running": "#d6ebff",
    "retrying": "#d6ebff",
    "waiting": "#fff3c4",
    "interrupted": "#fff3c4",
    "skipped": "#eeeeee",
}


def dot(definition: Mapping[str, Json]) -> str:
    """A `treadle/graph@1` document as a Graphviz digraph; steps and edges stand in the order of the document."""
    return "\n".join(_lines(definition)) + "\n"


def _lines(document: Any) -> Iterator[str]:
    yield f"digraph {_quoted(document['workflow'])} {{"
    yield '  node [shape=box, style="rounded,filled", fillcolor=white];'
    for number, scope in enumerate(document["scopes"]):
        nested = len(document["scopes"]) > 1
        if nested:
            yield f"  subgraph cluster_{number} {{"
            yield f"    label={_quoted(scope['title'])};"
        yield from (f"    {_quoted(step['address'])} [{_attributes(_node(step))}];" for step in scope["steps"])
        if nested:
            yield "  }"
    for scope in document["scopes"]:
        for edge in scope["edges"]:
            ends = f"{_quoted(edge['from'])} -> {_quoted(edge['to'])}"
            attributes = _attributes(_edge(edge))
            yield f"  {ends} [{attributes}];" if attributes else f"  {ends};"
    yield "}"


def _node(step: Any) -> dict[str, str]:
    attributes = {"label": node_text(step)}
    if step["state"] in _COLORS:
        attributes["fillcolor"] = _COLORS[step["state"]]
    if step["critical"]:
        attributes["penwidth"] = "3"
    return attributes


def _edge(edge: Any) -> dict[str, str]:
    if edge["kind"] != "route":
        return {}
    attributes = {"label": edge_text(edge), "style": "bold" if edge["taken"] else "dashed"}
    return {**attributes, "constraint": "false"} if edge["back"] else attributes


def _attributes(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items())


def _quoted(text: str) -> str:
    r"""A double-quoted string: only `"` ends one, `\` begins an escape of labels, and a line end is written `\n`."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
