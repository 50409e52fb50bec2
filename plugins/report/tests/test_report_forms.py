"""The forms beside Markdown, and what the head of a report concludes from figures."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from defusedxml import ElementTree
from jsonschema import Draft202012Validator
from treadle_hookspecs import Event, Figure, FileChange
from treadle_report._command import app
from treadle_report._document import SCHEMA, document
from treadle_report._facts import Facts
from treadle_report._forms import as_json, html, junit, markdown
from treadle_report._summary import achievements, next_steps, recommendations, totals
from treadle_testkit.actions import RecordedHost
from typer.testing import CliRunner

EVIL = '<script>alert("x")</script>&'
VERDICT = {
    "gate": "coverage",
    "rule": "test_coverage < 80",
    "figures": {"test_coverage": 71.5},
    "verdict": "warn",
    "message": "coverage is too low",
}


@pytest.fixture
def measured(host: RecordedHost) -> RecordedHost:
    host.measured += [
        Figure("files_created", 2, "plan"),
        Figure("test_coverage", 50, "tests"),
        Figure("test_coverage", 71.5, "tests", 2),
        Figure("files_created", 3, "style"),
        Figure("achievements", [EVIL], "plan"),
        Figure("pull_request", "#142", "plan"),
        Figure("own_figure", 7, "plan"),
    ]
    host.events.append(Event(2, "abc123", "visit_settled", 5, "", "tests", 2, data={"gates": [VERDICT]}))
    return host


@pytest.fixture
def facts(measured: RecordedHost) -> Facts:
    return Facts.collect(measured, "abc")


def test_totals_add_up_what_adds_up_and_keep_the_last_of_the_rest(facts: Facts) -> None:
    found = {total.name: (total.value, total.unit, total.steps) for total in totals(facts)}
    assert found == {
        "files_created": (5, "", ("plan", "style")),
        "test_coverage": (71.5, "%", ("tests#2",)),
        "pull_request": ("#142", "", ("plan",)),
        "own_figure": (7, "", ("plan",)),
    }


def test_each_recommendation_names_rule_figure_and_step(facts: Facts) -> None:
    lines = recommendations(facts)
    assert [line.to_json() for line in lines][:2] == [
        {
            "text": "coverage is too low",
            "rule": "gate coverage: test_coverage < 80",
            "figure": "test_coverage = 71.5",
            "step": "tests#2",
        },
        {
            "text": "add tests: 71.5 % of the statements are run",
            "rule": "test_coverage < 80 %",
            "figure": "test_coverage = 71.5",
            "step": "tests#2",
        },
    ]
    assert all(line.rule and line.figure and line.step for line in lines)


def test_without_a_rule_that_holds_nothing_is_recommended(host: RecordedHost) -> None:
    host.measured.append(Figure("test_coverage", 80, "tests"))
    host.step_rows = [row._replace(attempts=1) for row in host.step_rows]
    assert recommendations(Facts.collect(host, "abc")) == []


def test_achievements_and_next_steps(facts: Facts) -> None:
    assert [line.text for line in achievements(facts)] == [EVIL, "fine"]
    assert [line.text for line in next_steps(facts)] == [
        "Review #142",
        "See why: `treadle why abc123 audit`",
        "Try again: `treadle resume abc123`",
    ]


def test_json_fits_its_published_schema(measured: RecordedHost) -> None:
    Draft202012Validator.check_schema(dict(SCHEMA))
    found = json.loads(as_json(measured, "abc"))
    Draft202012Validator(dict(SCHEMA)).validate(found)
    assert found["summary"][0]["steps"] == ["plan", "style"]
    printed = CliRunner().invoke(app, ["--schema"], obj=measured)
    assert printed.exit_code == 0
    assert json.loads("\n".join(measured.console.out)) == SCHEMA


def test_a_document_of_nothing_fits_as_well(host: RecordedHost) -> None:
    host.step_rows, host.events = [], []
    Draft202012Validator(dict(SCHEMA)).validate(document(Facts.collect(host, "abc")))


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "every element is closed in order"

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_escaped_file_that_loads_nothing(measured: RecordedHost) -> None:
    page = Page(html(measured, "abc", EVIL))
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {name for name, _ in page.attributes} & {"src", "href", "onclick"}
    assert EVIL in page.text


def test_html_can_be_read_without_seeing_it(measured: RecordedHost) -> None:
    page = Page(html(measured, "abc"))
    assert ("lang", "en") in page.attributes
    assert page.tags.count("h1") == 1
    assert page.tags.count("table") == page.tags.count("caption")
    assert page.tags.count("th") == sum(name == "scope" for name, _ in page.attributes)
    assert {"header", "main", "footer"} <= set(page.tags)


def test_junit_counts_what_failed_and_what_did_not_run(measured: RecordedHost) -> None:
    measured.step_rows[3] = measured.step_rows[3]._replace(error={"type": "odd", "message": "a\x00b\x1b[31m <&>"})
    suite: Any = ElementTree.fromstring(junit(measured, "abc")).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "2", "1")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["tests#2", "audit"]
    assert suite[3].find("failure").text == "ab[31m <&>"


def test_markdown_has_the_gates_verdicts(measured: RecordedHost) -> None:
    text = markdown(measured, "abc")
    assert "| coverage | `test_coverage < 80` | test_coverage = 71.5 | warn | `tests#2` |" in text
    assert "| Files created | 5 | `plan`, `style` |" in text


def test_the_files_tell_what_was_changed_better_than_steps_do(measured: RecordedHost) -> None:
    measured.changed = [FileChange("a.py", "added"), FileChange("b.py", "modified"), FileChange("c.sh", "mode")]
    facts = Facts.collect(measured, "abc")
    found = {total.name: (total.value, total.steps) for total in totals(facts)}
    assert found["files_created"] == (1, ())
    assert found["files_modified"] == (2, ())
    assert "* modified `b.py`" in markdown(measured, "abc")
    Draft202012Validator(SCHEMA).validate(json.loads(as_json(measured, "abc")))
    assert [line.text for line in next_steps(facts)][-2:] == [
        "See what changed: `treadle diff abc123`",
        "Take it back: `treadle rollback abc123`",
    ]


def test_where_nothing_was_kept_of_files_the_steps_are_believed(facts: Facts) -> None:
    assert {total.name: total.value for total in totals(facts)}["files_created"] == 5


def test_a_failure_that_was_made_up_for_stands_in_nobodys_way(host: RecordedHost) -> None:
    host.let_pass = {"audit#1": "recovered"}
    facts = Facts.collect(host, "abc")
    assert [step.address for step in facts.in_the_way] == ["tests#2", "deploy"]
    assert "| failed, recovered |" in markdown(host, "abc")
    case = next(it for it in ElementTree.fromstring(junit(host, "abc")).iter("testcase") if it.get("name") == "audit")
    assert case.find("failure") is None


def test_waiting_is_no_work(host: RecordedHost) -> None:
    start = host.step_rows[0].started_at
    assert start is not None
    host.events += [
        Event(2, "abc123", "visit_waiting", start + 1_000_000, "", "tests", 1),
        Event(3, "abc123", "visit_settled", start + 8_000_000, "", "tests", 1),
    ]
    facts = Facts.collect(host, "abc")
    assert [visit.worked for visit in facts.slowest if visit.address == "tests"] == [1.0]
    assert "| waited for people, signals and times | 7.00 s |" in markdown(host, "abc")


def test_a_step_that_only_holds_others_takes_no_time_of_its_own(host: RecordedHost) -> None:
    like = host.step_rows[0]
    inner = [like._replace(address=f"group{opened}/work") for opened in ("", "#2", "[0]", ".left")]
    host.step_rows = [like._replace(address="group"), *inner]
    assert "group" not in [visit.address for visit in Facts.collect(host, "abc").slowest]
