"""Attacks: whatever an expression says, it ends soon, stays small, and sees plain data only."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle_engine._expression_filters import FILTERS, FUNCTIONS, TESTS
from treadle_engine.expressions import ExpressionError, compile_value

CONTEXT = {"inputs": {"big": "x" * 100_000, "list": list(range(1000)), "text": "a", "weird": object()}, "steps": {}}


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "inputs.__init__",
        "inputs['__class__']",
        "inputs.text.format",
        "'{0.__class__}'.format(inputs)",
        "'%s' % inputs",
        "'%9999999999d' % 1",
        "inputs | attr('__class__')",
        "'' | attr('__class__')",
        "[1] | map('attr', '__class__')",
        "lipsum.__globals__",
        "cycler",
        "namespace()",
        "dict(a=1)",
        "joiner()",
        "self",
        "self._TemplateReference__context",
        "context",
        "environment",
        "caller()",
        "range.__class__",
        "range",
        "range(*[3])",
        "range(**{'a': 1})",
        "'a'|upper()()",
        "inputs.weird",
        "[inputs.weird]",
        "{1: 2}",
        "1e308 * 10",
        "-(1e308 * 10)",
        "'inf' | float",
        "'nan' | float",
        "0 ** -1",
        "(-8) ** 0.5",
        "2 ** 63",
        "9 ** 9 ** 9",
        "(2 ** 60) * (2 ** 60)",
        "10 ** 1000000000",
        "1.5 ** 100000",
        "'a' * 10 ** 9",
        "10 ** 9 * 'a'",
        "[0] * 10 ** 9",
        "inputs.big * 11",
        "inputs.big ~ inputs.big ~ inputs.big ~ inputs.big * 8",
        "[inputs.big] * 100000",
        "([[0] * 1000] * 1000)",
        "[[[0] * 1000] * 1000] * 1000",
        "range(10 ** 9)",
        "range(0, 10 ** 18, 1)",
        "range(5, 1, 0)",
        "range('a')",
        "range()",
        "inputs.big | replace('x', inputs.big)",
        "inputs.big | replace('', inputs.big)",
        "inputs.list | join(inputs.big)",
        "inputs.text | indent(10 ** 9, true)",
        "(range(10000) | map('string') | map('indent', 900000, true) | list)",
        "[inputs.list] * 1000 | map('list') | list",
        "[inputs.list | tojson] * 1000 | map('fromjson')",
        "[[1]] | map('map', 'string')",
        "(range(10000) * 10) | select('in', range(10000))",
        "inputs.list | tojson(indent=10 ** 9)",
        "1 | round(10 ** 9)",
        "('9' * 5000) | int",
        "'[' * 100000 | fromjson",
        "'{{' ~ 1 }}{{",
    ],
)
def test_attack_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        compile_value("{{ " + expression + " }}").evaluate(CONTEXT)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000,
        "not " * 1900 + "true",
        "-" * 5000 + "1",
        "+".join("1" * 3000),
        " and ".join(["true"] * 1000),
        "inputs" + ".a" * 3000,
        "inputs" + "['a']" * 1000,
        "1" + "|string" * 1000,
        "1 if 1 else " * 600 + "1",
        "x" * 100_000,
        "'" + "x" * 100_000 + "'",
        "1" * 5000,
    ],
)
@pytest.mark.parametrize("suffix", ["", " + 0"])
def test_size_and_depth_are_bounded(expression: str, suffix: str) -> None:
    with pytest.raises(ExpressionError):
        compile_value("{{ " + expression + suffix + " }}").evaluate(CONTEXT)


@pytest.mark.parametrize(
    "term", ["({} + 1)", "({} | abs)", "(1 if {} else 1)", "[{}][0]", "(not {})", "(1 ~ {}) | int"]
)
def test_what_the_depth_allows_can_be_evaluated(term: str) -> None:
    nested = "1"
    for _ in range(10):
        nested = term.replace("{}", nested)
    compile_value("{{ " + nested + " }}").evaluate(CONTEXT)


def test_long_chain_within_the_bounds_is_evaluated() -> None:
    assert compile_value("{{ " + "+".join("1" * 60) + " }}").evaluate({}) == 60
    assert compile_value("{{ " + " or ".join(["false"] * 60) + " }}").evaluate({}) is False


def test_large_data_passes_through_uncut() -> None:
    assert compile_value("{{ inputs.big }}").evaluate(CONTEXT) == "x" * 100_000
    big = {"rows": [{"n": n} for n in range(50_000)]}
    assert compile_value("{{ big }}").evaluate({"big": big}) == big


def test_attributes_of_items_are_keys_only() -> None:
    assert compile_value("{{ ['a', {'b': 1}] | map(attribute='__class__') }}").evaluate({}) == [None, None]


def test_no_table_holds_chance_or_time() -> None:
    for name in ("random", "now", "uuid", "env", "attr", "format", "xmlattr", "pprint"):
        assert name not in FILTERS
        assert name not in FUNCTIONS
        assert name not in TESTS


leaves = st.sampled_from(
    ["1", "0", "'a'", "inputs.list", "inputs.big", "none", "true", "inputs.nope", "[]", "{}", "1.5", "-3", "'2'"]
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "and", "in", "<"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        st.tuples(inner, st.sampled_from(sorted(FILTERS))).map(lambda parts: f"({parts[0]} | {parts[1]})"),
        st.tuples(inner, st.sampled_from(sorted(FILTERS)), inner).map(lambda p: f"({p[0]} | {p[1]}({p[2]}))"),
        st.tuples(inner, st.sampled_from(sorted(TESTS)), inner).map(lambda p: f"({p[0]} is {p[1]}({p[2]}))"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]}[{parts[1]}])"),
    ),
    max_leaves=6,
)


def weight(value: object) -> int:
    if isinstance(value, str):
        return 1 + len(value) // 16
    if isinstance(value, dict):
        return 1 + sum(map(weight, value.values()))
    return 1 + sum(map(weight, value)) if isinstance(value, list) else 1


@settings(max_examples=300, deadline=None)
@given(expressions)
def test_any_expression_gives_bounded_json_or_an_expression_error(expression: str) -> None:
    try:
        compiled = compile_value("{{ " + expression + " }}")
        value = compiled.evaluate(CONTEXT)
    except ExpressionError:
        return
    assert value is None or isinstance(value, (bool, int, float, str, list, dict))
    assert not isinstance(value, float) or math.isfinite(value)
    assert weight(value) <= 2_100_000
    assert compiled.evaluate(CONTEXT) == value
