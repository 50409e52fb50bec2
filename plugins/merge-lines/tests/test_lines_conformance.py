"""The conformance suite on random variables, INI files and requirements."""

import configparser
import re

from hypothesis import strategies as st
from packaging.requirements import Requirement
from treadle_testkit.merging import MergeConformance

NOTES = st.sampled_from(["", "", "\n", "# note\n", "# other\n", "\n# third\n", "# a\n# b\n"])
FEET = st.sampled_from(["", "# foot\n", "\n"])


def hashes(text):
    return re.findall(r"(?:(?<=\s)|^)#[^\n]*", re.sub(r'"[^"]*"', "", text), re.MULTILINE)


@st.composite
def variables(draw):
    names = draw(st.lists(st.sampled_from(["ALPHA", "BETA", "GAMMA", "API_TOKEN"]), unique=True, max_size=4))
    values = st.sampled_from(["1", "x", '"a b # c"', "'q'", "", "http://e.org/#x"])
    starts = st.sampled_from(["", "export "])
    tails = st.sampled_from(["", "", " # tail"])
    return "".join(f"{draw(NOTES)}{draw(starts)}{name}={draw(values)}{draw(tails)}\n" for name in names) + draw(FEET)


@st.composite
def sections(draw):
    names = draw(st.lists(st.sampled_from(["one", "two", "*.{py,js}"]), unique=True, max_size=3))
    values = st.sampled_from(["1", "x y", "\n    a\n    b", "true"])
    text = ""
    for name in names:
        keys = draw(st.lists(st.sampled_from(["k", "long_key", "z"]), unique=True, max_size=3))
        text += draw(NOTES) + f"[{name}]\n"
        text += "".join(f"{draw(NOTES)}{key}{draw(st.sampled_from([' = ', '=']))}{draw(values)}\n" for key in keys)
    return text + draw(FEET)


@st.composite
def requirements(draw):
    names = draw(st.lists(st.sampled_from(["alpha", "beta-x", "Gamma"]), unique=True, max_size=3))
    versions = st.sampled_from(["", ">=1", "<3", "==2", "[extra]>=1", "; python_version < '3.12'"])
    options = draw(st.lists(st.sampled_from(["-e .", "-r base.txt", "--no-binary :all:"]), unique=True, max_size=2))
    lines = [f"{draw(NOTES)}{name}{draw(versions)}{draw(st.sampled_from(['', '  # why']))}\n" for name in names]
    return "".join([*(f"{one}\n" for one in options), *lines]) + draw(FEET)


class TestVariables(MergeConformance):
    target = "treadle_merge_lines._env:merge"
    path = ".env"
    texts = variables()

    def parse(self, text):
        found = re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=(.*)$", text, re.MULTILINE)
        return {name: value.strip() for name, value in found}

    def comments(self, text):
        return hashes(text)

    def unordered(self, data):
        return frozenset(data)


class TestIni(MergeConformance):
    target = "treadle_merge_lines._ini:merge"
    path = "setup.cfg"
    texts = sections()

    def parse(self, text):
        if "[" not in text:
            return {}
        parser = configparser.RawConfigParser(strict=True, allow_no_value=True)
        try:
            parser.read_string(text)
        except configparser.MissingSectionHeaderError:
            return {}
        return {name: dict(parser[name]) for name in parser.sections()}

    def comments(self, text):
        return hashes(text)


class TestRequirements(MergeConformance):
    target = "treadle_merge_lines._requirements:merge"
    path = "requirements.txt"
    texts = requirements()

    def parse(self, text):
        bare = [line.partition(" #")[0].strip() for line in text.splitlines()]
        found = [
            Requirement(line) for line in bare if re.match(r"[A-Za-z]", line) and re.search("alpha|beta|[Gg]amma", line)
        ]
        assert len({(one.name.lower(), str(one.marker)) for one in found}) == len(found)
        return sorted(f"{one.name.lower()}{sorted(one.extras)}{one.specifier}{one.marker}" for one in found)

    def comments(self, text):
        return hashes(text)
