"""Figures: how outputs are marked, and what is read of them."""

import pytest
from treadle_hookspecs import FIGURES, Json, figure_kind, figure_marks, read_figures

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "percent": {"type": "number", "figure": "test_coverage"},
        "totals": {"type": "object", "figure": {"failed": "tests_failed", "cases.new": "tests_added"}},
        "plain": {"type": "string"},
    },
}


def test_marks_of_a_schema() -> None:
    assert figure_marks(SCHEMA) == (
        ("test_coverage", "percent"),
        ("tests_failed", "totals.failed"),
        ("tests_added", "totals.cases.new"),
    )
    assert figure_marks(None) == figure_marks({"type": "object"}) == ()


def test_what_is_read_of_outputs() -> None:
    outputs: Json = {"percent": 81.5, "totals": {"failed": 0, "cases": {"new": ["a", "b"]}}}
    assert read_figures(figure_marks(SCHEMA), outputs) == {"test_coverage": 81.5, "tests_failed": 0, "tests_added": 2}


@pytest.mark.parametrize("outputs", [None, {}, {"percent": None}, {"percent": True}, {"percent": {}}, "text"])
def test_what_is_no_figure_is_left_out(outputs: Json) -> None:
    assert read_figures(figure_marks(SCHEMA), outputs) == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("81", 81),
        ("81.5", 81.5),
        (" 81.5 % ", 81.5),
        ("-3", -3),
        ("many", None),
        ("", None),
        ("1e9", None),
        ("9" * 40, None),
    ],
)
def test_a_text_is_the_number_that_it_is(text: str, number: Json) -> None:
    assert read_figures((("own", "value"),), {"value": text}).get("own") == number


def test_lines_and_texts_keep_their_form() -> None:
    marks = (("achievements", "done"), ("pull_request", "pr"))
    assert read_figures(marks, {"done": "one", "pr": 142}) == {"achievements": ["one"], "pull_request": "142"}
    assert read_figures(marks, {"done": ["one", 2], "pr": ""}) == {"achievements": ["one", "2"]}


def test_every_shared_name_has_a_title_and_others_get_one() -> None:
    assert all(kind.title for kind in FIGURES.values())
    assert figure_kind("own_figure").title == "Own figure"
