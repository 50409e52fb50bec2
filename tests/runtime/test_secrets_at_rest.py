from collections.abc import Callable
from typing import Any

import orjson
import pytest
from treadle import Treadle

SECRET = "s3cr3t-token-value"
PASSWORD = "correct horse battery"


@pytest.fixture
def leaking(write: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    return write("""
secrets: {TOKEN: {env: MY_TOKEN}}
inputs: {password: {type: string, sensitive: true, required: true}}
steps:
  - {id: leak, uses: bench/leak, env: {TOKEN: "{{ secrets.TOKEN }}"}}
  - {id: derived, uses: bench/note, with: {value: "login with {{ inputs.password }}"}}
  - {id: uses_it, uses: bench/note, with: {value: "{{ steps.derived.outputs.value | length }}"}}
""")


def test_no_secret_is_in_any_byte_on_disk(
    treadle: Treadle, leaking: str, everything_on_disk: Callable[[], bytes], bench: Any
) -> None:
    status = treadle.run(leaking, {"password": PASSWORD})
    treadle.close()
    written = everything_on_disk()
    assert status.status == "completed"
    for value in (SECRET, PASSWORD):
        assert value.encode() not in written
        assert value.encode().hex().encode() not in written
    assert ("derived#1.1", f"login with {PASSWORD}") in bench.calls


def test_no_secret_is_in_anything_that_people_are_shown(treadle: Treadle, leaking: str) -> None:
    heard: list[object] = []
    treadle.subscribe(lambda event: heard.append(event.to_json()))
    status = treadle.run(leaking, {"password": PASSWORD})
    shown = orjson.dumps(
        [
            status.to_json(),
            heard,
            [event.to_json() for event in treadle.history(status.id)],
            [line.text for line in treadle.logs(status.id)],
        ]
    )
    assert SECRET.encode() not in shown
    assert PASSWORD.encode() not in shown
    assert b"***" in shown


def test_sensitive_inputs_survive_a_resume(treadle: Treadle, write: Callable[..., str], bench: Any) -> None:
    path = write("""
inputs: {password: {type: string, sensitive: true, required: true}}
steps:
  - {id: gate, uses: bench/gate}
  - {id: use, uses: bench/note, with: {value: "{{ inputs.password }}"}}
""")
    bench.failures["gate"] = 1
    failed = treadle.run(path, {"password": PASSWORD})
    assert treadle.resume(failed.id).status == "completed"
    assert ("use#1.1", PASSWORD) in bench.calls


def test_a_secret_that_is_not_there_fails_the_step_and_names_the_source(
    treadle: Treadle, leaking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_TOKEN")
    status = treadle.run(leaking, {"password": PASSWORD})
    assert status.status == "failed"
    assert status.error is not None
    assert "MY_TOKEN" in str(status.error["message"])
