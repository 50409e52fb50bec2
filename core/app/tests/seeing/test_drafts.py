"""Definitions written from a few answers are sound, and say what was answered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle.definition import load_text, load_yaml
from treadle.drafts import Draft, DraftInput, DraftStep, draft_text, write_draft
from treadle.plugins import PluginHost
from treadle_hookspecs import Action, ExitCode, Module, TreadleError, hookimpl


class Acts:
    @hookimpl
    def treadle_modules(self):
        inputs = {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]}
        yield Module("acts", "1", (Action("do", "os:getcwd", inputs=inputs),))
        yield Module(
            "command", "1", (Action("run", "os:getcwd", inputs={"type": "object", "additionalProperties": True}),)
        )


@pytest.fixture
def plugins():
    host = PluginHost(discover=False)
    host.register(Acts(), name="acts")
    return host


FULL = Draft(
    "release",
    "Release: it",
    (DraftInput("target", "string", "no", description="Where # to"), DraftInput("count", "integer", required=True)),
    (
        DraftStep("build", run="make all"),
        DraftStep("lint", run="echo one\n\n  echo two", needs=()),
        DraftStep("ship", uses="acts/do", with_={"what": "{{ inputs.target }}"}, needs=("build", "lint"), attempts=3),
    ),
)


def test_what_was_answered_stands_in_the_file_with_comments(tmp_path, plugins):
    path = write_draft(FULL, tmp_path, plugins)
    assert path == tmp_path / "workflows" / "release.yaml"
    text = path.read_text()
    data = load_yaml(text, "x")
    assert (data["name"], data["title"]) == ("release", "Release: it")
    assert data["inputs"]["target"] == {"type": "string", "default": "no", "description": "Where # to"}
    assert data["inputs"]["count"] == {"type": "integer", "required": True}
    build, lint, ship = data["steps"]
    assert build == {"id": "build", "run": "make all"}
    assert lint == {"id": "lint", "needs": [], "run": "echo one\n\n  echo two\n"}
    assert ship["with"] == {"what": "{{ inputs.target }}"}
    assert ship["retry"] == {"max_attempts": 3, "delay": "5s", "backoff": 2}
    assert ship["needs"] == ["build", "lint"]
    assert text.startswith("# Run it:\n#\n#     treadle run release\n")
    assert "  # each one is an option of `treadle run release`" in text
    assert load_text(text, "x.yaml", plugins).problems == ()


def test_what_is_unsound_is_not_written(tmp_path, plugins):
    draft = Draft("w", steps=(DraftStep("a", uses="acts/do"), DraftStep("b", run="true", needs=("c",))))
    with pytest.raises(TreadleError) as raised:
        write_draft(draft, tmp_path, plugins)
    assert "2 problems" in raised.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path, plugins):
    write_draft(FULL, tmp_path, plugins)
    with pytest.raises(TreadleError) as raised:
        write_draft(FULL, tmp_path, plugins)
    assert raised.value.exit_code == ExitCode.CONFLICT
    write_draft(FULL, tmp_path, plugins, force=True)


@pytest.mark.parametrize("name", ["", "../x", "A", "a b"])
def test_names_that_are_none(tmp_path, plugins, name):
    with pytest.raises(TreadleError):
        write_draft(Draft(name, steps=(DraftStep("a", run="true"),)), tmp_path, plugins)
    assert list(tmp_path.iterdir()) == []


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)


@given(TEXTS, TEXTS, st.one_of(TEXTS, st.integers(-9, 9), st.booleans(), st.lists(TEXTS, max_size=2)))
@settings(max_examples=150, deadline=None)
def test_any_text_comes_back_as_it_was(title, script, value):
    draft = Draft("w", title, steps=(DraftStep("a", run=script), DraftStep("b", uses="acts/do", with_={"what": value})))
    first, second = load_yaml(draft_text(draft), "x")["steps"]
    assert load_yaml(draft_text(draft), "x")["title"] == title
    assert second["with"] == {"what": value}
    assert first["run"].rstrip("\n") == script.rstrip("\n")
