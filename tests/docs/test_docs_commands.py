"""Every command of the README, the tutorial and the how-to pages, typed by a new user in an empty folder."""

import shutil
from pathlib import Path

import pytest
from docs_checks.blocks import Block, Command, blocks
from docs_checks.shell import matches, type_page
from treadle_testkit.postgres import PASSWORD

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "docs/tutorial/first-workflow.md",
    "docs/how-to/ask-an-agent.md",
    "docs/how-to/compose-a-project.md",
    "docs/how-to/limit-what-runs.md",
    "docs/how-to/handle-failures.md",
    "docs/how-to/modes-and-gates.md",
    "docs/how-to/report-on-a-run.md",
    "docs/how-to/resume-after-a-crash.md",
    "docs/how-to/roll-back.md",
    "docs/how-to/run-in-ci.md",
    "docs/how-to/steps-inside-steps.md",
    "docs/how-to/see-why.md",
    "docs/how-to/test-a-template.md",
    "docs/how-to/test-a-workflow.md",
    "docs/how-to/check-templates.md",
    "docs/how-to/use-secrets.md",
    "docs/how-to/wait-for-people.md",
    "docs/how-to/work-apart.md",
    "docs/how-to/write-a-template.md",
]


def typed(text, folder):
    return type_page(list(blocks(text)), folder)


@pytest.mark.parametrize("name", PAGES)
def test_page(name, tmp_path):
    found = typed((ROOT / name).read_text("utf-8"), tmp_path)
    assert found
    assert [problem for one in found for problem in one.problems()] == []


def test_from_laptop_to_cluster(tmp_path, postgres_server):
    """Its local half: two worker processes and one store on loopback."""
    url = postgres_server.network_url(schema="laptop")
    page = (ROOT / "docs/how-to/from-laptop-to-cluster.md").read_text("utf-8")
    found = typed(f"```sh\nexport TREADLE_STORE='{url}'\n```\n{page}", tmp_path)
    assert [problem for one in found for problem in one.problems()] == []
    released = [one for one in found if "cat effects.txt" in one.command.text]
    assert [one.output.count("released") for one in released] == [1]
    assert PASSWORD not in "".join(one.output for one in found)


def test_directives_belong_to_the_next_block():
    page = (
        "<!-- test: file a.yaml -->\n```yaml\na: 1\n```\n\n<!-- test: exit 2 -->\n```sh\nfalse\n```\n```sh\ntrue\n```\n"
    )
    assert list(blocks(page)) == [
        Block("yaml", "a: 1\n", 2, {"file": "a.yaml"}),
        Block("sh", "false\n", 7, {"exit": "2"}),
        Block("sh", "true\n", 10, {}),
    ]


def test_a_console_block_shows_what_is_printed():
    block = Block("console", "$ echo a \\\n  b\na b\n$ true\n", 1, {})
    assert block.commands() == [Command("echo a \\\n  b\n", "a b\n"), Command("true\n", None)]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("run …: done\n", "run 17: done\n", True),
        ("one\n…\nfour\n", "one\ntwo\nthree\nfour\n", True),
        ("one\n", "one\ntwo\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_what_is_shown_and_what_is_printed(shown, printed, same):
    assert matches(shown, printed) is same


def test_one_shell_for_the_whole_page(tmp_path):
    script = "```sh\nmkdir x\ncd x\nname=y\n```\n"
    file = "<!-- test: file a/b.txt -->\n```\nhi\n```\n"
    page = script + file + "```console\n$ cat a/b.txt; echo $name\nhi\ny\n```\n"
    assert [one.problems() for one in typed(page, tmp_path)] == [[], []]
    assert (tmp_path / "project/x/a/b.txt").exists()


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("```sh\nfalse\ntrue\n```\n", "failed: false"),
        ("```sh\nexit 3\n```\n", "ended with -1"),
        ("<!-- test: exit 1 -->\n```sh\ntrue\n```\n", "ended with 0, the page says 1"),
        ("```console\n$ echo a\nb\n```\n", "printed something else than:\nb"),
    ],
)
def test_a_page_that_is_wrong(page, problem, tmp_path):
    found = [problem for one in typed(page, tmp_path) for problem in one.problems()]
    assert len(found) == 1
    assert problem in found[0]


def test_a_block_that_is_not_run(tmp_path):
    assert typed("<!-- test: not run, it takes an hour -->\n```sh\nfalse\n```\n", tmp_path) == []


def test_bash_is_there():
    assert shutil.which("bash"), "the documentation's commands are typed into bash"
