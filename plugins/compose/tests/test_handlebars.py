"""`*.hbs` gives what npm's handlebars gives, for the part that is understood; the rest is an error with its line.

`handlebars_cases.json` was recorded with handlebars 4.7: `text` with `noEscape`, `html` without.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from treadle_compose._handlebars import render
from treadle_hookspecs import TreadleError

RECORDED = json.loads(Path(__file__).with_name("handlebars_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["template"][:40])
def test_it_gives_what_handlebars_gives(case: dict[str, Any]) -> None:
    assert render(case["template"], RECORDED["data"], "a.hbs") == case["text"]
    assert render(case["template"], RECORDED["data"], "a.html.hbs", html=True) == case["html"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{{> partial}}", "a.hbs:2:1: `{{>partial}}` is not understood"),
        ("{{helper a b}}", "a.hbs:1:3: `{{helper a b}}` is not understood"),
        ("\n\n{{#if a}}b", "a.hbs:3:3: `{{#if a}}` is not closed"),
        ("{{#if a}}b{{/each}}", "is closed by `{{/each}}`"),
        ("b{{/if}}", "closes nothing"),
        ("{{#custom a}}{{/custom}}", "only if, unless, each and with"),
        ("{{#if (eq a b)}}{{/if}}", "is not understood"),
    ],
)
def test_what_is_not_understood_is_told_with_its_line(source: str, message: str) -> None:
    with pytest.raises(TreadleError) as error:
        render(source, {}, "a.hbs")
    assert message in error.value.message


def test_attributes_of_python_objects_are_out_of_reach() -> None:
    assert render("{{name.__class__}}{{list.append}}{{this.__class__}}", {"name": "x", "list": []}, "a.hbs") == ""


def test_depth_is_bounded() -> None:
    with pytest.raises(TreadleError, match="deep"):
        render("{{#if a}}" * 100 + "{{/if}}" * 100, {}, "a.hbs")
