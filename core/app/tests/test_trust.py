"""What was allowed is remembered by content, for the user alone."""

from pathlib import Path

import pytest
from treadle.trust import NAME, TrustFile
from treadle_hookspecs import TreadleError

ONE, OTHER = "a1" * 32, "b2" * 32


def test_an_answer_holds_for_that_content_only(tmp_path: Path) -> None:
    trust = TrustFile(tmp_path / "home")
    assert trust.level(ONE) is None
    trust.allow(ONE, "sandboxed", "hook of web")
    assert (TrustFile(tmp_path / "home").level(ONE), trust.level(OTHER)) == ("sandboxed", None)
    assert (tmp_path / "home" / NAME).stat().st_mode & 0o077 == 0


def test_an_answer_can_be_changed_and_forgotten(tmp_path: Path) -> None:
    trust = TrustFile(tmp_path)
    trust.allow(ONE, "sandboxed", "hook of web")
    trust.allow(ONE, "full", "hook of web")
    trust.allow(OTHER, "none", "hook of api")
    assert {it["digest"]: it["level"] for it in trust.answers()} == {ONE: "full", OTHER: "none"}
    assert trust.forget(ONE[:6]) == ["hook of web"]
    assert trust.level(ONE) is None
    with pytest.raises(TreadleError, match="nothing with the hash"):
        trust.forget("")


def test_what_is_no_hash_is_refused_and_damage_is_told(tmp_path: Path) -> None:
    trust = TrustFile(tmp_path)
    with pytest.raises(TreadleError, match="is no hash"):
        trust.allow("https://example.org/", "full", "a place is no content")
    (tmp_path / NAME).write_text("{")
    with pytest.raises(TreadleError, match="cannot read"):
        trust.level(ONE)
