"""Documentation of a small real project, measured and written."""

from pathlib import Path
from typing import Any

import pytest
from treadle_documentation._changelog import released, with_entries
from treadle_documentation._markdown import anchors, links, slug
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext

LOG = """\
# Changelog

All notable changes.

## [Unreleased]

### Fixed

- a crash

## [1.0.0] - 2026-01-01

### Added

- the beginning

[1.0.0]: https://example.org
"""
README = """\
# Greet

See [use](docs/use.md#how-to-greet), [gone](docs/none.md), [head](docs/use.md#nope), `src/greet/core.py`.
"""
USE = """\
# Use

## How to *greet*

```
[not a link](x.md)
```

[up](../README.md) [web](https://x.y/z) [out](../../z)
"""
CORE = '''\
"""Core."""


def greet(name: str, *, times: int = 1) -> str:
    """Say hello."""
    return name * times


def shout(name):
    return name


class Voice(Base):
    """Loud."""

    def speak(self): ...
    def _hum(self): ...
'''
PACKAGE = '''\
"""Greetings."""

from os import path

from greet._own import own

__all__ = ["own", "path"]
'''
FILES = {
    "README.md": README,
    "docs/use.md": USE,
    "src/greet/__init__.py": PACKAGE,
    "src/greet/core.py": CORE,
    "src/greet/_own.py": "def own(): ...\n",
    "tests/test_core.py": "def test_it(): ...\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def perform(root: Path, tmp_path: Path):
    def run(action: str, **inputs: Any) -> dict[str, Any]:
        return dict(StandaloneContext(root, tmp_path).perform(action, **inputs).outputs)

    return run


def test_entries_go_where_they_belong_and_the_rest_stays() -> None:
    text, added = with_entries(LOG, "Fixed", ["a leak", "a crash"])
    assert added == ["a leak"]
    assert text == LOG.replace("- a crash\n", "- a crash\n- a leak\n")
    text, _ = with_entries(LOG, "Added", ["a door"])
    assert "- a crash\n\n### Added\n\n- a door\n\n## [1.0.0]" in text
    assert text.endswith("[1.0.0]: https://example.org\n")


def test_a_changelog_without_an_unreleased_section() -> None:
    text, _ = with_entries("# Changelog\n\n## 1.0 - 2026-01-01\n\n- old\n", "Added", ["new"])
    assert text == "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- new\n\n## 1.0 - 2026-01-01\n\n- old\n"


def test_a_release() -> None:
    text = released(LOG, "1.1.0", "2026-02-02")
    assert "## [Unreleased]\n\n## [1.1.0] - 2026-02-02\n\n### Fixed\n\n- a crash\n\n## [1.0.0]" in text
    with pytest.raises(ActionError, match="already"):
        released(LOG, "1.0.0", "x")
    with pytest.raises(ActionError, match="nothing is unreleased"):
        released(text, "1.2.0", "x")


def test_the_changelog_action_is_idempotent(perform, root: Path) -> None:
    first = perform("documentation/changelog", entries=["greetings  in\nTurkish"])
    assert (first["created"], first["added"]) == (["CHANGELOG.md"], ["greetings in Turkish"])
    written = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- greetings in Turkish\n"
    assert (root / "CHANGELOG.md").read_text() == written
    assert perform("documentation/changelog", entries=["greetings in Turkish"])["changed"] is False
    second = perform("documentation/changelog", entries=["more"], kind="Fixed", release="1.0.0", date="2026-01-01")
    assert second["modified"] == ["CHANGELOG.md"]
    with pytest.raises(ActionError, match="Added, Changed"):
        perform("documentation/changelog", entries=["x"], kind="New")


def test_links_and_headings() -> None:
    assert [link.target for link in links("[a](b.md 'T') ![i](c.png)\n[r]: d.md\n`[x](y.md)`\n[w](mailto:a@b)")] == [
        "b.md",
        "c.png",
        "d.md",
    ]
    assert anchors("# A *b* `c`!\n## Twice\n## Twice\n<a id='own'></a>") == {"a-b-c", "twice", "twice-1", "own"}
    assert slug("See [the page](x.md): now") == "see-the-page-now"


def test_check_docs(perform) -> None:
    found = perform("documentation/check-docs", min_documented=90)
    assert [(one["file"], one["line"], one["target"]) for one in found["broken"]] == [
        ("README.md", 3, "docs/none.md"),
        ("README.md", 3, "docs/use.md#nope"),
    ]
    assert found["documented"] == 66.7  # two modules, greet and Voice of six
    assert [one["name"] for one in found["undocumented"]] == ["shout", "Voice.speak"]
    assert found["verdict"] == "fail"
    assert len(found["reasons"]) == 2


def test_check_docs_of_nothing_is_not_green(perform, root: Path) -> None:
    (root / "empty").mkdir()
    assert perform("documentation/check-docs", pages=["empty"], packages=["empty"])["verdict"] == "not-checked"
    assert perform("documentation/check-docs", pages=["docs"], packages=["empty"])["verdict"] == "pass"
    with pytest.raises(ActionError, match="there is no nowhere"):
        perform("documentation/check-docs", pages=["nowhere"])


def test_api_reference(perform, root: Path) -> None:
    found = perform("documentation/api-reference", package="greet")
    text = (root / "docs/api.md").read_text()
    assert (
        "#### `greet.core.greet`\n\n```python\ndef greet(name: str, *, times: int = 1) -> str\n```\n\nSay hello."
        in text
    )
    assert "class Voice(Base)" in text
    assert "_hum" not in text
    assert "`greet.own`" in text, "what `__all__` offers is public, wherever it is defined"
    assert "_own" not in text
    assert found["undocumented"] == ["greet.own", "greet.core.shout", "greet.core.Voice.speak"]
    again = perform("documentation/api-reference", package="greet")
    assert (again["created"], again["modified"]) == ([], [])
    with pytest.raises(ActionError, match="no package nothing"):
        perform("documentation/api-reference", package="nothing")


def test_update_docs(perform, root: Path) -> None:
    found = perform(
        "update_documentation", feature="greet loudly", changes=[{"path": "src/greet/core.py"}], package="greet"
    )
    assert found["created"] == ["CHANGELOG.md", "docs/api.md"]
    assert found["mentions"] == [{"page": "README.md", "file": "src/greet/core.py"}]
    assert "see whether README.md still holds: src/greet/core.py has changed" in found["next_steps"]
    assert len(found["broken"]) == 2
