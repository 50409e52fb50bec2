"""What a dry run says of a command."""

from pathlib import Path

import pytest
from treadle_command._preview import preview
from treadle_hookspecs import ActionError, PreviewContext


def test_a_script_is_shown_as_it_would_be_started(tmp_path: Path) -> None:
    shown = preview(script="make test", context=PreviewContext(tmp_path))
    assert shown.commands == (("sh", "-e", "-c", "make test"),)
    assert shown.notes == ()


def test_what_stands_in_its_way_is_noted(tmp_path: Path) -> None:
    shown = preview(argv=["no-such-tool", "x"], cwd="sub", context=PreviewContext(tmp_path))
    assert shown.commands == (("no-such-tool", "x"),)
    assert shown.notes == ("runs in sub", f"{tmp_path / 'sub'} does not exist yet", "no-such-tool is not on PATH")


def test_an_unknown_shell_is_seen_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="fish"):
        preview(script="true", shell="fish", context=PreviewContext(tmp_path))
