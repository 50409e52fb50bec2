"""`api/contract-tests` with the real program against a server on loopback."""

import importlib.util

import pytest
from treadle_hookspecs import ActionError, ToolMissingError


def test_a_server_that_does_what_it_says(perform, address, project) -> None:
    ended = perform("api/contract-tests", server=address, max_examples=1)
    assert ended.outputs["reasons"] == []
    assert (ended.name, ended.outputs["verdict"], ended.outputs["tested"]) == ("success", "pass", 4)
    assert sorted(path.name for path in project.iterdir()) == ["openapi.yaml"], "nothing is left behind"


def test_a_server_that_answers_something_else(perform, address, server) -> None:
    server.forgetful = True
    ended = perform("api/contract-tests", server=address, operations=["createPayment"], max_examples=1)
    assert (ended.name, ended.outputs["verdict"]) == ("needs-work", "fail")
    assert any(
        "createPayment" in one["operation"] or "POST /payments" in one["operation"] for one in ended.outputs["failures"]
    )
    assert "schema" in " ".join(ended.outputs["reasons"]).lower()


def test_nobody_answers(perform) -> None:
    with pytest.raises(ActionError, match=r"nobody answers at http://127.0.0.1:1") as caught:
        perform("api/contract-tests", server="http://127.0.0.1:1", max_examples=1)
    assert caught.value.error_class == "unreachable"
    with pytest.raises(ActionError, match="is no address") as caught:
        perform("api/contract-tests", server="localhost")
    assert caught.value.error_class == "invalid-input"


def test_the_program_is_missing(perform, address, monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("treadle_api._contracts.find_spec", lambda name: None)
    with pytest.raises(ToolMissingError, match=r"pip install 'treadle-api\[contracts\]'"):
        perform("api/contract-tests", server=address)
