"""What a composition came to, as a person and as a script read it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer
from treadle_hookspecs import ExitCode, Host, JsonObject, TreadleError

SCHEMA: Final = "treadle/composition@1"
_SHOWN: Final = 40
"""Rows and paths on a terminal."""
_VALUE: Final = 60
"""Characters of one value in the table."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An execution of the workflow `compose`.

    Attributes:
        status: the shape of `treadle status ID --json`.
        plan: what the step `plan` published, {} when it did not come so far.
        apply: likewise.
        hooks: what hooks did.
        problem: of the step that failed: `{message, context, suggestions, exit_code}`, or {}.
        notes: what a person should know.
    """

    status: JsonObject
    plan: Mapping[str, Any]
    apply: Mapping[str, Any]
    hooks: tuple[Mapping[str, Any], ...]
    problem: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def open(self) -> list[dict[str, Any]]:
        """Conflicts that nobody has decided."""
        return [row for row in self.plan.get("conflicts", ()) if not row["resolved"]]

    def to_json(self) -> dict[str, Any]:
        """`treadle/composition@1`."""
        return {
            "schema": SCHEMA,
            "execution": self.status["id"],
            "status": self.status["status"],
            "target": self.plan.get("target", ""),
            "created": self.apply.get("created", False),
            "written": self.apply.get("written", []),
            "removed": self.apply.get("removed", []),
            "counts": self.plan.get("counts", {}),
            "operations": self.plan.get("operations", []),
            "conflicts": self.plan.get("conflicts", []),
            "hooks": list(self.hooks),
            "notes": list(self.notes),
            "diff": self.plan.get("diff", ""),
            "error": dict(self.problem) or self.status.get("error"),
        }


def of(host: Host, status: JsonObject) -> Outcome:
    """Read an execution."""
    outputs: dict[str, Mapping[str, Any]] = {}
    problem: Mapping[str, Any] = {}
    for row in host.steps(str(status["id"])):
        if isinstance(row.outputs, Mapping):
            outputs[row.address] = row.outputs
            found = row.outputs.get("problem")
            problem = found if isinstance(found, Mapping) and not problem else problem
    notes: list[str] = []
    for step in ("resolve", "render", "plan"):
        notes += outputs.get(step, {}).get("notes") or ()
    ran = [*(outputs.get("before", {}).get("ran") or ()), *(outputs.get("after", {}).get("ran") or ())]
    return Outcome(
        status, outputs.get("plan", {}), outputs.get("apply", {}), tuple(ran), problem, tuple(dict.fromkeys(notes))
    )


def tell(host: Host, status: JsonObject, *, as_json: bool) -> None:
    """Print it and end with its exit code. Raises `TreadleError` for a problem, `typer.Exit` otherwise."""
    outcome = of(host, status)
    code = _exit_code(outcome)
    if as_json:
        host.console.data(json.dumps(outcome.to_json(), ensure_ascii=False, indent=2))
        raise typer.Exit(code)
    for line in table(outcome):
        host.console.data(line)
    if outcome.plan.get("diff"):
        host.console.data(str(outcome.plan["diff"]).rstrip("\n"))
    for note in outcome.notes:
        host.console.say(f"note: {note}")
    _complain(outcome, code)
    for line in _ending(outcome):
        host.console.say(line)
    raise typer.Exit(code)


def table(outcome: Outcome) -> Iterator[str]:
    """The conflict table: open rows first, each with the words that decide it."""
    rows = [row for row in outcome.plan.get("conflicts", ()) if not row["resolved"] or row["kind"] != "mode"]
    if not rows:
        return
    cells = [_cells(row) for row in rows[:_SHOWN]]
    head = ("", "KIND", "WHERE", "WHO", "WHAT")
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(4)]
    for line in (head, *cells):
        yield "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[4]]).rstrip()
    if len(rows) > _SHOWN:
        yield f"… and {len(rows) - _SHOWN} more: --json shows all"
    for row in outcome.open[:_SHOWN]:
        yield f"decide: {row['flag']}" + (
            f"   (or {', '.join(row['strategies'][1:])})" if row["strategies"][1:] else ""
        )


def _cells(row: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    where = f"{row['path']}#{row['key']}" if row["key"] else row["path"]
    values = " | ".join(_shown(value) for value in row["values"])
    done = f"{row['strategy']} ({row['by']})" if row["resolved"] else ""
    what = "; ".join(filter(None, (done, values, row["hint"])))
    return ("ok" if row["resolved"] else "open", row["kind"], where, ", ".join(row["contributors"]), what)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE else f"{text[: _VALUE - 1]}…"


def _exit_code(outcome: Outcome) -> int:
    if outcome.problem:
        return int(outcome.problem["exit_code"])
    return int(str(outcome.status["exit_code"]))


def _complain(outcome: Outcome, code: int) -> None:
    if code == ExitCode.OK:
        return
    if outcome.problem:
        suggestions = () if outcome.open else tuple(outcome.problem["suggestions"])
        raise TreadleError(
            str(outcome.problem["message"]),
            context={k: v for k, v in outcome.problem["context"].items() if k not in ("hooks", "problems")},
            suggestions=suggestions,
            exit_code=ExitCode(code),
        )
    id_ = str(outcome.status["id"])
    error: Any = outcome.status.get("error") or {}
    raise TreadleError(
        f"the composition {outcome.status['status']}: {error.get('message', 'it did not come to its end')}",
        suggestions=(f"treadle status {id_}", f"treadle resume {id_}", f"treadle rollback {id_}"),
        exit_code=ExitCode(code) if code in set(ExitCode) else ExitCode.FAILED,
    )


def _ending(outcome: Outcome) -> Iterator[str]:
    counts = outcome.plan.get("counts", {})
    told = ", ".join(
        f"{counts[name]} to {name}" for name in ("create", "replace", "delete", "keep") if counts.get(name)
    )
    if not outcome.apply:
        yield f"planned for {outcome.plan.get('target', '')}: {told or 'nothing'}; nothing was written"
        return
    written, removed = outcome.apply["written"], outcome.apply.get("removed", ())
    if not written and not removed and not outcome.hooks:
        yield f"nothing to do: {outcome.apply['target']} is as its templates and you want it"
        return
    gone = f", {len(removed)} removed" if removed else ""
    yield f"composed {outcome.apply['target']}: {len(written)} paths{gone}"
    for hook in outcome.hooks:
        yield f"hook {hook['hook']}: {hook['outcome']}" + (f", {hook['detail']}" if hook["outcome"] != "done" else "")
    yield f"to take it back: treadle rollback {outcome.status['id']}"
