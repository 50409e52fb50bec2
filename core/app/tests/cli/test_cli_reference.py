"""The committed reference pages say what the code does."""

from pathlib import Path

from treadle.cli.reference import reference
from treadle.cli.table import COMMANDS
from treadle_hookspecs import ExitCode

PAGES = Path(__file__).resolve().parents[4] / "docs" / "reference"


def test_cli_page_is_what_the_generator_writes():
    assert (PAGES / "cli.md").read_text() == reference(), "run: python -m treadle.cli.reference > docs/reference/cli.md"


def test_every_exit_code_has_its_line():
    rows = [line.split("|")[1:3] for line in (PAGES / "exit-codes.md").read_text().splitlines() if line.startswith("|")]
    listed = [(number.strip(), name.strip(" `")) for number, name in rows[2:]]
    assert listed == [(str(code.value), code.name) for code in ExitCode]


def test_page_has_every_command_and_no_plugin_s():
    headings = [line.removeprefix("### treadle ") for line in reference().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(COMMANDS)
