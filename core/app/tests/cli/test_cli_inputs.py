"""A workflow's inputs as options of `treadle run`."""

import ast
import json

import pytest


def given(ran):
    """What the facade was handed."""
    line = next(line for line in ran.err.splitlines() if line.startswith("call run "))
    return ast.literal_eval(line.removeprefix("call run "))["inputs"]


@pytest.fixture
def inputs(fake):
    return lambda *words: given(fake("completed", "--debug", "run", "release", *words))


def test_options_reach_the_inputs_as_typed(inputs):
    assert inputs("--feature", "a b", "--max-complexity", "12", "--full", "--speed", "slow") == {
        "feature": "a b",
        "max_complexity": "12",
        "full": True,
        "speed": "slow",
    }


def test_what_is_not_given_is_left_to_the_definition(inputs):
    assert inputs() == {}
    assert inputs("--no-full") == {"full": False}
    assert inputs("--feature", "") == {"feature": ""}


def test_arrays_are_repeated_or_json(inputs):
    assert inputs("--tag", "a", "--tag", "b") == {"tag": ["a", "b"]}
    assert inputs("--tag", "a") == {"tag": ["a"]}
    assert inputs("--tag", '["a", "b"]') == {"tag": '["a", "b"]'}


def test_own_option_wins_over_input_and_that_over_the_file(inputs, tmp_path):
    (tmp_path / "in.yaml").write_text("feature: file\nspeed: slow\nmax_complexity: 3\n")
    assert inputs(
        "--inputs-file", "in.yaml", "--input", "speed=fast", "--input", "feature=given", "--feature", "own"
    ) == {
        "feature": "own",
        "speed": "fast",
        "max_complexity": 3,
    }


def test_input_from_a_file(inputs, tmp_path):
    (tmp_path / "meta.json").write_text('{"a": [1, null]}')
    (tmp_path / "note.txt").write_text("two\nlines\n")
    assert inputs("--input", "meta=@meta.json", "--input", "feature=@note.txt") == {
        "meta": {"a": [1, None]},
        "feature": "two\nlines\n",
    }


def test_value_with_equals_signs(inputs):
    assert inputs("--input", "feature=a=b=c") == {"feature": "a=b=c"}


def test_an_input_that_shares_an_option_is_reached_by_input_and_said_in_the_help(fake, inputs):
    assert inputs("--input", "json=x") == {"json": "x"}
    assert "By --input NAME=VALUE only: json." in fake("completed", "run", "release", "--help").out


def test_options_may_stand_before_the_workflow(fake):
    ran = fake("completed", "--debug", "run", "--input", "feature=x", "--no-progress", "release", "--speed", "slow")
    assert given(ran) == {"feature": "x", "speed": "slow"}


def test_help_shows_types_defaults_and_what_is_required(fake):
    text = " ".join(fake("completed", "run", "release", "--help").out.split())
    assert "--feature TEXT What to build (required)" in text
    assert "--max-complexity INTEGER The limit (default: 10)" in text
    assert "--full / --no-full" in text
    assert "--speed fast|slow" in text
    assert "repeat it, or give a JSON list" in text


def test_help_without_a_workflow_describes_the_command(fake):
    ran = fake("completed", "run", "--help")
    assert ran.code == 0
    assert "--inputs-file" in ran.out
    assert "--feature" not in ran.out


def test_mistyped_input_is_suggested(fake):
    ran = fake("completed", "run", "release", "--featur", "x")
    assert ran.code == 2
    assert "no such option: --featur" in ran.err
    assert "did you mean `--feature`?" in ran.err


def test_input_before_the_workflow(fake):
    ran = fake("completed", "run", "--feature", "x", "release")
    assert ran.code == 0
    assert "version: 1.2.0" in ran.out


def test_missing_workflow(fake):
    ran = fake("completed", "run")
    assert ran.code == 2
    assert "missing argument 'WORKFLOW'" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--input", "feature"], 2, "`--input feature` has no value"),
        (["--input", "meta=@none.json"], 3, "cannot read none.json"),
        (["--inputs-file", "none.yaml"], 3, "cannot read none.yaml"),
        (["--inputs-file", "list.yaml"], 2, "list.yaml holds no inputs"),
    ],
)
def test_bad_inputs_say_what_to_write(fake, tmp_path, words, code, said):
    (tmp_path / "list.yaml").write_text("- a\n")
    ran = fake("completed", "run", "release", *words)
    assert ran.code == code
    assert said in ran.err


def test_dry_run_lists_commands_files_and_missing_programs(fake):
    ran = fake("completed", "run", "release", "--feature", "x", "--dry-run")
    assert ran.code == 0
    assert "$ sh -c 'make it'" in ran.out
    assert "writes out" in ran.out
    assert "missing: pytest" in ran.out
    assert "call run" not in fake("completed", "--debug", "run", "release", "--dry-run").err


def test_dry_run_as_json(fake):
    document = json.loads(fake("completed", "run", "release", "--feature", "x", "--dry-run", "--json").out)
    assert document["schema"] == "treadle/dry-run@1"
    assert document["inputs"] == {"feature": "x"}
    assert document["steps"][0]["commands"] == [["sh", "-c", "make it"]]
