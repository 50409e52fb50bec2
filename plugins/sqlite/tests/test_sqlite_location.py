from pathlib import Path

import pytest
from treadle_hookspecs import ExitCode, TreadleError
from treadle_sqlite._location import locate


def test_a_url_names_an_absolute_path() -> None:
    assert locate("sqlite:///var/lib/treadle/state.db", {}).path == Path("/var/lib/treadle/state.db")


def test_a_path_may_hold_escapes() -> None:
    location = locate("sqlite:///a%20b/%C3%A4.db", {})
    assert location.path == Path("/a b/ä.db")
    assert locate(location.url, {}) == location


def test_without_a_path_the_option_is_taken() -> None:
    assert locate("sqlite:", {"path": "/home/ada/state.db"}).path == Path("/home/ada/state.db")


def test_a_path_in_the_url_wins_over_the_option() -> None:
    assert locate("sqlite:///one.db", {"path": "/two.db"}).path == Path("/one.db")


def test_full_durability_is_the_default() -> None:
    assert locate("sqlite:///s.db", {}).synchronous == "FULL"


def test_a_link_leads_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert locate(f"sqlite://{tmp_path}/link/state.db", {}) == locate(f"sqlite://{tmp_path}/real/state.db", {})


def test_a_setting_in_the_url_wins_over_the_option() -> None:
    location = locate("sqlite:///s.db?synchronous=normal&busy_timeout=1.5", {"synchronous": "FULL"})
    assert (location.synchronous, location.busy_timeout) == ("NORMAL", 1.5)


def test_the_url_has_one_form() -> None:
    assert (
        locate("sqlite:", {"path": "/s.db"}).url
        == locate("sqlite:///s.db?synchronous=FULL", {}).url
        == "sqlite:///s.db"
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:", "absolute"),
        ("sqlite:state.db", "absolute"),
        ("sqlite://state.db", "host"),
        ("postgresql:///s", "not a `sqlite:` URL"),
        ("sqlite:///s.db?synchronous=OFF", "`synchronous` cannot be `OFF`"),
        ("sqlite:///s.db?busy_timeout=soon", "`busy_timeout` cannot be `soon`"),
        ("sqlite:///s.db?busy_timeout=-1", "`busy_timeout` cannot be `-1`"),
        ("sqlite:///s.db?path=/other.db", "stands in the URL itself"),
    ],
)
def test_what_cannot_be_meant_is_refused(url: str, why: str) -> None:
    with pytest.raises(TreadleError, match=why) as caught:
        locate(url, {})
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.suggestions


def test_a_misspelt_option_is_named_with_the_right_one() -> None:
    with pytest.raises(TreadleError, match="`syncronous`") as caught:
        locate("sqlite:///s.db?syncronous=NORMAL", {})
    assert caught.value.suggestions == ("did you mean `synchronous`?",)
