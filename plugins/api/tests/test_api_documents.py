"""`api/read`: what is there, what is wrong, and where."""

import json

import pytest
from treadle_hookspecs import ActionError, TreadleError


def test_a_document_tells_its_operations(perform) -> None:
    outputs = perform("api/read").outputs
    assert (outputs["document"], outputs["title"], outputs["version"]) == ("openapi.yaml", "Pay Desk", "1.2.0")
    assert [one["id"] for one in outputs["operations"]] == ["listPayments", "createPayment", "getPayment", "health"]
    assert outputs["operations"][2] == {
        "id": "getPayment",
        "method": "GET",
        "path": "/payments/{payment-id}",
        "summary": "",
        "tags": ["payment"],
        "parameters": ["path:payment-id"],
        "responses": ["200", "400", "404"],
    }
    assert outputs["schemas"] == ["Currency", "NewPayment", "Payment", "odd-names"]


def test_operations_are_chosen_by_words(perform) -> None:
    chosen = perform("api/read", operations=["payment"]).outputs["operations"]
    assert [one["id"] for one in chosen] == ["listPayments", "createPayment", "getPayment"]
    with pytest.raises(ActionError, match="no operation is about refund; there are listPayments") as caught:
        perform("api/read", operations=["refund"])
    assert caught.value.error_class == "no-operation"


def test_it_is_found_by_the_service_s_name(perform, project) -> None:
    (project / "openapi").mkdir()
    (project / "openapi.yaml").rename(project / "openapi/paydesk.yaml")
    assert perform("api/read", service="paydesk").outputs["document"] == "openapi/paydesk.yaml"
    with pytest.raises(ActionError, match="name it in `document`") as caught:
        perform("api/read", service="other")
    assert caught.value.error_class == "not-found"


def test_json_is_read_as_well(perform, project) -> None:
    minimal = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}
    (project / "a.json").write_text(json.dumps(minimal))
    assert perform("api/read", document="a.json").outputs["operations"] == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: integer, minimum: 1, maximum: 100", "type: whole", "whole"),
        ("info: {title: Pay Desk, version: 1.2.0}", "info: {title: Pay Desk}", "version"),
        ("openapi: 3.0.3", "openapi: 4.0.0", "version '4.0.0' is not known"),
        ("openapi: 3.0.3", "title: none", "has no key `openapi`"),
        ("#/components/schemas/Currency", "#/components/schemas/Money", "Money"),
        ("#/components/schemas/Currency", "other.yaml#/Currency", "other.yaml"),
    ],
)
def test_mistakes_are_told_with_their_place(perform, project, old, new, words) -> None:
    path = project / "openapi.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ActionError) as caught:
        perform("api/generate-client")
    assert caught.value.error_class == "invalid-document"
    assert words in caught.value.message


def test_what_is_no_yaml_is_told_with_line_and_column(perform, project) -> None:
    (project / "openapi.yaml").write_text("openapi: 3.0.3\ninfo: {title\n")
    with pytest.raises(TreadleError, match=r"openapi.yaml:\d+:\d+"):
        perform("api/read")
