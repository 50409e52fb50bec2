"""Settings: where a value comes from, which one wins, and what is said when one is wrong."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from treadle.settings import COUNTERPARTS, KEYS, VARIABLES, Settings, load_settings, reference, user_file
from treadle_hookspecs import ExitCode, Json, TreadleError


class Place:
    """A user's folder and a project, both empty at first."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.root = folder / "project"
        self.home.mkdir()
        self.root.mkdir()

    def user(self, text: str) -> None:
        (self.home / "config.toml").write_text(dedent(text))

    def project(self, text: str) -> None:
        (self.root / "treadle.toml").write_text(dedent(text))

    def pyproject(self, text: str) -> None:
        (self.root / "pyproject.toml").write_text(dedent(text))

    def load(self, overrides: dict[str, Json] | None = None, **variables: str) -> Settings:
        return load_settings(self.root, overrides or {}, {"TREADLE_HOME": str(self.home), **variables})

    def refused(self, overrides: dict[str, Json] | None = None, **variables: str) -> TreadleError:
        with pytest.raises(TreadleError) as caught:
            self.load(overrides, **variables)
        return caught.value


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_anything_given_the_defaults_hold(place: Place) -> None:
    settings = place.load()
    assert settings.home == place.home
    assert settings.store == "sqlite:"
    assert settings.store_options() == {"path": str(place.home / "state.db"), "synchronous": "FULL"}
    assert settings.max_concurrent_executions == 10
    assert settings.max_parallel >= 1
    assert settings.default_timeout is None
    assert settings.plugins.enabled
    assert {key for key in KEYS if settings.origin(key) != "default"} == {"home"}
    assert settings.notes == ()


def test_each_layer_wins_over_the_one_below(place: Place) -> None:
    steps: list[tuple[Callable[[], object], int, str]] = [
        (lambda: place.user("grace = 1"), 1, f"{place.home}/config.toml:1"),
        (lambda: place.project("# ours\ngrace = 2"), 2, f"{place.root}/treadle.toml:2"),
        (lambda: place.pyproject("[tool.treadle]\n\ngrace = 3"), 3, f"{place.root}/pyproject.toml:3"),
    ]
    for write, value, origin in steps:
        write()
        settings = place.load()
        assert (settings.grace, settings.origin("grace")) == (value, origin)
    assert place.load(TREADLE_GRACE="4").grace == 4
    assert place.load(TREADLE_GRACE="4").origin("grace") == "TREADLE_GRACE"
    overridden = place.load({"grace": 5}, TREADLE_GRACE="4")
    assert (overridden.grace, overridden.origin("grace")) == (5, "override")


def test_general_variables_win_over_files_and_ours_over_them(place: Place) -> None:
    place.user("max_parallel = 2")
    assert place.load(MAX_CONCURRENT_STEPS="3").max_parallel == 3
    assert place.load(MAX_CONCURRENT_STEPS="3", TREADLE_MAX_PARALLEL="4").max_parallel == 4


def test_the_variables_of_the_earlier_engine_are_understood(place: Place) -> None:
    settings = place.load(
        MAX_CONCURRENT_WORKFLOWS="7",
        DEFAULT_WORKFLOW_TIMEOUT="3600000",
        MAX_CONCURRENT_STEPS="5",
        ENABLE_WORKFLOW_METRICS="false",
        ENABLE_WORKFLOW_RECOVERY="false",
        LOG_LEVEL="debug",
        DEBUG_MODE="true",
        retentionDays="30",
    )
    assert settings.max_concurrent_workflows == 7
    assert settings.default_timeout == 3600.0
    assert settings.max_parallel == 5
    assert (settings.metrics, settings.recovery, settings.debug) == (False, False, True)
    assert settings.log_level == "DEBUG"
    assert settings.retention_days == 30
    assert settings.origin("default_timeout") == "DEFAULT_WORKFLOW_TIMEOUT"


def test_the_database_of_the_earlier_engine_is_the_store(place: Place) -> None:
    given = {"TYPE": "postgresql", "HOST": "db.internal", "PORT": "5433", "NAME": "workflow_db"}
    login = {"USERNAME": "workflow_user", "PASSWORD": "p@ss/word"}
    variables = {f"DATABASE_{name}": value for name, value in {**given, **login}.items()}
    settings = place.load(**variables)
    assert settings.store == "postgresql://workflow_user:p%40ss%2Fword@db.internal:5433/workflow_db"
    assert settings.origin("store") == "DATABASE_TYPE"
    assert "ss%2Fword" not in str(settings.public())
    assert place.load(**variables, TREADLE_STORE="sqlite:").store == "sqlite:"
    assert place.load(DATABASE_TYPE="postgres", DATABASE_NAME="w").store == "postgresql://localhost/w"


@pytest.mark.parametrize(
    ("variables", "note"),
    [
        ({"DATABASE_HOST": "db"}, "DATABASE_HOST was not taken: DATABASE_TYPE=postgresql"),
        ({"DATABASE_TYPE": "mysql", "DATABASE_HOST": "db"}, "there is no store 'mysql'"),
    ],
)
def test_a_database_of_another_program_is_left_to_it(place: Place, variables: dict[str, str], note: str) -> None:
    settings = place.load(**variables)
    assert settings.store == "sqlite:"
    assert any(note in one for one in settings.notes)


@pytest.mark.parametrize(
    "url",
    ["postgresql://ada:sesame@db/w", "postgresql:///w?password=sesame", "postgresql://db/w?a=b&sslpassword=sesame"],
)
def test_a_password_in_the_stores_url_is_never_shown(place: Place, url: str) -> None:
    settings = place.load(TREADLE_STORE=url)
    assert settings.store == url
    assert "sesame" not in str(settings.public()) + str(settings.in_force())
    assert "***" in str(settings.public()["store"])


@pytest.mark.parametrize(("text", "level"), [("warn", "WARNING"), ("Error", "ERROR"), ("INFO", "INFO")])
def test_levels_are_read_in_any_case(place: Place, text: str, level: str) -> None:
    assert place.load(TREADLE_LOG_LEVEL=text).log_level == level


def test_a_general_variable_that_is_not_meant_for_us_stops_nothing(place: Place) -> None:
    settings = place.load(LOG_LEVEL="verbose", DEFAULT_WORKFLOW_TIMEOUT="an hour", MAX_CONCURRENT_STEPS="5")
    assert (settings.log_level, settings.default_timeout, settings.max_parallel) == ("INFO", None, 5)
    assert any("LOG_LEVEL" in note for note in settings.notes)
    assert any("DEFAULT_WORKFLOW_TIMEOUT" in note for note in settings.notes)


def test_a_slip_in_the_name_of_a_variable_is_noted(place: Place) -> None:
    (note,) = place.load(TREADLE_MAX_PARALEL="3", TREADLE_OUTPUT="/tmp/x", TREADLE_V1="a b").notes
    assert "TREADLE_MAX_PARALEL" in note
    assert "did you mean TREADLE_MAX_PARALLEL?" in note


def test_an_empty_variable_sets_nothing(place: Place) -> None:
    assert place.load(TREADLE_STORE="", TREADLE_GRACE="").origin("store") == "default"


def test_nested_and_dotted_overrides_mean_the_same(place: Place) -> None:
    for overrides in ({"plugins": {"enabled": False}}, {"plugins.enabled": False}):
        settings = place.load(overrides)  # type: ignore[arg-type]
        assert settings.plugins.enabled is False
        assert settings.origin("plugins.enabled") == "override"
    assert place.load({"grace": None}).origin("grace") == "default"


def test_plugins_are_switched_off_by_name(place: Place) -> None:
    assert place.load(TREADLE_DISABLE="git, treadle-report,").plugins.disable == ("git", "treadle-report")
    place.user('[plugins]\ndisable = ["git"]')
    assert place.load().plugins.disable == ("git",)


@pytest.mark.parametrize(
    "text",
    [
        'store = "sqlite:///tmp/evil.db"',
        "plugins = {enabled = false}",
        '[plugins]\ndisable = ["security"]',
        'plugins.disable = ["security"]',
        '[secrets]\nkey_source = "env"',
        '[trust]\nthis = "repository"',
        "encryption = false",
        'home = "/tmp/evil"',
        '[sqlite]\nsynchronous = "NORMAL"',
        "retention_days = 1",
    ],
)
def test_a_project_cannot_set_what_belongs_to_the_person(place: Place, text: str) -> None:
    place.project(text)
    error = place.refused()
    assert error.exit_code == ExitCode.NOT_ALLOWED
    assert "treadle.toml" in error.message
    assert "a project may not set" in error.message
    (place.root / "treadle.toml").unlink()
    table = "tool.treadle"
    place.pyproject(
        f"[{table}]\n{text}".replace("\n[", f"\n[{table}.", 1) if text[0] != "[" else f"[{table}.{text[1:]}"
    )
    assert place.refused().exit_code == ExitCode.NOT_ALLOWED


def test_the_person_may_set_it(place: Place) -> None:
    place.user('store = "postgresql://me:pw@host/db"\n[sqlite]\nsynchronous = "normal"')
    settings = place.load()
    assert settings.store == "postgresql://me:pw@host/db"
    assert settings.store_options() == {}
    assert settings.sqlite.synchronous == "NORMAL"


def test_an_unknown_key_is_an_error_with_its_line_and_the_right_name(place: Place) -> None:
    place.project("grace = 1\n\nmax_paralel = 3\n[other]\nthing = 1\n")
    error = place.refused()
    assert f"{place.root}/treadle.toml:3: there is no setting `max_paralel`" in error.message
    assert "treadle.toml:5: there is no setting `other.thing`" in error.message
    assert "did you mean `max_parallel`?" in error.suggestions
    assert error.exit_code == ExitCode.USAGE


def test_unknown_overrides_are_errors_too(place: Place) -> None:
    assert "did you mean `store`?" in place.refused({"stoer": "x"}).suggestions


def test_all_wrong_values_are_named_at_once_with_where_they_were_given(place: Place) -> None:
    place.project('log_level = "loud"')
    place.user("grace = -1")
    message = place.refused(TREADLE_MAX_PARALLEL="many").message
    assert f"{place.home}/config.toml:1: `grace`" in message
    assert f"{place.root}/treadle.toml:1: `log_level`" in message
    assert "TREADLE_MAX_PARALLEL: `max_parallel`" in message


def test_a_wrong_value_that_is_overridden_is_no_matter(place: Place) -> None:
    place.user("grace = -1")
    assert place.load(TREADLE_GRACE="2").grace == 2


def test_broken_toml_is_an_error_with_its_line(place: Place) -> None:
    place.project("grace = 1\nlog_level = \n")
    assert f"{place.root}/treadle.toml:2: not valid TOML" in place.refused().message


def test_a_settings_file_that_is_not_text_or_huge_is_refused(place: Place) -> None:
    (place.root / "treadle.toml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in place.refused().message
    (place.root / "treadle.toml").write_bytes(b"#" * 1_000_001)
    assert "larger than" in place.refused().message


def test_a_pyproject_of_somebody_else_is_left_alone(place: Place) -> None:
    place.pyproject('[project]\nname = "x"\n[tool.other]\nstore = "here"')
    assert place.load().origin("store") == "default"


def test_a_home_may_be_given_in_short_and_becomes_absolute(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(place.home))
    assert load_settings(place.root, {}, {"TREADLE_HOME": "~/state"}).home == place.home / "state"


def test_without_treadle_home_the_platforms_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert user_file({}).name == "config.toml"
    assert user_file({}).is_relative_to(tmp_path)
    assert load_settings(tmp_path, {}, {}).home.is_relative_to(tmp_path)


def test_settings_shown_to_plugins_hold_no_password(place: Place) -> None:
    shown = place.load({"store": "postgresql://me:pw@host:5432/db"}).public()
    assert shown["store"] == "postgresql://me:***@host:5432/db"
    assert shown["plugins"] == {"enabled": True, "disable": [], "strict": False}
    assert "origins" not in shown


def test_origin_of_what_is_no_setting_is_an_error(place: Place) -> None:
    with pytest.raises(KeyError):
        place.load().origin("stoer")


def test_settings_are_frozen(place: Place) -> None:
    with pytest.raises(AttributeError):
        place.load().grace = 3.0  # type: ignore[misc]


def test_values_by_dotted_key(place: Place) -> None:
    settings = place.load({"sqlite.synchronous": "NORMAL"})
    assert settings.value("sqlite.synchronous") == "NORMAL"
    assert {key: settings.value(key) for key in KEYS}["grace"] == 10.0


def test_every_key_has_a_variable_of_its_own() -> None:
    assert sorted(VARIABLES.values()) == sorted(KEYS)
    assert {key for key, _ in COUNTERPARTS.values()} <= set(KEYS)


def test_defaults_are_loaded_without_pydantic(place: Place) -> None:
    script = """
import os, sys
from pathlib import Path
from treadle.settings import load_settings
load_settings(Path(sys.argv[1]), {"store": "sqlite:"}, {"TREADLE_HOME": sys.argv[1]})
print([name for name in ("pydantic", "tomllib", "annotated_types") if name in sys.modules])
"""
    command = [sys.executable, "-c", script, str(place.root)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert result.stdout == "[]\n"


def test_the_reference_page_is_the_models() -> None:
    page = Path(__file__).parents[3] / "docs/reference/settings.md"
    assert page.read_text() == reference(), "write it again: python -m treadle.settings > docs/reference/settings.md"
    assert all(f"| `{key}` |" in page.read_text() for key in KEYS)
