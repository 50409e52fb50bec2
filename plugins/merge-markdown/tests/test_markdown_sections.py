"""Documents of several templates as sections of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from treadle_hookspecs import Contribution, KeyRule, MergeConfig
from treadle_merge_markdown._merge import merge

FIRST = """\
# App

[![ci]][runs]

What it is.

## Install

pip install app

[ci]: https://example.org/ci.svg
[runs]: https://example.org/runs
"""
SECOND = """\
Backend
=======

![ci] is green, see [the runs][ci] and `[ci]`.

Install
-------

```sh
# not a heading
npm ci
```

### Deep

[ci]: https://example.org/other.svg
"""


def merged(*texts, strategy="sections", **settings):
    given_ = [Contribution(name, text.encode()) for name, text in zip(("front", "back", "third"), texts, strict=False)]
    result = merge("README.md", given_, MergeConfig(strategy=strategy, settings=settings))
    assert result.open == ()
    return result.content.decode()


def test_a_section_for_each_further_template():
    assert (
        merged(FIRST, SECOND, "no title\n")
        == FIRST
        + """
## Backend


![ci][ci-back] is green, see [the runs][ci-back] and `[ci]`.

### Install


```sh
# not a heading
npm ci
```

#### Deep

[ci-back]: https://example.org/other.svg

## third

no title
"""
    )


@pytest.mark.parametrize("options", [{"strategy": "combine"}, {"combine": "headings"}])
def test_sections_with_one_title(options):
    result = merged(
        "# A\n\n## Install\n\npip\n\n## Use\n\na\n", "# B\n\nintro\n\n## Install\n\nnpm\n\n## Other\n\nx\n", **options
    )
    assert result == ("# A\n\n## Install\n\npip\n\nnpm\n\n## Use\n\na\n\n## B\n\nintro\n\n### Other\n\nx\n")


def test_one_project_has_one_title():
    first = "# app\n\nOne.\n\n## Install\n\npip\n"
    assert merged(first, "# app\n\n## Install\n\nnpm\n\n## Run\n\ngo\n") == (
        "# app\n\nOne.\n\n## Install\n\npip\n\nnpm\n\n## Run\n\ngo\n"
    )
    assert merged(first, "# app\n\nTwo.\n\n## Run\n\ngo\n").endswith("pip\n\n## back\n\nTwo.\n\n### Run\n\ngo\n")


def test_what_is_the_same_is_said_once():
    assert merged(FIRST, FIRST) == FIRST
    once = merged(FIRST, "# B\n\nb\n")
    assert merged(once, "# B\n\nb\n") == once
    assert merged("", "# B\n\nb\n") == "## B\n\nb\n"


LINES = st.sampled_from(
    [
        "# One",
        "## Two",
        "### Three",
        "text",
        "",
        "```",
        "# code?",
        "Title\n=====",
        "Sub\n---",
        "> # quoted",
        "    # indented",
    ]
)


def headings(text):
    tokens = MarkdownIt("commonmark").parse(text)
    return [
        (int(one.tag[1]), " ".join(tokens[at + 1].content.split()))
        for at, one in enumerate(tokens)
        if one.type == "heading_open" and one.level == 0
    ]


@given(*[st.lists(LINES, min_size=1, max_size=8) for _ in range(2)])
def test_no_line_of_either_is_lost_and_the_first_one_stays(one, other):
    # Documents with one title are another matter.
    other = [line.replace("One", "Another").replace("Title", "Heading").replace("code", "program") for line in other]
    first, second = ("\n".join(lines) + "\n" for lines in (one, other))
    if first.count("```") % 2:
        first += "```\n"
    result = merged(first, second)
    assert result.startswith(first.rstrip("\n"))
    assert merged(first, first) == first
    if second.strip() and second != first and second.rstrip("\n") not in first:
        below = headings(result)[len(headings(first)) :]
        assert [title for _, title in below][-len(headings(second)) :] == [
            title for _, title in headings(second)
        ] or not headings(second)
        assert all(level > 1 for level, _ in below)


BASE = "# app\n\n## Use\n\nrun\n\n## Old\n\nold\n"


def again(ours, theirs, base=BASE, **rules):
    config = MergeConfig(
        "three-way",
        tuple(KeyRule(key, strategy, "--resolve") for key, strategy in rules.items()),
        Contribution("base", base.encode()),
    )
    sides = [Contribution("ours", ours.encode()), Contribution("theirs", theirs.encode())]
    return merge("README.md", sides, config)


@pytest.mark.parametrize(
    ("ours", "theirs", "text"),
    [
        (f"{BASE}\n## Mine\n\nm\n", f"{BASE}\n## New\n\nn\n", f"{BASE}\n## New\n\nn\n\n## Mine\n\nm\n"),
        (
            BASE.replace("run", "go"),
            BASE.replace("old\n", "newer\n"),
            BASE.replace("run", "go").replace("old\n", "newer\n"),
        ),
        ("# app\n\nhello\n\n## Use\n\nrun\n", BASE, "# app\n\nhello\n\n## Use\n\nrun\n"),
        (BASE, "# app\n\n## Use\n\nrun\n", "# app\n\n## Use\n\nrun\n"),
        (BASE, BASE, BASE),
    ],
)
def test_sections_follow_the_side_that_changed_them(ours, theirs, text):
    result = again(ours, theirs)
    assert (result.content.decode(), result.open) == (text, ())


def test_a_section_that_both_have_changed_is_asked():
    ours, theirs = BASE.replace("run", "go"), BASE.replace("run", "walk")
    (row,) = again(ours, theirs).open
    assert (row.key, row.strategies) == ("Use", ("ours", "theirs"))
    assert again(ours, theirs, Use="theirs").content.decode() == theirs
    assert again(ours, f"{theirs}\n## Use\n").content is None
