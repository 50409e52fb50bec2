"""The conformance suite on random JSON files with comments, laid out in random ways."""

import json
import re

from hypothesis import strategies as st
from treadle_testkit.merging import MergeConformance

WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "a.b", "ü", 'with "quotes"', "//no", "/*no*/"])
SCALARS = st.one_of(WORDS, st.integers(-3, 3), st.booleans(), st.none(), st.sampled_from([1.5, 1e20]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)
STRINGS = re.compile(r'("(?:[^"\\]|\\.)*")|(//[^\n]*|/\*.*?\*/)', re.DOTALL)


@st.composite
def laid_out(draw, value, indent=1, unit="  "):
    """A value as text: in one line or many, with comments and trailing commas here and there."""
    if not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    inner = [
        (f"{json.dumps(key)}{draw(st.sampled_from([': ', ':', ' /*c*/ : ']))}" if isinstance(value, dict) else "")
        + draw(laid_out(value[key] if isinstance(value, dict) else key, indent + 1, unit))
        for key in value
    ]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    if draw(st.booleans()):
        return opening + ", ".join(inner) + closing
    start = "\n" + unit * indent
    text = opening
    for number, item in enumerate(inner):
        note = draw(st.sampled_from(["", "", "// one", "/* two */", "// three\n" + unit * indent + "// four"]))
        comma = "," if number < len(inner) - 1 or draw(st.booleans()) else ""
        tail = draw(st.sampled_from(["", "", " // tail", " /* block */"]))
        text += start + (note + start if note else "") + item + comma + tail
    end = draw(st.sampled_from(["", "", start + "// end"]))
    return text + end + "\n" + unit * (indent - 1) + closing


@st.composite
def files(draw):
    value = draw(st.dictionaries(WORDS, VALUES, max_size=4))
    unit = draw(st.sampled_from(["  ", "    ", "\t"]))
    head = draw(st.sampled_from(["", "// head\n", "/* a\n * b */\n"]))
    return head + draw(laid_out(value, 1, unit)) + draw(st.sampled_from(["", "\n", "\n// foot\n"]))


def without_comments(text):
    return STRINGS.sub(lambda found: found[1] or " ", text)


class TestJson(MergeConformance):
    target = "treadle_merge_json._merge:merge"
    path = "settings.jsonc"
    texts = files()

    def parse(self, text):
        bare = without_comments(text)
        return json.loads(
            re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda found: found[1] or "", bare), object_pairs_hook=once
        )

    def comments(self, text):
        return [found[2].rstrip() for found in STRINGS.finditer(text) if found[2]]


def once(pairs):
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)
