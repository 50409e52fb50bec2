"""The conformance suite on random TOML files: headers, dotted keys, inline tables, arrays of tables, comments."""

import re
import tomllib

import tomlkit
from hypothesis import strategies as st
from treadle_testkit.merging import MergeConformance

WORDS = st.sampled_from(["alpha", "beta", "gamma", "a.b", "ü"])
TEXTS = st.sampled_from(["x", "# no", 'say "hi"', "a\\b", "1 = 2", "]", ""])
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|(#[^\n]*)')


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def key(word):
    return word if re.fullmatch(r"\w+", word, re.ASCII) else quoted(word)


@st.composite
def values(draw, depth=0):
    kind = draw(st.sampled_from(["text", "number", "other", "array", "table"] if depth < 2 else ["text", "number"]))
    if kind == "text":
        return quoted(draw(TEXTS))
    if kind == "number":
        return draw(st.sampled_from(["1", "2", "1.5", "0x1f"]))
    if kind == "other":
        return draw(st.sampled_from(["true", "false", "2024-05-01", "2024-05-01 10:00:00"]))
    if kind == "table":
        names = draw(st.lists(WORDS, unique=True, max_size=2))
        return "{ " + ", ".join(f"{key(name)} = {draw(values(depth + 1))}" for name in names) + " }"
    inner = draw(st.lists(TEXTS.map(quoted), max_size=3, unique=True))
    if not draw(st.booleans()):
        return "[" + ", ".join(inner) + "]"
    notes = [draw(st.sampled_from(["", " # note", ""])) for _ in inner]
    return "[\n" + "".join(f"    {one},{note}\n" for one, note in zip(inner, notes, strict=True)) + "]"


@st.composite
def pairs(draw):
    names = draw(st.lists(WORDS, unique=True, max_size=3))
    lead = st.sampled_from(["", "", "# above\n", "# one\n# two\n", "\n"])
    tail = st.sampled_from(["", " # tail"])
    return "".join(
        f"{draw(lead)}{key(name)}{draw(st.sampled_from([' = ', '=']))}{draw(values())}{draw(tail)}\n" for name in names
    )


@st.composite
def files(draw):
    text = draw(st.sampled_from(["", "# head\n\n"])) + draw(pairs())
    for name in draw(
        st.lists(st.sampled_from(["one", "two.sub", "two", "deep.er.est", '"q.q"']), unique=True, max_size=3)
    ):
        text += draw(st.sampled_from(["\n", "\n# about it\n", ""])) + f"[{name}]{draw(st.sampled_from(['', ' # h']))}\n"
        text += draw(pairs())
    for number in range(draw(st.integers(0, 2))):
        text += f'\n[[many]]\nname = "n{number}"\n' + draw(st.sampled_from(["", "v = 1\n", "[many.inner]\nw = 2\n"]))
    return text + draw(st.sampled_from(["", "# foot\n"]))


class TestToml(MergeConformance):
    target = "treadle_merge_toml._merge:merge"
    path = "settings.toml"
    texts = files()

    def parse(self, text):
        data = tomllib.loads(text)
        assert tomlkit.parse(text).unwrap() == data
        return data

    def comments(self, text):
        return [found[1].rstrip() for found in STRINGS.finditer(text) if found[1]]

    def unordered(self, data):
        return super().unordered(data) if isinstance(data, dict | list) else str(data)
