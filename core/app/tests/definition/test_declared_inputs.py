import pytest
from treadle.definition import check_inputs
from treadle_engine.plan import InputSpec, Plan, ScopePlan
from treadle_hookspecs import Json, TreadleError

PLAN = Plan(
    "deploy",
    ScopePlan(()),
    inputs=(
        InputSpec("target", "string", required=True, enum=("staging", "production")),
        InputSpec("replicas", "integer", default=2, has_default=True),
        InputSpec("ratio", "number"),
        InputSpec("fast", "boolean"),
        InputSpec("tags", "array"),
        InputSpec("options", "object"),
        InputSpec("free"),
        InputSpec("token", "integer", sensitive=True),
    ),
)
NOTHING = dict.fromkeys(["ratio", "fast", "tags", "options", "free", "token"])


def test_defaults_are_filled_in() -> None:
    assert check_inputs(PLAN, {"target": "staging"}) == {"target": "staging", "replicas": 2, **NOTHING}


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("replicas", "3", 3),
        ("replicas", 3.0, 3),
        ("ratio", "0.5", 0.5),
        ("ratio", 1, 1),
        ("fast", "true", True),
        ("fast", "No", False),
        ("fast", "on", True),
        ("tags", "one", ["one"]),
        ("tags", "[1, 2]", [1, 2]),
        ("tags", ("a", "b"), ["a", "b"]),
        ("options", '{"a": [1]}', {"a": [1]}),
        ("free", "3", "3"),
        ("free", {"a": 1}, {"a": 1}),
        ("target", "production", "production"),
        ("ratio", None, None),
    ],
)
def test_text_becomes_the_declared_type(name: str, given: Json, value: Json) -> None:
    result = check_inputs(PLAN, {"target": "staging", name: given})[name]
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "`target`: it is required"),
        ({"target": None}, "`target`: must be of type string, not nothing"),
        ({"target": "stagin"}, "'stagin' is none of staging, production; did you mean `staging`?"),
        ({"target": 3}, "`target`: must be of type string, not a number"),
        ({"replicas": "many"}, "`replicas`: 'many' cannot be read as an integer"),
        ({"replicas": "1.5"}, "`replicas`: must be of type integer, not a number"),
        ({"replicas": True}, "`replicas`: must be of type integer, not a boolean"),
        ({"ratio": "NaN"}, "`ratio`: 'NaN' cannot be read as a number"),
        ({"fast": "maybe"}, "`fast`: must be true or false, not 'maybe'"),
        ({"options": "[]"}, "`options`: must be of type object, not a list"),
        ({"tags": "[1"}, "`tags`: '[1' cannot be read as an array"),
        ({"replica": 3}, "`replica`: there is no such input"),
        ({"token": "hunter2"}, "`token`: the text cannot be read as an integer"),
    ],
)
def test_what_cannot_be_taken_is_named(given: dict[str, Json], problem: str) -> None:
    with pytest.raises(TreadleError) as caught:
        check_inputs(PLAN, {"target": "staging", **given} if given else {})
    assert problem in caught.value.message
    assert (caught.value.code, caught.value.exit_code) == ("TRD0201", 2)


def test_every_bad_input_is_named_at_once_with_suggestions() -> None:
    with pytest.raises(TreadleError) as caught:
        check_inputs(PLAN, {"replica": 1, "fast": "x", "ratio": []})
    assert caught.value.context["inputs"] == {
        "replica": "there is no such input",
        "target": "it is required",
        "ratio": "must be of type number, not a list",
        "fast": "must be true or false, not 'x'",
    }
    assert "did you mean `replicas`?" in caught.value.suggestions
    assert "target (string, required)" in caught.value.suggestions[-1]
