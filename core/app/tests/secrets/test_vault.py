"""What is sealed can be unsealed with the same key in the same place, and otherwise not."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle.secrets import Vault
from treadle_hookspecs import ExitCode, TreadleError

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()


@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_data_in_any_place(data: bytes, aad: str) -> None:
    vault = Vault(Path("unused"), {"TREADLE_KEY": KEY})
    token = vault.seal(data, aad)
    assert vault.unseal(token, aad) == data
    assert token.isascii()
    assert token.count(".") == 2


def test_the_same_data_never_gives_the_same_token(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    assert vault.seal(b"x", "place") != vault.seal(b"x", "place")


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    token = Vault(home, {}).seal(b"data", "place")
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert len(base64.b64decode((home / "key").read_text())) == 32
    assert Vault(home, {}).unseal(token, "place") == b"data"
    assert [path.name for path in home.iterdir()] == ["key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from treadle.secrets import Vault\n"
        "vault = Vault(Path(sys.argv[1]), {}); sys.stdin.read(); print(vault.seal(b'data', 'place'))"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    tokens = []
    for process in started:
        assert process.stdout is not None
        tokens.append(process.stdout.read().strip())
        process.stdout.close()
        assert process.wait() == 0
    assert [Vault(tmp_path, {}).unseal(token, "place") for token in tokens] == [b"data"] * 6
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_another_place_is_refused(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    token = vault.seal(b"data", "execution-1")
    with pytest.raises(TreadleError, match="was changed, or belongs to another execution") as caught:
        vault.unseal(token, "execution-2")
    assert caught.value.exit_code == ExitCode.STORAGE


def test_every_change_is_noticed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    token = vault.seal(b"data", "place")
    start = token.rindex(".") + 1
    raw = base64.urlsafe_b64decode(token[start:])
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(TreadleError, match="cannot be decrypted"):
            vault.unseal(token[:start] + base64.urlsafe_b64encode(changed).decode(), "place")


@pytest.mark.parametrize("rest", ["", "*", "AAAA", "A" * 40, "plain text", "ü"])
def test_what_is_no_token_is_refused(tmp_path: Path, rest: str) -> None:
    vault = Vault(tmp_path, {"TREADLE_KEY": KEY})
    key_id = vault.seal(b"", "place").split(".")[1]
    for token in (rest, f"v1.{rest}", f"v2.{key_id}.{rest}", f"v1.{key_id}.{rest}", f"v1.0000.{rest}"):
        with pytest.raises(TreadleError, match="cannot be decrypted"):
            vault.unseal(token, "place")


def test_another_key_is_named_by_its_id(tmp_path: Path) -> None:
    token = Vault(tmp_path, {"TREADLE_KEY": KEY}).seal(b"data", "place")
    with pytest.raises(TreadleError, match=rf"with key {token.split('.')[1]}, and TREADLE_KEY holds [0-9a-f]+"):
        Vault(tmp_path, {"TREADLE_KEY": OTHER}).unseal(token, "place")


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    token = Vault(tmp_path, {}).seal(b"data", "place")
    (tmp_path / "key").unlink()
    with pytest.raises(TreadleError, match="is gone"):
        Vault(tmp_path, {}).unseal(token, "place")
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("text", ["", "short", KEY[:-4], "not base64 at all!!", KEY + KEY])
def test_a_bad_key_in_the_environment_is_no_reason_to_take_another(tmp_path: Path, text: str) -> None:
    with pytest.raises(TreadleError, match="TREADLE_KEY is not 32 bytes in base64") as caught:
        Vault(tmp_path, {"TREADLE_KEY": text}).seal(b"data", "place")
    assert not text or text not in f"{caught.value} {caught.value.suggestions} {caught.value.__cause__}"
    assert not (tmp_path / "key").exists()


def test_a_required_variable_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TreadleError, match="TREADLE_KEY, which is not set"):
        Vault(tmp_path, {}, "env").seal(b"data", "place")


def test_the_variable_wins_unless_the_file_was_asked_for(tmp_path: Path) -> None:
    by_file = Vault(tmp_path, {"TREADLE_KEY": KEY}, "file").seal(b"data", "place")
    assert (tmp_path / "key").exists()
    assert Vault(tmp_path, {}).unseal(by_file, "place") == b"data"
    by_variable = Vault(tmp_path, {"TREADLE_KEY": KEY}).seal(b"data", "place")
    assert by_variable.split(".")[1] != by_file.split(".")[1]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Vault(tmp_path, {}).seal(b"data", "place")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(TreadleError, match="others can read or write") as caught:
        Vault(tmp_path, {}).seal(b"data", "place")
    assert caught.value.suggestions == (f"chmod 600 {tmp_path / 'key'}",)


def test_an_empty_key_file_stops(tmp_path: Path) -> None:
    (tmp_path / "key").touch(0o600)
    with pytest.raises(TreadleError, match="not 32 bytes"):
        Vault(tmp_path, {}).seal(b"data", "place")


def test_a_pipe_in_place_of_the_key_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(TreadleError, match="not a regular file"):
        Vault(tmp_path, {}).seal(b"data", "place")
