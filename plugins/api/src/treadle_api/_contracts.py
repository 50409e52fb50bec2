"""`api/contract-tests`: whether a server does what its document says, by schemathesis."""

import shutil
import socket
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from treadle_hookspecs import ActionContext, ActionError, Json, Outcome, ProcessResult, ToolMissingError

from treadle_api._document import load

INSTALL: Final = f"{sys.executable} -m pip install 'treadle-api[contracts]'"
_SHOWN: Final = 50
_FAILED: Final = 1


async def contract_tests(
    server: str,
    document: str = "",
    service: str = "",
    operations: list[str] | None = None,
    max_examples: int = 20,
    seed: int = 1,
    headers: dict[str, str] | None = None,
    *,
    context: ActionContext,
) -> Outcome:
    """Send a server what its document allows and what it does not, and look at every answer.

    Requests really change what the server keeps: give one that is there for tests.

    Args:
        server: its address, e.g. http://127.0.0.1:8000.
        document: as for `api/read`.
        service: as for `api/read`.
        operations: as for `api/read`.
        max_examples: requests for each operation and phase.
        seed: of what is made up; the same one makes up the same.
        headers: sent with each request; secrets as `"{{ secrets.NAME }}"`.
        context: of the visit.

    Returns:
        The outcome `success` or `needs-work`, and `verdict`, `tested` (operations), `failed`, `failures` (each `{id,
        operation, message, reproduce}`), `reasons`, `summary`, `figures`, `findings`.

    Raises:
        ToolMissingError: schemathesis is not installed.
        ActionError: `unreachable`, `not-run` with schemathesis' own words; as `api/read`.
    """
    known = load(context, document, service)
    chosen = known.about(operations)
    _somebody_there(server)
    if find_spec("schemathesis") is None:
        raise ToolMissingError("schemathesis", INSTALL)
    report = context.scratch / "contract.xml"
    report.unlink(missing_ok=True)
    only = [word for one in chosen for word in ("--include-path", one.path)] if operations else []
    given = [word for name, value in (headers or {}).items() for word in ("--header", f"{name}: {value}")]
    argv = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(context.workspace.path(known.path)), "--url", server),
        *("--report", "junit", "--report-junit-path", str(report), "--max-examples", str(max_examples)),
        *("--seed", str(seed), "--no-color", "--generation-database", "none", *only, *given),
    ]
    ended = await context.run(argv, cwd=_empty(context.scratch / "contract"))
    return _judged(_read(report, ended), len(chosen))


def _empty(folder: Path) -> Path:
    """A folder of its own: schemathesis reads a configuration from where it runs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _somebody_there(server: str) -> None:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ActionError(f"{server!r} is no address of a server", error_class="invalid-input", retryable=False)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=10).close()
    except OSError as error:
        raise ActionError(f"nobody answers at {server}: {error}", error_class="unreachable") from error


def _read(report: Path, ended: ProcessResult) -> list[dict[str, Any]]:
    said = "\n".join(f"{ended.stdout}\n{ended.stderr}".strip().splitlines()[-12:])
    if ended.exit_code not in (0, _FAILED) or not report.is_file():
        raise ActionError(
            f"schemathesis ended with {ended.exit_code} before it could give a result:\n{said}",
            error_class="not-run",
            outputs={"verdict": "not-checked", "summary": "schemathesis gave no result"},
            retryable=False,
        )
    # Written by the program that was started here.
    tree = ET.parse(report)  # noqa: S314
    return list(_failures(tree.getroot()))


def _failures(root: ET.Element) -> Iterator[dict[str, Any]]:
    for case in root.iter("testcase"):
        for number, found in enumerate([*case.iter("failure"), *case.iter("error")], 1):
            text = (found.text or found.get("message") or "").strip()
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            message = next((line for line in lines if line.startswith("- ")), lines[0] if lines else "failed")
            yield {
                "id": f"{case.get('name')} ({number})",
                "operation": str(case.get("name") or ""),
                "message": message.removeprefix("- "),
                "reproduce": next((line for line in lines if line.startswith("curl ")), ""),
                "detail": text[:2000],
            }


def _judged(failures: list[dict[str, Any]], tested: int) -> Outcome:
    broken = sorted({one["operation"] for one in failures})
    reasons = [f"{one['operation']}: {one['message']}" for one in failures]
    outputs: dict[str, Json] = {
        "verdict": "fail" if failures else "pass",
        "tested": tested,
        "failed": len(broken),
        "failures": cast("list[Json]", failures[:_SHOWN]),
        "reasons": cast("list[Json]", reasons[:20]),
        "summary": f"{tested - len(broken)} of {tested} operations do what the document says",
        "figures": [
            {"name": "operations tested", "value": tested},
            {"name": "operations that break the contract", "value": len(broken), "limit": "0"},
        ],
        "findings": [
            {
                "rule": "contract",
                "severity": "high",
                "file": None,
                "line": None,
                "message": f"{one['operation']}: {one['message']}",
                "new": None,
            }
            for one in failures[:_SHOWN]
        ],
    }
    return Outcome("needs-work" if failures else "success", outputs)
