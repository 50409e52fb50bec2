"""What is generated is imported and talks to a server on loopback."""

import importlib
import subprocess
import sys

import pytest


@pytest.fixture
def client(perform, project, address, monkeypatch):
    """The generated package, and a client of the server."""
    outputs = perform("api/generate-client", service="paydesk").outputs
    assert outputs["path"] == "paydesk_client"
    monkeypatch.syspath_prepend(str(project))
    for name in [name for name in sys.modules if name.startswith("paydesk_client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    package = importlib.import_module("paydesk_client")
    return package, lambda **options: package.Client(address, delay=0.0, **options)


def test_each_operation_is_a_method_that_does_it(client, server) -> None:
    _, make = client
    desk = make(headers={"Authorization": "Bearer x"})
    made = desk.create_payment({"amount": 3, "currency": "EUR"})
    assert made == {"amount": 3, "currency": "EUR", "id": 0}
    assert desk.get_payment(0) == made
    assert desk.list_payments(limit=5, x_request_id="abc") == [made]
    path, headers = server.seen[-1]
    assert path == "/payments?limit=5"
    assert (headers["X-Request-Id"], headers["Authorization"]) == ("abc", "Bearer x")
    assert desk.health() is None


def test_what_the_server_refuses_is_an_error(client) -> None:
    package, make = client
    with pytest.raises(package.ApiError, match="404") as caught:
        make().get_payment(77)
    assert (caught.value.status, caught.value.method) == (404, "GET")
    with pytest.raises(package.ApiError) as caught:
        make().create_payment({"amount": 0, "currency": "EUR"})
    assert caught.value.status == 400


def test_what_may_be_repeated_is_repeated_and_watched(client, server) -> None:
    package, make = client
    calls = []
    server.refusals = [(503, {}), (502, {})]
    assert make(watch=calls.append).list_payments() == []
    assert [(one.operation, one.status, one.attempts) for one in calls] == [("listPayments", 200, 3)]
    server.refusals = [(503, {"Retry-After": "0"})] * 5
    with pytest.raises(package.ApiError, match="503"):
        make(attempts=2).list_payments()
    assert len(server.refusals) == 3
    with pytest.raises(package.ApiError, match="no answer") as caught:
        package.Client("http://127.0.0.1:1", delay=0.0).list_payments()
    assert caught.value.status == 0


@pytest.mark.usefixtures("client")
def test_what_changes_something_is_not_repeated_by_itself() -> None:
    module = importlib.import_module("paydesk_client.client")
    assert [module._may_repeat("POST", status) for status in (0, 429, 502, 503)] == [False, True, False, True]
    with pytest.raises(ValueError, match="is no address"):
        module.Client("file:///etc/passwd")


def test_types_are_types(perform, project) -> None:
    perform("api/generate-client", out="src/pay")
    use = (
        "from pay import Client\nfrom pay.types import NewPayment, Payment\n\n"
        'new: NewPayment = {"amount": 1, "currency": "EUR", "note": None}\n'
        "made: Payment = Client().create_payment(new)\nnumber: int = made['id']\n"
    )
    (project / "src/use.py").write_text(use)
    (project / "src/wrong.py").write_text(use.replace('"EUR"', '"GBP"').replace("number: int", "number: str"))
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(project / "cache")]
    good = subprocess.run([*mypy, "use.py", "pay"], cwd=project / "src", capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout
    bad = subprocess.run([*mypy, "wrong.py"], cwd=project / "src", capture_output=True, text=True, check=False)
    assert bad.stdout.count("error:") == 2, bad.stdout


def test_only_the_operations_that_are_wanted(perform, project) -> None:
    outputs = perform("api/generate-client", operations=["createPayment"]).outputs
    assert outputs["methods"] == {"create_payment": "createPayment"}
    assert outputs["created"] == [
        "pay_desk_client/__init__.py",
        "pay_desk_client/client.py",
        "pay_desk_client/types.py",
        "pay_desk_client/py.typed",
    ]
    assert "def list_payments" not in (project / "pay_desk_client/client.py").read_text()
    again = perform("api/generate-client", operations=["createPayment"]).outputs
    assert (again["created"], again["modified"]) == ([], [])
    assert perform("api/generate-types").outputs["created"] == []


def test_names_that_are_none_in_python(perform, project) -> None:
    perform("api/generate-types", out="types_only")
    text = (project / "types_only/types.py").read_text()
    assert "OddNames = TypedDict(" in text
    assert "'class': 'NotRequired[str]'" in text
    assert not (project / "types_only/client.py").exists()
