"""Actions: found by name, imported, their inputs described and bound."""

import enum
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, NotRequired, TypeAlias, TypedDict

import jsonschema
import pydantic
import pytest
from treadle.plugins import PluginHost, PluginRecord, ResolvedAction
from treadle.plugins._declared import violations
from treadle_hookspecs import Action, ActionError, Json, JsonObject, Module, Outcome, TreadleError, hookimpl

if TYPE_CHECKING:
    from treadle_hookspecs import ActionContext

Site: TypeAlias = Any
"""`conftest.Site`: test modules cannot import it."""


def resolved(function: Callable[..., object], **declared: Any) -> ResolvedAction:
    record = PluginRecord("demo", "acme-demo", "1.0")
    return ResolvedAction("demo/go", Action("go", "demo:go", **declared), record, function)


def refused(action: ResolvedAction, **inputs: Json) -> str:
    with pytest.raises(ActionError) as caught:
        action.bind(inputs)
    assert caught.value.error_class == "invalid-input"
    assert caught.value.retryable is False
    return caught.value.message


# Shapes


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Span(TypedDict):
    start: int
    end: NotRequired[int]


@dataclass
class Limit:
    name: str
    most: float = 1.0
    tags: list[str] = field(default_factory=list)


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("it must be even")


class Node(TypedDict):
    value: int
    children: "list[Node]"


class Window(pydantic.BaseModel):
    first: date
    size: int = pydantic.Field(ge=1)


UserId = NewType("UserId", int)


def taking(annotation: Any) -> ResolvedAction:
    def go(x): ...  # type: ignore[no-untyped-def]

    go.__annotations__["x"] = annotation
    return resolved(go)


@pytest.mark.parametrize(
    ("annotation", "value", "result", "schema"),
    [
        (str, "a", "a", {"type": "string"}),
        (bool, True, True, {"type": "boolean"}),
        (int, 3, 3, {"type": "integer"}),
        (int, 3.0, 3, {"type": "integer"}),
        (float, 3, 3.0, {"type": "number"}),
        (list, [1, "a"], [1, "a"], {"type": "array"}),
        (list[str], ["a"], ["a"], {"type": "array", "items": {"type": "string"}}),
        (Sequence[int], (1, 2), [1, 2], {"type": "array", "items": {"type": "integer"}}),
        (tuple[int, ...], [1, 2], (1, 2), {"type": "array", "items": {"type": "integer"}}),
        (dict, {"a": 1}, {"a": 1}, {"type": "object"}),
        (dict[str, int], {"a": 1}, {"a": 1}, {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Mapping[str, Any], {"a": None}, {"a": None}, {"type": "object"}),
        (Any, {"a": [1]}, {"a": [1]}, {}),
        (Json, [None], [None], {}),
        (JsonObject, {"a": [1]}, {"a": [1]}, {"type": "object"}),
        ("JsonObject", {"a": [1]}, {"a": [1]}, {"type": "object"}),
        (str | None, None, None, {"type": ["string", "null"]}),
        (int | list[int], [1], [1], {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
        (Literal["a", 2], 2, 2, {"enum": ["a", 2]}),
        (Colour, "red", Colour.RED, {"enum": ["red", "blue"]}),
        (
            Node,
            {"value": 1, "children": [{"value": 2.0, "children": []}]},
            {"value": 1, "children": [{"value": 2, "children": []}]},
            {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "children": {"type": "array", "items": {"type": "object"}},
                },
                "additionalProperties": False,
                "required": ["value", "children"],
            },
        ),
        (Path, "a/b", Path("a/b"), {"type": "string", "format": "path"}),
        (UserId, 7, 7, {"type": "integer"}),
        (Annotated[int, "how many"], 7, 7, {"type": "integer", "description": "how many"}),
        (
            Span,
            {"start": 1},
            {"start": 1},
            {
                "type": "object",
                "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}},
                "additionalProperties": False,
                "required": ["start"],
            },
        ),
        (
            list[Limit],
            [{"name": "a", "most": 2}],
            [Limit("a", 2.0)],
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "most": {"type": "number"},
                        "tags": {"type": "array", "items": {"type": "string"}},
                    },
                    "additionalProperties": False,
                    "required": ["name"],
                },
            },
        ),
    ],
)
def test_a_value_of_the_right_type_is_converted(annotation: Any, value: Json, result: object, schema: object) -> None:
    action = taking(annotation)
    bound = action.bind({"x": value})
    assert bound == {"x": result}
    assert type(bound["x"]) is type(result)
    assert action.input_schema["properties"] == {"x": schema}
    assert action.input_schema["required"] == ["x"]


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        (str, 1, "x: expected a text, got an integer"),
        (int, True, "x: expected an integer, got a boolean"),
        (int, 3.5, "x: expected an integer, got a number"),
        (int, "3", "x: expected an integer, got a text"),
        (bool, "yes", "x: expected true or false, got a text"),
        (float, None, "x: expected a number, got null"),
        (list[int], [1, "a", None], "x[1]: expected an integer, got a text; x[2]: expected an integer, got null"),
        (list, "abc", "x: expected an array, got a text"),
        (dict[str, int], {"a": "b"}, "x.a: expected an integer, got a text"),
        (int | None, "a", "x: expected an integer or null, got a text"),
        (Literal["left", "right"], "rigth", "x: expected one of 'left', 'right'; did you mean `right`?"),
        (Literal[1], True, "x: expected one of 1"),
        (Colour, "green", "x: expected one of 'red', 'blue'"),
        (Path, 3, "x: expected a path, got an integer"),
        (Path, "a\0b", "x: expected a path"),
        (Span, {"end": 1, "strat": 2}, "x.start: missing; x.strat: unknown; did you mean `start`?"),
        (Limit, {"name": 1}, "x.name: expected a text, got an integer"),
        (Even, {"number": 3}, "x: it must be even"),
        (Limit, [], "x: expected an object, got an array"),
        (Window, {"first": "2026-01-01", "size": 0}, "x.size: input should be greater than or equal to 1"),
        (
            Node,
            {"value": 1, "children": [{"value": "a", "children": []}]},
            "x.children[0].value: expected an integer, got a text",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_place(annotation: Any, value: Json, words: str) -> None:
    message = refused(taking(annotation), x=value)
    assert message.startswith("demo/go: ")
    assert words in message


@pytest.mark.parametrize("annotation", [int, list[int], Colour, Literal["a"], Span, Window, date, Limit | None])
def test_a_message_never_holds_a_value(annotation: Any) -> None:
    secret = "hunter2-hunter2"
    assert secret not in refused(taking(annotation), x=secret)
    assert secret not in refused(taking(dict[str, annotation]), x={"key": secret})


def test_models_and_dates_are_made_by_pydantic() -> None:
    action = taking(Window)
    assert action.bind({"x": {"first": "2026-01-31", "size": "3"}}) == {"x": Window(first=date(2026, 1, 31), size=3)}
    assert action.input_schema["properties"]["x"]["properties"]["size"]["minimum"] == 1  # type: ignore[index, call-overload]


def test_a_type_that_json_cannot_become_is_the_plugins_fault() -> None:
    with pytest.raises(TreadleError, match=r"demo/go of acme-demo 1.0 cannot be called"):
        taking(Callable[[], int]).bind({"x": 1})


# Signatures


def test_inputs_are_named_in_one_message() -> None:
    def go(first: int, second: str, third: bool = False) -> None: ...

    message = refused(resolved(go), secnd="a", third=1)
    assert message == (
        "demo/go: first: missing; second: missing; secnd: unknown; did you mean `second`?; "
        "third: expected true or false, got an integer"
    )


def test_defaults_are_left_to_the_function_and_stand_in_the_schema() -> None:
    def go(base: str, head: str = "HEAD", extra: object = object()) -> None:
        """Do it.

        Args:
            base: where to start,
                e.g. `main`.
            head: where to end.

        Returns:
            nothing: really.
        """

    action = resolved(go)
    assert action.bind({"base": "main"}) == {"base": "main"}
    assert action.input_schema == {
        "type": "object",
        "properties": {
            "base": {"type": "string", "description": "where to start, e.g. `main`."},
            "head": {"type": "string", "default": "HEAD", "description": "where to end."},
            "extra": {},
        },
        "additionalProperties": False,
        "required": ["base"],
    }


def test_the_context_is_no_input_even_if_its_type_is_known_to_type_checkers_only() -> None:
    async def go(name: str, *, context: "ActionContext") -> None: ...

    action = resolved(go)
    assert action.takes_context
    assert action.is_async
    assert action.bind({"name": "a"}) == {"name": "a"}
    assert "context" not in action.input_schema["properties"]  # type: ignore[operator]
    assert "context: unknown" in refused(action, name="a", context={})


def test_an_annotation_that_cannot_be_read_is_named() -> None:
    def go(x: "ActionContext") -> None: ...

    with pytest.raises(TreadleError, match=r"annotation of `x`.*ActionContext.*import it at run time"):
        resolved(go).bind({"x": 1})


def test_a_function_with_further_names_takes_them_all() -> None:
    def go(first: int, **rest: int) -> None: ...

    action = resolved(go)
    assert action.bind({"first": 1, "other": 2}) == {"first": 1, "other": 2}
    assert action.input_schema["additionalProperties"] is True
    assert "other: expected an integer" in refused(action, first=1, other="a")


def test_a_parameter_without_annotation_takes_anything() -> None:
    assert resolved(lambda x, y=1: None).bind({"x": [{}]}) == {"x": [{}]}


@pytest.mark.parametrize("function", [lambda x, /: None, lambda *x: None])
def test_parameters_that_no_step_can_give_are_refused(function: Callable[..., object]) -> None:
    with pytest.raises(TreadleError, match="parameter `x` cannot be given by name"):
        resolved(function).bind({})


def test_an_action_without_inputs_takes_none() -> None:
    action = resolved(lambda context: None)
    assert action.bind({}) == {}
    assert action.bind({}) is not action.bind({}), "the runtime adds the context"
    assert refused(action, x=1) == "demo/go: x: unknown"


def test_an_object_with_an_async_call_is_async() -> None:
    class Caller:
        async def __call__(self, x: int) -> None: ...

    action = resolved(Caller())
    assert action.is_async
    assert action.bind({"x": 1}) == {"x": 1}


def test_plain_types_are_bound_without_pydantic() -> None:
    script = """
import sys
from pathlib import Path
from treadle.plugins import PluginRecord, ResolvedAction
from treadle_hookspecs import Action
def go(a: str, b: list[int], c: dict[str, float] | None = None, d: Path = Path()): ...
action = ResolvedAction("a/b", Action("b", "a:b"), PluginRecord("a", "a"), go)
action.bind({"a": "x", "b": [1], "d": "y"}), action.input_schema, action.output_schema
print("pydantic" in sys.modules)
"""
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )


# Declared schemas


def test_a_declared_schema_is_checked_and_its_defaults_are_filled_in() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "depth": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
            "mode": {"enum": ["fast", "slow"]},
            "names": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "maxItems": 2},
            "ratio": {"type": ["number", "null"], "exclusiveMaximum": 1},
        },
        "required": ["mode"],
        "additionalProperties": False,
    }

    def go(**inputs: Any) -> None: ...

    action = resolved(go, inputs=schema)
    assert action.input_schema is schema
    assert action.bind({"mode": "fast"}) == {"depth": 3, "mode": "fast"}
    assert refused(action, depth=0, names=["a", "B", "c"], ratio=1.0, other=1) == (
        "demo/go: mode: missing; other: unknown; depth: must be at least 1; names: must be at most 2 items; "
        "names[1]: does not match the pattern ^[a-z]+$; ratio: must be less than 1"
    )
    assert refused(action, mode="quick") == "demo/go: mode: expected one of 'fast', 'slow'"
    assert refused(action, mode="fast", depth="3") == "demo/go: depth: expected integer, got a text"


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, [None, "a"], [1]),
        ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, [1, 3], [0, 4]),
        ({"const": 4}, [4], [5]),
        ({"const": True}, [True], [1]),
        ({"enum": [1, "a"]}, [1, "a"], [True, "b"]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, [{}, {"a": 1}], [{"a": "b"}, []]),
        ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab", "abc"], ["a", "abcd", 12]),
        ({"exclusiveMinimum": 0}, [0.1], [0]),
        ({"type": "integer"}, [3, 3.0], [3.5, True]),
        ({"type": "boolean"}, [True], [1]),
    ],
)
def test_keywords_of_declared_schemas_agree_with_a_reference_implementation(
    schema: JsonObject, good: list[Json], bad: list[Json]
) -> None:
    reference = jsonschema.Draft202012Validator(schema)
    for accepted, values in ((True, good), (False, bad)):
        for value in values:
            assert (not list(violations(value, schema, "x"))) is accepted, value
            assert reference.is_valid(value) is accepted, value


# Outputs


class Figures(TypedDict):
    lines: int


@pytest.mark.parametrize("annotation", [Figures, Figures | Outcome, Outcome | Figures | None])
def test_outputs_are_known_from_the_return_annotation(annotation: Any) -> None:
    def go(): ...  # type: ignore[no-untyped-def]

    go.__annotations__["return"] = annotation
    schema = resolved(go).output_schema
    assert schema is not None
    assert schema["properties"] == {"lines": {"type": "integer"}}


@pytest.mark.parametrize("annotation", [None, dict, dict[str, int], Outcome, int, "Unheard"])
def test_outputs_without_names_are_unknown(annotation: Any) -> None:
    def go(): ...  # type: ignore[no-untyped-def]

    go.__annotations__["return"] = annotation
    assert resolved(go).output_schema is None


# Looking actions up


def test_an_action_is_resolved_by_its_full_name_and_by_an_alias(site: Site) -> None:
    package = site.add(
        "acme-math",
        """
        from treadle_hookspecs import Action, Module, hookimpl
        @hookimpl
        def treadle_modules():
            yield Module("math", "1", (Action("double", "acme_math.work:double", aliases=("double_it",)),))
        """,
        code={"work": "def double(x: int) -> dict: return {'result': 2 * x}"},
    )
    host = PluginHost()
    assert host.action("double_it") is host.action("math/double")
    assert f"{package}.work" not in sys.modules, "only the thin plugin module is imported"
    action = host.resolve("double_it")
    assert action.name == host.canonical("double_it") == "math/double"
    assert action.function(**action.bind({"x": 4})) == {"result": 8}
    assert host.resolve("double_it") is action
    assert host.provider("double_it").distribution == "acme-math"
    assert host.action_inputs("double_it")["required"] == ["x"]  # type: ignore[index]
    assert host.action_outputs("double_it") is None
    assert "double_it" not in host.action_names()


def test_what_nobody_provides_is_named_with_what_to_do() -> None:
    host = PluginHost(discover=False)
    with pytest.raises(TreadleError) as caught:
        host.resolve("testing/run-tests")
    assert caught.value.message == "no plugin provides the action `testing/run-tests`"
    assert caught.value.suggestions == ("run: pip install treadle-testing",)
    assert caught.value.exit_code == 2
    assert host.install_hint("run_tests") == "pip install treadle-testing"
    assert host.action("testing/run-tests") is None
    assert host.action_inputs("testing/run-tests") is None


def test_a_made_up_name_never_becomes_a_pip_line() -> None:
    host = PluginHost(discover=False)
    assert host.install_hint("tseting/run-tests") == ""
    with pytest.raises(TreadleError) as caught:
        host.resolve("tseting/run-tests")
    assert not any("pip install" in one for one in caught.value.suggestions)


def test_a_slip_in_a_name_is_met_with_the_right_one(site: Site) -> None:
    site.good()
    with pytest.raises(TreadleError) as caught:
        PluginHost().resolve("good/goo")
    assert caught.value.suggestions == ("did you mean `good/go`?", "good has go")


def test_code_that_cannot_be_imported_is_named_with_its_distribution(site: Site) -> None:
    site.add(
        "acme-math",
        """
        from treadle_hookspecs import Action, Module, hookimpl
        @hookimpl
        def treadle_modules():
            yield Module("math", "1", (Action("a", "acme_math.work:a"), Action("b", "acme_math.thin:nope")))
        """,
        code={"work": "import a_heavy_library", "thin": ""},
    )
    host = PluginHost()
    with pytest.raises(TreadleError, match=r"acme_math\.work:a of acme-math 1\.0 cannot be imported") as caught:
        host.resolve("math/a")
    assert "`a_heavy_library`" in caught.value.suggestions[0]
    with pytest.raises(TreadleError, match=r"AttributeError.*nope"):
        host.resolve("math/b")
    assert host.action_inputs("math/a") is None


def test_a_rollback_action_is_bound_as_an_action_is() -> None:
    from treadle_hookspecs import RollbackAction

    class Undo:
        @hookimpl
        def treadle_rollback_actions(self) -> list[RollbackAction]:
            return [RollbackAction("delete-files", "shutil:rmtree")]

    host = PluginHost(discover=False)
    host.register(Undo(), name="undo")
    assert host.rollback_types() == ("delete-files",)
    assert host.rollback_action("delete-files") is not None
    assert host.rollback_action("other") is None
    assert host.resolve_rollback("delete-files").bind({"path": "x"}) == {"path": "x"}
    with pytest.raises(TreadleError, match="no plugin provides the rollback action `delete-file`"):
        host.resolve_rollback("delete-file")


def test_a_module_may_come_from_two_plugins() -> None:
    host = PluginHost(discover=False)
    for name in ("one", "two"):

        class Part:
            part = name

            @hookimpl
            def treadle_modules(self) -> list[Module]:
                return [Module("shared", "1", (Action(self.part, "json:dumps"),))]

        host.register(Part(), name=name)
    assert host.action_names() == ["agent/perform", "shared/one", "shared/two"]
    assert host.problems() == ()
