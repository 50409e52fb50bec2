import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from treadle_engine.expressions import (
    ExpressionError,
    Reference,
    as_text,
    compile_expression,
    compile_value,
    enclosed_expression,
    references,
)
from treadle_hookspecs import Json

CONTEXT = {
    "inputs": {
        "feature": "dark mode",
        "items": [3, 1, 2],
        "count": 3,
        "größe": 1,
        "files": [{"name": "a", "ok": True}],
    },
    "steps": {
        "fix-tests": {"outputs": {"fixed": True}, "visit": 2, "error": None},
        "test": {"outputs": {"passed": False}, "visits": [{"outcome": "failure"}, {"outcome": "success"}]},
    },
    "secrets": {"TOKEN": {"$secret": "TOKEN"}},
    "workflow": {"status": "running", "error": None},
}


def evaluate(text: str) -> object:
    return compile_value(text).evaluate(CONTEXT)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{ inputs.feature }}", "dark mode"),
        ("{{inputs.count}}", 3),
        ("{{ inputs.items }}", [3, 1, 2]),
        ("add {{ inputs.feature }}!", "add dark mode!"),
        ("{{ inputs.count }}{{ inputs.count }}", "33"),
        (" {{ inputs.count }}", " 3"),
        ("printf '{%s}' {{ inputs.count }}", "printf '{%s}' 3"),
        ("n={{ none }} b={{ true }} l={{ [1, 'a'] }} o={{ {'k': null} }}", 'n= b=true l=[1, "a"] o={"k": null}'),
        ("{{ steps.fix-tests.outputs.fixed }}", True),
        ("{{ steps.fix-tests.outputs.fixed and not steps.test.outputs.passed }}", True),
        ("{{ steps.fix-tests.visit-1 }}", 1),
        ("{{ steps['fix-tests'].visit }}", 2),
        ("{{ inputs.items | length }}", 3),
        ("{{ inputs.items[0] + inputs.items[-1] }}", 5),
        ("{{ inputs['größe'] }}", 1),
        ("{{ inputs.items[1:] }}", [1, 2]),
        ("{{ {'a': {'b': [1, 2]}} }}", {"a": {"b": [1, 2]}}),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }} x {{ '{%' }}", "{{ x {%"),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ 7 // 2 + 7 % 2 + 2 ** 3 - 1 }}", 11),
        ("{{ 'yes' if inputs.count > 2 else 'no' }}", "yes"),
        ("{{ 'a' ~ 1 ~ true ~ none ~ [1] }}", "a1true[1]"),
        ("{{ 'dark' in inputs.feature }}", True),
        ("{{ inputs.nothing | default('x') }}", "x"),
        ("{{ inputs.nothing is defined }}", False),
        ("{{ steps.test.visits[1].outcome }}", "success"),
        ("{{ workflow.error }}", None),
        ("{{ workflow.error == null }}", True),
        ("{{ inputs.items | sort | map('string') | join('-') }}", "1-2-3"),
        ("{{ inputs.files | selectattr('ok') | map(attribute='name') | first }}", "a"),
        ("{{ [1, 2, 3] | select('>=', 2) }}", [2, 3]),
        ("{{ [{'n': 1}, {'n': 2}] | rejectattr('n', 'equalto', 2) | map(attribute='n') }}", [1]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ secrets.TOKEN }}", {"$secret": "TOKEN"}),
        ("{{ 'a\\nb' | lines }}", ["a", "b"]),
        ("{{ '[1, {\"a\": 2}]' | fromjson }}", [1, {"a": 2}]),
        ("{{ ' 12 ' | int + '1.5' | float }}", 13.5),
        ("{{ 'x' | int(0) }}", 0),
        ("{{ inputs.feature is startswith('dark') }}", True),
        ("{{ 2 is in inputs.items }}", True),
        ("{{ 'a-b'.0 }}", "a"),
    ],
)
def test_value_of_a_text(text: str, value: object) -> None:
    result = evaluate(text)
    assert result == value
    assert type(result) is type(value)


def test_nested_data_is_compiled_throughout() -> None:
    compiled = compile_value({"a": ["{{ inputs.count }}", {"b": "{{ inputs.feature }}!"}], "c": 1})
    assert not compiled.constant
    assert compiled.names == {("inputs", "count"), ("inputs", "feature")}
    assert compiled.evaluate(CONTEXT) == {"a": [3, {"b": "dark mode!"}], "c": 1}


@pytest.mark.parametrize("value", [None, 1, "text", {"a": ["b", 2]}, [], "docker ps --format {{.Names}}"])
def test_what_holds_no_expression_is_constant_and_comes_back_itself(value: Json) -> None:
    compiled = compile_value(value)
    assert compiled.constant
    assert compiled.names == frozenset()
    assert compiled.evaluate({}) is value


def test_another_templates_braces_pass_through_beside_an_expression() -> None:
    assert evaluate("{{.Names}} {{ inputs.count }} {{.ID}}") == "{{.Names}} 3 {{.ID}}"


def test_result_is_a_copy_that_may_be_changed() -> None:
    result = evaluate("{{ inputs.items }}")
    assert isinstance(result, list)
    result.append(4)
    assert CONTEXT["inputs"]["items"] == [3, 1, 2]  # type: ignore[index]


def test_names_are_values_and_never_methods() -> None:
    assert compile_expression("inputs.items == [3, 1, 2]").evaluate(CONTEXT) is True
    with pytest.raises(ExpressionError, match=r"`inputs\.keys` is not defined"):
        evaluate("{{ inputs.keys }}")
    with pytest.raises(ExpressionError, match="there is no `upper` in a text"):
        evaluate("{{ 'a'.upper }}")


def test_hyphens_belong_to_names_only_behind_steps() -> None:
    assert compile_expression("inputs.count-1").evaluate(CONTEXT) == 2
    assert compile_expression("inputs.steps.a-1").names == {("inputs", "steps", "a")}
    assert compile_expression("steps . fix-tests . visit").evaluate(CONTEXT) == 2


class Demand(Mapping[str, object]):
    """A context whose values are made when they are asked for."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self.data = data
        self.asked: list[str] = []

    def __getitem__(self, key: str) -> object:
        self.asked.append(key)
        return self.data[key]

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


@pytest.mark.parametrize("text", ["{{ inputs.count }}", "{{ inputs.count + 0 }}"])
def test_contexts_may_be_lazy(text: str) -> None:
    context = Demand(CONTEXT)
    assert compile_value(text).evaluate(context) == 3
    assert set(context.asked) == {"inputs"}


def test_a_lazy_mapping_as_result_becomes_plain() -> None:
    result = compile_value("{{ inputs }}").evaluate({"inputs": Demand({"a": (1, 2)})})
    assert result == {"a": [1, 2]}
    assert type(result) is dict


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("{{ inputs.featur }}", "`inputs.featur` is not defined; did you mean `feature`?", 3),
        ("{{ inputs.featur + 1 }}", "`inputs.featur` is not defined; did you mean `feature`?", 3),
        ("x {{ 1 + inputs.featur }}", "`inputs.featur` is not defined; did you mean `feature`?", 9),
        ("{{ inpts.a }}", "`inpts` is not defined; did you mean `inputs`?", 3),
        ("{{ inpts.a ~ 'x' }}", "`inpts` is not defined; did you mean `inputs`?", 3),
        ("{{ workflow.error.message }}", "`workflow.error.message` is not defined: `workflow.error` is null", 3),
        ("{{ steps.fix-test.visit }}", "`steps.fix-test` is not defined; did you mean `fix-tests`?", 3),
        ("{{ steps.fix-test.visit + 1 }}", "`steps.fix-test` is not defined; did you mean `fix-tests`?", 3),
        ("a {{ inputs.count", "this {{ has no }}", 2),
        ("a {%- if x -%}", "{% … %} is a statement; only expressions {{ … }} may stand here", 2),
        ("{{ a && b }}", "'&' is not an operator; there are and, or, not, and A if B else C", 5),
        ("{{ inputs.count ? 1 : 2 }}", "'?' is not an operator; there are and, or, not, and A if B else C", 16),
        ("{{ 'a }}", "this quote is not closed", 3),
        ("{{ größe }}", "'ö' may stand in quotes only; a key with it is reached by ['…']", 5),
        ("{{ inputs.count | lenght }}", "there is no filter `lenght`; did you mean `length`?", 18),
        ("{{ inputs.count is evn }}", "there is no test `evn`; did you mean `even`?", 16),
        ("{{ inputs.items | select('evn') }}", "there is no test `evn`; did you mean `even`?", 25),
        ("{{ inputs.items | rejectattr('a', 'equl', 1) }}", "there is no test `equl`; did you mean `equalto`?", 34),
        ("{{ inputs.items | map('uper') }}", "there is no filter `uper`; did you mean `upper`?", 22),
        ("{{ rnge(3) }}", "`rnge` cannot be called; did you mean `range`?", 7),
        ("{{ }}", "an expression is missing here", 2),
        ("{{ 1 2 }}", "the expression cannot be read at '2': this does not belong to the expression before it", 5),
        ("{{ 'a' if false }}", "an `if` without `else` has no value here", 2),
        ("{{- 1 }}", "{{- is a mark of templates; in an expression write {{", 0),
        ("{{ [1, 2) }}", "')' closes nothing that is open", 8),
        (
            "Bearer {{ secrets.TOKEN }}",
            "a secret cannot become part of a text: hand it over whole, in `env` or `with`",
            0,
        ),
        ("{{ inputs.feature | round }}", "`round`: needs a number, not a text", 2),
        ("{{ inputs.count < 'a' }}", "'<' not supported between a number and a text", 2),
        ("{{ 1 / 0 }}", "division by zero", 2),
    ],
)
def test_errors_say_what_and_where(text: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text)
    assert caught.value.message == message
    assert caught.value.source == text
    assert text[caught.value.offset :] == text[offset:]


def test_bare_expression_takes_no_braces() -> None:
    assert compile_expression(" inputs.count == 3 ").evaluate(CONTEXT) is True
    with pytest.raises(ExpressionError, match="write it without"):
        compile_expression("{{ inputs.count }}")
    with pytest.raises(ExpressionError, match="missing"):
        compile_expression("  ")


def test_references_tell_where_each_path_stands() -> None:
    text = "a {{ inputs.count }} {{ steps.fix-tests.visit + (inputs['x'] | default(vars.y)) }}"
    assert references(text) == (
        Reference(("inputs", "count"), 5, 12, whole=True),
        Reference(("steps", "fix-tests", "visit"), 24, 21),
        Reference(("inputs", "x"), 49, 6, guarded=True),
        Reference(("vars", "y"), 71, 6),
    )
    assert references("item.ok", expression=True) == (Reference(("item", "ok"), 0, 7, whole=True),)


def test_enclosed_expression_finds_the_braces_that_close() -> None:
    text = "x {{ {'a': {}}['}}'] }} y"
    assert enclosed_expression(text, 2) == ("{'a': {}}['}}']", 23)


@pytest.mark.parametrize(
    ("value", "text"), [("a b", "a b"), (None, ""), (True, "true"), (1.5, "1.5"), ({"ü": [None]}, '{"ü": [null]}')]
)
def test_value_within_a_text(value: object, text: str) -> None:
    assert as_text(value) == text


def test_compiling_the_same_text_twice_gives_the_same_object() -> None:
    assert compile_value("{{ inputs.count + 1 }}") is compile_value("{{ inputs.count + 1 }}")


def test_jinja_is_imported_for_more_than_paths_only() -> None:
    program = """
import sys
from treadle_engine.expressions import compile_value, compile_expression, references
compile_value({"a": "x", "b": ["{{ inputs.x }}"]}).evaluate({"inputs": {"x": 1}})
compile_expression("steps.fix-tests.outputs.fixed")
references("{{ inputs.x }}")
assert "jinja2" not in sys.modules
compile_value("{{ 1 + 1 }}")
assert "jinja2" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
