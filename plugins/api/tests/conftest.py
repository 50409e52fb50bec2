"""A document, a server that does what it says, and one that does not."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from treadle_testkit.actions import StandaloneContext

DOCUMENT = """\
openapi: 3.0.3
info: {title: Pay Desk, version: 1.2.0}
servers: [{url: "http://127.0.0.1:1"}]
paths:
  /payments:
    get:
      operationId: listPayments
      summary: All payments.
      tags: [payment]
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: X-Request-Id, in: header, schema: {type: string, pattern: "^[a-z]*$"}}
      responses:
        "200":
          description: ok
          content:
            application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Payment"}}}
        "400": {description: bad}
    post:
      operationId: createPayment
      summary: Pay.
      tags: [payment]
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/NewPayment"}}
      responses:
        "201":
          description: made
          content:
            application/json: {schema: {$ref: "#/components/schemas/Payment"}}
        "400": {description: bad}
  /payments/{payment-id}:
    get:
      operationId: getPayment
      tags: [payment]
      parameters: [{name: payment-id, in: path, required: true, schema: {type: integer, minimum: 0, maximum: 99}}]
      responses:
        "200":
          description: ok
          content:
            application/json: {schema: {$ref: "#/components/schemas/Payment"}}
        "404": {description: none}
        "400": {description: bad}
  /health:
    get:
      operationId: health
      responses: {"204": {description: fine}}
components:
  schemas:
    Currency: {type: string, enum: [EUR, USD]}
    NewPayment:
      type: object
      additionalProperties: false
      required: [amount, currency]
      properties:
        amount: {type: integer, minimum: 1, maximum: 1000}
        currency: {$ref: "#/components/schemas/Currency"}
        note: {type: string, nullable: true, maxLength: 20}
    Payment:
      description: A payment.
      allOf:
        - $ref: "#/components/schemas/NewPayment"
        - type: object
          required: [id]
          properties: {id: {type: integer}}
    odd-names:
      type: object
      properties: {"class": {type: string}, "a-b": {type: array, items: {type: number}}}
"""
DOCUMENT = DOCUMENT.replace("      additionalProperties: false\n", "")


class PayDesk(BaseHTTPRequestHandler):
    """It does what the document says."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.server.seen.append((self.path, dict(self.headers)))
        if self.server.refusals:
            status, headers = self.server.refusals.pop(0)
            return self.answer(status, {"why": "busy"}, headers)
        if path == "/health":
            return self.answer(204)
        if path == "/payments":
            limit = re.fullmatch(r"(?:limit=(\d{1,3}))?", query)
            good = limit and (limit[1] is None or 1 <= int(limit[1]) <= 100)
            good = good and re.fullmatch("[a-z]*", self.headers.get("X-Request-Id", ""))
            return self.answer(200, self.server.payments) if good else self.answer(400)
        found = re.fullmatch(r"/payments/(\d{1,2})", path)
        if not found:
            return self.answer(400 if path.startswith("/payments/") else 404)
        known = [one for one in self.server.payments if one["id"] == int(found[1])]
        return self.answer(200, known[0]) if known else self.answer(404)

    def do_POST(self):
        if self.path != "/payments":
            return self.answer(405 if self.path.startswith("/payments/") or self.path == "/health" else 404)
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            good = (
                isinstance(body, dict)
                and type(body["amount"]) in (int, float)
                and body["amount"] == int(body["amount"])
                and 1 <= body["amount"] <= 1000
                and body["currency"] in ("EUR", "USD")
                and (body.get("note") is None or (isinstance(body["note"], str) and len(body["note"]) <= 20))
                and "application/json" in self.headers.get("Content-Type", "")
            )
        except (ValueError, KeyError, TypeError, OverflowError):
            good = False
        if not good:
            return self.answer(400)
        made = {**body, "id": len(self.server.payments)}
        if not self.server.forgetful:
            self.server.payments.append(made)
        else:
            made = {"amount": str(made["amount"])}
        return self.answer(201, made)

    def refuse(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        known = self.path.partition("?")[0] in ("/payments", "/health") or re.fullmatch(r"/payments/[^/]+", self.path)
        self.answer(405 if known else 404, None, {"Allow": "GET, POST" if self.path == "/payments" else "GET"})

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.refuse
        raise AttributeError(name)

    def answer(self, status, data=None, headers=None):
        content = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        for name, value in (headers or ({"Allow": "GET"} if status == 405 else {})).items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """The pay desk on a free port. `refusals` are answered first; a `forgetful` one answers what it should not."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), PayDesk)
    made.daemon_threads = True
    made.payments, made.seen, made.refusals, made.forgetful = [], [], [], False
    thread = Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def address(server) -> str:
    """Where it is."""
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the document."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "openapi.yaml").write_text(DOCUMENT)
    return root


@pytest.fixture
def perform(project: Path, tmp_path: Path):
    """Run an action there; the whole outcome."""
    (tmp_path / "scratch").mkdir()

    def run(action: str, **inputs):
        return StandaloneContext(project, tmp_path / "scratch").perform(action, **inputs)

    return run
