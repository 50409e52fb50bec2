"""Secrets from real files, the environment, and a stand-in for the keyring library."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from treadle.secrets import MASK, Masker, SecretResolver
from treadle_engine.plan import SecretSource
from treadle_hookspecs import ExitCode, Json, TreadleError

VALUE = "hunter2-of-old"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def resolver(root: Path, source: SecretSource, environ: Mapping[str, str] | None = None) -> SecretResolver:
    return SecretResolver((("TOKEN", source),), environ or {}, root, Masker())


def file_secret(path: Path, content: str = VALUE, mode: int = 0o600) -> SecretSource:
    path.write_bytes(content.encode())
    path.chmod(mode)
    return SecretSource("file", str(path))


def refused(secrets: SecretResolver, name: str = "TOKEN") -> TreadleError:
    with pytest.raises(TreadleError) as caught:
        secrets.get(name)
    told = f"{caught.value} {caught.value.suggestions} {caught.value.__cause__}"
    assert VALUE not in told
    return caught.value


def test_from_the_environment_and_known_to_the_masker_first(root: Path) -> None:
    masker = Masker()
    secrets = SecretResolver((("TOKEN", SecretSource("env", "MY_TOKEN")),), {"MY_TOKEN": VALUE}, root, masker)
    assert not masker
    assert secrets.names() == ("TOKEN",)
    assert secrets.get("TOKEN") == VALUE
    assert masker.mask(f"x {VALUE}") == f"x {MASK}"


def test_a_missing_variable_is_named(root: Path) -> None:
    error = refused(resolver(root, SecretSource("env", "MY_TOKEN")))
    assert error.message == "secret `TOKEN`: the environment variable MY_TOKEN is not set"
    assert error.exit_code == ExitCode.NOT_FOUND


def test_an_empty_value_is_no_secret(root: Path) -> None:
    assert "is empty" in refused(resolver(root, SecretSource("env", "E"), {"E": ""})).message


def test_an_undeclared_name_gets_a_suggestion(root: Path) -> None:
    error = refused(resolver(root, SecretSource("env", "X")), "TOKNE")
    assert "is not declared" in error.message
    assert error.suggestions == ("did you mean `TOKEN`?",)


def test_a_value_is_looked_up_once(root: Path) -> None:
    environ = {"X": VALUE}
    secrets = resolver(root, SecretSource("env", "X"), environ)
    assert secrets.get("TOKEN") == VALUE
    environ.clear()
    assert secrets.get("TOKEN") == VALUE


@pytest.mark.parametrize("content", [VALUE, f"{VALUE}\n", f"{VALUE}\r\n"])
def test_from_a_file_without_its_last_line_end(root: Path, tmp_path: Path, content: str) -> None:
    assert resolver(root, file_secret(tmp_path / "token", content)).get("TOKEN") == VALUE


def test_lines_of_a_file_are_kept(root: Path, tmp_path: Path) -> None:
    assert resolver(root, file_secret(tmp_path / "key", "one\ntwo\n\n")).get("TOKEN") == "one\ntwo\n"


def test_from_the_home_folder(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file_secret(tmp_path / "token")
    assert resolver(root, SecretSource("file", "~/token")).get("TOKEN") == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_reach_is_refused(root: Path, tmp_path: Path, mode: int) -> None:
    error = refused(resolver(root, file_secret(tmp_path / "token", mode=mode)))
    assert "others can read or write" in error.message
    assert error.suggestions == (f"chmod 600 {tmp_path / 'token'}",)
    assert error.exit_code == ExitCode.NOT_ALLOWED


def test_a_file_in_the_project_is_refused_also_through_a_link(root: Path, tmp_path: Path) -> None:
    inside = file_secret(root / "token")
    assert "lies in the project" in refused(resolver(root, inside)).message
    (tmp_path / "link").symlink_to(root / "token")
    assert "lies in the project" in refused(resolver(root, SecretSource("file", str(tmp_path / "link")))).message


def test_a_relative_path_is_refused(root: Path) -> None:
    assert "is relative" in refused(resolver(root, SecretSource("file", "../token"))).message


def test_a_missing_file_is_named(root: Path, tmp_path: Path) -> None:
    error = refused(resolver(root, SecretSource("file", str(tmp_path / "none"))))
    assert str(tmp_path / "none") in error.message
    assert error.exit_code == ExitCode.NOT_FOUND


def test_folders_and_pipes_are_refused_without_waiting(root: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for place in (tmp_path / "pipe", tmp_path):
        assert "is not a regular file" in refused(resolver(root, SecretSource("file", str(place)))).message


def test_a_file_that_is_no_text_or_too_large(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(VALUE.encode() + b"\xff")
    path.chmod(0o600)
    assert "is not UTF-8" in refused(resolver(root, SecretSource("file", str(path)))).message
    assert "larger than" in refused(resolver(root, file_secret(path, VALUE * 10_000))).message


class Keyring(ModuleType):
    """What the library offers, over a dictionary."""

    def __init__(self, entries: dict[tuple[str, str], str]) -> None:
        super().__init__("keyring")
        self.errors = ModuleType("keyring.errors")
        self.failure = type("KeyringError", (Exception,), {})
        self.errors.__dict__["KeyringError"] = self.failure
        self.entries = entries

    def get_password(self, service: str, user: str) -> str | None:
        if service == "locked":
            raise self.failure("locked")
        return self.entries.get((service, user))

    def set_password(self, service: str, user: str, value: str) -> None:
        self.entries[service, user] = value


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    library = Keyring({("a/service", "me"): VALUE})
    monkeypatch.setitem(sys.modules, "keyring", library)
    monkeypatch.setitem(sys.modules, "keyring.errors", library.errors)
    return library


def test_from_the_keyring(root: Path, keyring: Keyring) -> None:
    assert resolver(root, SecretSource("keyring", "a/service/me")).get("TOKEN") == VALUE
    assert "has no a/service/you" in refused(resolver(root, SecretSource("keyring", "a/service/you"))).message
    assert "not SERVICE/USER" in refused(resolver(root, SecretSource("keyring", "alone"))).message


def test_a_keyring_that_does_not_answer(root: Path, keyring: Keyring) -> None:
    assert "does not answer for locked/me" in refused(resolver(root, SecretSource("keyring", "locked/me"))).message


def test_without_the_library_the_pip_line_is_given(root: Path) -> None:
    code = (
        "import sys; sys.modules['keyring'] = None; sys.modules['keyring.errors'] = None\n"
        "from treadle.secrets._keyring import read_keyring\n"
        "from treadle_hookspecs import TreadleError\n"
        "try:\n    read_keyring('a', 'b')\nexcept TreadleError as error:\n    print(*error.suggestions)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "pip install keyring\n"


def test_reveal_replaces_references_and_nothing_else(root: Path) -> None:
    secrets = resolver(root, SecretSource("env", "X"), {"X": VALUE})
    other: dict[str, Json] = {"c": {"$secret": "TOKEN", "more": 1}, "d": {"$secret": 1}, "e": 2}
    assert secrets.reveal({"a": [{"$secret": "TOKEN"}, "b"], **other}) == {"a": [VALUE, "b"], **other}
