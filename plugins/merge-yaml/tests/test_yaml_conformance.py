"""The conformance suite on random YAML files: blocks and brackets, comments, quotes, literal blocks, anchors."""

import re

import yaml
from hypothesis import strategies as st
from treadle_testkit.merging import MergeConformance

WORDS = st.sampled_from(["alpha", "beta", "gamma", "on", "a.b"])
SCALARS = st.sampled_from(
    ["x", "1", "true", "no", "~", "'it''s # no'", '"say \\"hi\\""', "a b", "http://e.org/a#b", "1.5"]
)
FLOW = st.sampled_from(["[]", "{}", "[a, b]", "[b, c]", "{k: v}", "{m: [1, 2]}"])
LITERAL = "|\n{pad}    line # no\n\n{pad}    more\n"
NOTES = st.sampled_from(["", "", "", "# note", "# other", "# third"])


@st.composite
def block(draw, depth=0, column=0):
    """Lines of a mapping at this column."""
    pad = " " * column
    text = ""
    for name in draw(st.lists(WORDS, unique=True, min_size=1, max_size=3)):
        if note := draw(NOTES):
            text += draw(st.sampled_from(["", "\n"])) + f"{pad}{note}\n"
        text += f"{pad}{name}:" + draw(value(depth + 1, column))
    return text


@st.composite
def value(draw, depth, column):
    kind = draw(st.sampled_from(["scalar", "flow", "literal", "map", "list"] if depth < 3 else ["scalar", "flow"]))
    tail = draw(st.sampled_from(["", "", " # tail"]))
    if kind in {"scalar", "flow"}:
        return f" {draw(SCALARS if kind == 'scalar' else FLOW)}{tail}\n"
    if kind == "literal":
        return " " + LITERAL.format(pad=" " * column)
    if kind == "map":
        return f"{tail}\n" + draw(block(depth, column + draw(st.sampled_from([2, 4]))))
    return f"{tail}\n" + draw(sequence(depth, column + draw(st.sampled_from([0, 2]))))


@st.composite
def sequence(draw, depth, column):
    pad = " " * column
    text = ""
    for item in draw(
        st.lists(st.sampled_from(["one", "two", "'3'", "map", "- x"]), unique=True, min_size=1, max_size=3)
    ):
        note = draw(NOTES)
        text += f"{pad}{note}\n" if note else ""
        if item == "map":
            text += f"{pad}- name: {draw(WORDS)}\n{pad}  v: {draw(SCALARS)}\n"
        else:
            text += f"{pad}- {item}{draw(st.sampled_from(['', ' # item']))}\n"
    return text


@st.composite
def files(draw):
    return (
        draw(st.sampled_from(["", "# head\n", "---\n", "# head\n\n---\n"]))
        + draw(block())
        + draw(st.sampled_from(["", "# foot\n", "\n# foot\n", "...\n"]))
    )


class TestYaml(MergeConformance):
    target = "treadle_merge_yaml._merge:merge"
    path = "settings.yaml"
    texts = files()

    def parse(self, text):
        return yaml.load(text, Loader=yaml.BaseLoader)

    def comments(self, text):
        bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|line # no", "", text)
        return re.findall(r"(?:(?<=\s)|^)#[^\n]*", bare)
