"""The canonical layout keeps meaning and comments, and is its own layout."""

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle.definition import load_yaml
from treadle.formatting import format_file, formatted
from treadle_hookspecs import ExitCode, TreadleError

UGLY = """\

# top


treadle:   1
name: x   # the name


steps:
- id: a
  # about run
  run: |
      hello
        world

      x
- id: b
  with:
        x:   {a: 1,
              b: "q
           z"}
        # tail
-   id: c
    run: >-   # head
       folded
       text
    needs:
    - a
    -   b
    - - 1
      -   2
# end
"""
NEAT = """\
# top

treadle: 1
name: x   # the name

steps:
  - id: a
    # about run
    run: |
      hello
        world

      x
  - id: b
    with:
      x: {a: 1,
            b: "q
         z"}
      # tail
  - id: c
    run: >-   # head
      folded
      text
    needs:
      - a
      - b
      - - 1
        - 2
# end
"""


def test_the_whole_of_it():
    assert formatted(UGLY, "x") == NEAT
    assert formatted(NEAT, "x") == NEAT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("\ufeffa: 1", "a: 1\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a:\n      long\n      text\n", "a:\n  long\n  text\n"),
        ("a:\n  - b:   1\n    c:\n    - d\n", "a:\n  - b: 1\n    c:\n      - d\n"),
        ("a:\n      [1,\n       2]\n", "a:\n  [1,\n   2]\n"),
        ("a: &x\n    b: 1\nc: *x\n", "a: &x\n  b: 1\nc: *x\n"),
        ("a: |2\n    x\n   y\n", "a: |2\n    x\n   y\n"),
        ("a: |+\n  x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n"),
        ("a:\n  # first\n  b: 1\n# second\nc: 1\n", "a:\n  # first\n  b: 1\n# second\nc: 1\n"),
        ("- a\n-    b\n", "- a\n- b\n"),
        ("a: '#no'  # yes\n", "a: '#no'  # yes\n"),
        ("a: |   \n   x   \n", "a: |\n  x   \n"),
    ],
)
def test_layouts(before, after):
    assert formatted(before, "x") == after
    assert formatted(after, "x") == after


def test_what_cannot_be_read_is_refused():
    with pytest.raises(TreadleError) as raised:
        formatted("a: [\n", "x.yaml")
    assert raised.value.exit_code == ExitCode.USAGE


def test_what_would_change_its_meaning_is_refused():
    with pytest.raises(TreadleError) as raised:
        formatted("a: |+\n  x\n\n\n", "x.yaml")
    assert raised.value.exit_code == ExitCode.CONFLICT


def test_files_are_replaced_whole_and_keep_their_mode(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(UGLY)
    path.chmod(0o640)
    assert format_file(path, check=True)
    assert path.read_text() == UGLY
    assert format_file(path)
    assert (path.read_text(), path.stat().st_mode & 0o777) == (NEAT, 0o640)
    assert not format_file(path)
    assert list(tmp_path.iterdir()) == [path]


WORDS = st.text("abc #:-'\"\n", max_size=12)
TREES = st.recursive(
    st.one_of(WORDS, st.integers(0, 9), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    TREES,
    st.integers(2, 6),
    st.booleans(),
    st.sampled_from([None, "|", ">", '"']),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
def test_any_layout_keeps_data_and_comments(tree, indent, flow, style, wide, random):
    text = yaml.safe_dump(
        {"k": tree}, indent=indent, default_flow_style=flow, default_style=style, width=12 if wide else 80
    )
    try:
        before = load_yaml(text, "x")
    except TreadleError:
        return  # PyYAML writes tags for some scalars in a given style, which definitions do not take
    commented = with_comments(text, random) if not flow and not style and not wide else text
    made = layout_of(commented)
    if made is None:
        assert "|+" in text or re.search(r"[|>][-+]?\d", text)
        return
    assert load_yaml(made, "x") == before
    assert made.count("# note") == commented.count("# note")
    assert formatted(made, "x") == made


def layout_of(text):
    """None where it is refused."""
    try:
        return formatted(text, "x")
    except TreadleError:
        return None


def with_comments(text, random):
    """Comments on lines of their own, where a line begins with a key or a dash."""
    lines = []
    for line in text.splitlines():
        if re.match(r" *(- |[abck]: |[abck]:$)", line) and random.random() < 0.4:
            lines.append(" " * random.randint(0, 6) + "# note")
        lines.append(line)
    return "\n".join(lines) + "\n"
