"""Reports: the action, the command, and what they make of what steps publish."""

import json
from pathlib import Path

import pytest
from treadle_hookspecs import TreadleError
from treadle_report import _text
from treadle_report._command import app
from treadle_report._facts import Facts
from treadle_report._markdown import render
from treadle_testkit.actions import RecordedHost, StandaloneContext
from typer.testing import CliRunner


def section(text: str, title: str) -> str:
    """What stands below a heading."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
def text(host: RecordedHost) -> str:
    return render(Facts.collect(host, "abc"))


def test_the_answer_comes_first(text: str) -> None:
    assert text.startswith("# check: report\n\nVerdict: **fail**")
    head = text.partition("\n## ")[0]
    assert "| started | 2026-01-02 03:04:05 UTC |" in head
    assert "| took | 12.0 s |" in head
    assert "| input `base` | `main` |" in head
    assert "`x`" not in head, "inputs without a value are noise"


def test_what_stands_in_the_way_is_the_last_visit_and_what_broke(text: str) -> None:
    assert section(text, "What stands in the way").strip().splitlines() == [
        "* `tests#2` (fail): 1 of 9 tests failed",
        "* `audit` (failed): bandit is not installed; run: pip install bandit",
        "* `deploy` (upstream failed): it is upstream failed",
    ]


def test_every_figure_names_its_step(text: str) -> None:
    figures = section(text, "Figures")
    assert "| tests | 9 | — | `tests#2` |" in figures
    assert "| covered | 80.5 % | at least 90 | `tests#2` |" in figures


def test_findings_and_tasks(text: str) -> None:
    findings = section(text, "Findings of `tests#2`")
    (new,) = (line for line in findings.splitlines() if "| `E" in line)
    assert "| high | `a\\|b.py:7` | `E2` |" in new
    assert "\\<b\\>x\\</b\\> \\| \\[y\\](z)" in new, "what a tool says is no markup"
    assert "1 known before are in the outputs of `tests#2`." in findings
    assert "| Test `f` | `a.py:3-9` | `untested` medium | tests naming it: 0 | `T-1` |" in section(
        text, "Tasks from `plan`"
    )


def test_where_the_time_went(text: str) -> None:
    lines = section(text, "Where the time went").strip().splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == ["tests", "tests#2", "style", "plan", "audit"]
    assert lines[0] == "| `tests` | 8.00 s | █████████ 46 % |"


def test_attempts_and_notes_are_told(text: str) -> None:
    assert "succeeded, 3 attempts" in section(text, "Steps")
    assert "* `tests#2`: one plugin is off" in section(text, "Notes")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "not-checked"], "not-checked"),
        (["not-checked", "fail"], "fail"),
        ([None, None], ""),
        ([None, "pass"], "pass"),
    ],
)
def test_the_verdict_is_the_worst(host: RecordedHost, verdicts: list[str | None], expected: str) -> None:
    like = host.step_rows[0]
    host.step_rows = [
        like._replace(address=f"s{number}", outputs={"verdict": verdict}) for number, verdict in enumerate(verdicts)
    ]
    assert Facts.collect(host, "abc").verdict == expected


def test_an_execution_without_any_verdict_is_reported_by_its_status(host: RecordedHost) -> None:
    host.step_rows = [host.step_rows[0]._replace(outputs={"figures": "none", "tasks": [3], "verdict": 7})]
    text = render(Facts.collect(host, "abc"))
    assert "The execution is **failed**." in text
    assert "## Figures" not in text


def test_the_action_writes_to_the_scratch_folder(context: StandaloneContext) -> None:
    context.host.step_rows.append(context.host.step_rows[0]._replace(address="report", outputs=None, state="running"))
    outputs = context.perform("report/markdown", title="Mine", data="data/report.json").outputs
    path = Path(outputs["path"])
    assert path == context.scratch / "report.md"
    assert path.read_text("utf-8").startswith("# Mine\n")
    assert "`report`" not in path.read_text("utf-8"), "the step that writes is not part of what it writes"
    assert outputs["reported_verdict"] == "fail"
    assert outputs["figures_shown"] == 2
    data = json.loads((context.root / "data/report.json").read_text("utf-8"))
    assert data["schema"] == "treadle/report@1"
    assert data["in_the_way"][0] == {"step": "tests#2", "reasons": ["1 of 9 tests failed"]}


def test_a_relative_file_stays_in_the_root_an_absolute_one_is_the_caller_s_choice(
    context: StandaloneContext, tmp_path: Path
) -> None:
    context.perform("report/markdown", out="docs/report.md")
    assert (context.root / "docs/report.md").is_file()
    context.perform("report/markdown", out=str(tmp_path / "elsewhere.md"))
    assert (tmp_path / "elsewhere.md").is_file()
    with pytest.raises(TreadleError, match="leads out of"):
        context.perform("report/markdown", out="../outside.md")


@pytest.fixture
def treadle_report(host: RecordedHost):
    """Run `treadle report`; what it wrote to stdout."""

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), obj=host, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return "\n".join(host.console.out)

    return run


def test_the_command_prints_markdown_or_json(treadle_report, host: RecordedHost) -> None:
    assert treadle_report("abc").startswith("# check: report")
    host.console.out.clear()
    assert json.loads(treadle_report("abc", "--format", "json"))["verdict"] == "fail"


def test_the_command_writes_a_file(treadle_report, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    assert treadle_report("abc", "-o", str(path), "--title", "Mine") == "", "only data goes to stdout"
    assert path.read_text("utf-8").startswith("# Mine")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b", "a_b"),
        ("_a_", "\\_a\\_"),
        ("one `two", "one \\`two"),
        ("`a|b`", "`a\\|b`"),
        ("a\nb", "a b"),
        ("*", "\\*"),
    ],
)
def test_plain_text_is_no_markup(text: str, shown: str) -> None:
    assert _text.plain(text) == shown


def test_code_holds_any_backticks() -> None:
    assert _text.code("a`b``c") == "```a`b``c```"
    assert _text.code("`") == "`` ` ``"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "—"), (0.123, "0.12 s"), (12.34, "12.3 s"), (200, "3 min 20 s"), (7300, "2 h 1 min")]
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert _text.duration(seconds) == shown
