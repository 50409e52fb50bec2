"""Steps that run workflows: within their execution, and as executions of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle.workflows import DefinitionError
from treadle_hookspecs import Definition

Write = Callable[..., str]

NOTE = """
inputs: {value: {type: integer, required: true}}
outputs: {seen: "{{ steps.note.outputs.value }}"}
steps:
  - id: note
    uses: bench/note
    with: {value: "{{ inputs.value }}"}
    compensate: {action: bench-undo, with: {value: "{{ outputs.value }}"}}
"""


def test_it_runs_within_the_execution(treadle: Treadle, write: Write, bench: Any) -> None:
    write(NOTE, "inner")
    path = write("""
outputs: {seen: "{{ steps.call.outputs.seen }}"}
steps:
  - {id: call, workflow: inner, with: {value: "7"}}
""")
    status = treadle.run(path)
    assert (status.status, status.outputs) == ("completed", {"seen": 7})
    assert bench.calls == [("call/note#1.1", 7)]
    assert list(status.steps) == ["call", "call/note"]
    assert len(treadle.executions()) == 1


def test_inputs_that_do_not_fit_fail_the_step(treadle: Treadle, write: Write, bench: Any) -> None:
    write(NOTE, "inner")
    path = write("inputs: {n: {}}\nsteps:\n  - {id: call, workflow: inner, with: {value: '{{ inputs.n }}'}}\n")
    status = treadle.run(path, {"n": "seven"})
    assert status.status == "failed"
    assert status.error is not None
    assert status.error["type"] == "inputs"
    assert "`value`: 'seven' cannot be read as an integer" in str(status.error["message"])
    assert bench.calls == []


def test_what_it_did_is_rolled_back_with_the_rest(treadle: Treadle, write: Write, bench: Any) -> None:
    write(NOTE, "inner")
    status = treadle.run(write("steps:\n  - {id: a, workflow: inner, with: {value: 1}}\n"))
    assert [entry["address"] for entry in treadle.rollback_plan(status.id)] == ["a/note#1"]
    assert treadle.rollback(status.id).rollback == "done"
    assert bench.calls[-1] == ("undo", 1)


def test_its_sensitive_inputs_and_outputs_are_sealed(
    treadle: Treadle, write: Write, everything_on_disk: Callable[[], bytes]
) -> None:
    write(
        """
inputs: {token: {type: string, sensitive: true}}
steps:
  - {id: note, uses: bench/note, with: {value: "{{ inputs.token }}"}}
""",
        "inner",
    )
    path = write("""steps:\n  - {id: call, workflow: inner, with: {token: "{{ 'marmot-' ~ 8731 }}"}}\n""")
    assert treadle.run(path).status == "completed"
    treadle.close()
    assert b"marmot-8731" not in everything_on_disk()


def test_its_secrets_are_its_own(treadle: Treadle, write: Write, bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "outer-secret-value")
    monkeypatch.setenv("INNER", "inner-secret-value")
    steps = "steps:\n  - {id: note, uses: bench/note, with: {value: '{{ secrets.TOKEN }}'}}\n"
    inner = f"secrets: {{TOKEN: {{env: INNER}}}}\n{steps}"
    write(inner, "inner")
    path = write(inner.replace("INNER", "OUTER") + "  - {id: call, workflow: inner}\n")
    assert treadle.run(path).status == "completed"
    assert [value for _, value in bench.calls] == ["outer-secret-value", "inner-secret-value"]


def test_a_change_of_its_file_is_seen_by_the_next_run(treadle: Treadle, write: Write, bench: Any) -> None:
    write("steps:\n  - {id: note, uses: bench/note, with: {value: old}}\n", "inner")
    path = write("steps:\n  - {id: call, workflow: inner}\n")
    for _ in range(2):
        treadle.run(path)
    write("steps:\n  - {id: note, uses: bench/note, with: {value: new}}\n", "inner")
    treadle.run(path)
    assert [value for _, value in bench.calls] == ["old", "old", "new"]


def test_one_that_comes_to_stand_nearer_is_the_one(treadle: Treadle, write: Write, bench: Any, project: Path) -> None:
    write("steps:\n  - {id: note, uses: bench/note, with: {value: far}}\n", "inner")
    deep = project / "deep"
    deep.mkdir()
    path = deep / "outer.yaml"
    path.write_text("treadle: 1\nname: outer\nsteps:\n  - {id: call, workflow: inner}\n")
    treadle.run(str(path))
    (deep / "inner.yaml").write_text(
        "treadle: 1\nname: inner\nsteps:\n  - {id: note, uses: bench/note, with: {value: near}}\n"
    )
    treadle.run(str(path))
    assert [value for _, value in bench.calls] == ["far", "near"]


def test_recovery_runs_what_was_pinned(open_treadle: Callable[[], Treadle], write: Write, bench: Any) -> None:
    write("steps:\n  - {id: gate, uses: bench/gate}\n  - {id: note, uses: bench/note, with: {value: old}}\n", "inner")
    path = write("steps:\n  - {id: call, workflow: inner}\n")
    bench.failures["gate"] = 1
    failed = open_treadle().run(path)
    write("steps:\n  - {id: note, uses: bench/note, with: {value: new}}\n", "inner")
    assert open_treadle().resume(failed.id).status == "completed"
    assert ("note", "new") not in [(address.split("/")[-1].split("#")[0], value) for address, value in bench.calls]
    assert bench.calls[-1][1] == "old"


def test_problems_of_it_keep_the_run_from_starting(treadle: Treadle, write: Write) -> None:
    write("steps:\n  - {id: note, uses: bench/nothing}\n", "inner")
    with pytest.raises(DefinitionError) as raised:
        treadle.run(write("steps:\n  - {id: call, workflow: inner}\n"))
    assert str(raised.value.context["file"]).endswith("inner.yaml")
    assert treadle.executions() == []


def test_one_that_is_not_waited_for_is_an_execution_of_its_own(treadle: Treadle, write: Write, bench: Any) -> None:
    write(NOTE, "inner")
    path = write("""
outputs: {id: "{{ steps.call.outputs.execution }}"}
steps:
  - {id: call, workflow: inner, detached: true, with: {value: 3}}
""")
    status = treadle.run(path)
    other = treadle.status(str(status.outputs["id"]))
    assert (other.workflow, other.status, other.outputs) == ("inner", "completed", {"seen": 3})
    row = treadle.resolve(other.id)
    assert (row.origin, row.trigger_type) == (status.id, "workflow")
    assert row.trigger_data == {"execution": status.id, "step": "call#1"}
    definition = treadle.store.definition(row.definition)
    assert isinstance(definition, Definition)
    assert definition.text.startswith("treadle: 1\nname: inner")
    assert bench.calls == [("note#1.1", 3)]


def test_its_failure_is_not_that_of_the_step(treadle: Treadle, write: Write) -> None:
    write("steps:\n  - {id: bad, uses: bench/fail-times, with: {times: 9}}\n", "inner")
    status = treadle.run(write("steps:\n  - {id: call, workflow: inner, detached: true}\n"))
    assert (status.status, status.exit_code) == ("completed", 0)
    assert [row.status for row in treadle.executions()] in (["failed", "completed"], ["completed", "failed"])


def test_one_that_runs_itself_is_no_continuation(treadle: Treadle, write: Write) -> None:
    path = write("""
inputs: {n: {type: integer, default: 1}}
steps:
  - {id: note, uses: bench/note, with: {value: 1}, compensate: {action: bench-undo}}
  - {id: again, workflow: flow, detached: true, when: inputs.n > 0, with: {n: "{{ inputs.n - 1 }}"}}
""")
    status = treadle.run(path)
    assert len(treadle.executions()) == 2
    assert treadle.rollback(status.id).rollback == "done"


def test_asking_twice_starts_one(treadle: Treadle, write: Write) -> None:
    from treadle.runtime.detached import id_of
    from treadle_engine.protocol import Address, StartWorkflow

    write(NOTE, "inner")
    path = write("steps:\n  - {id: call, workflow: inner, detached: true, with: {value: 3}}\n")
    status = treadle.run(path)
    asked = StartWorkflow(Address("", "call", 1), "inner", {})
    assert id_of(status.id, asked) in {row.id for row in treadle.executions()}
    assert id_of(status.id, asked) == status.steps["call"]["outputs"]["execution"]  # type: ignore[index,call-overload]


def test_what_shows_a_workflow_sees_into_those_that_it_runs(treadle: Treadle, write: Write) -> None:
    write(f"{NOTE}finally:\n  - {{id: tidy, uses: bench/noop}}\n", "inner")
    path = write("""
inputs: {n: {type: integer, default: 4}}
steps:
  - {id: call, workflow: inner, with: {value: "{{ inputs.n }}"}}
  - id: each
    for_each: [1, 2]
    workflow: inner
    with: {value: "{{ item }}"}
  - {id: apart, workflow: inner, detached: true, with: {value: 1}}
""")
    previewed = {step.id: step.inputs for step in treadle.preview(path).steps}
    inside = ["call/note", "call/finally/tidy", "each/each", "each/each/note", "each/each/finally/tidy"]
    assert list(previewed) == ["call", *inside[:2], "each", *inside[2:], "apart"]
    assert previewed["call/note"] == {"value": 4}
    assert previewed["each/each/note"] == {"value": "{{ item }}"}
    assert [body.address for body in treadle.graph(path).bodies] == [
        "",
        "call",
        "call/finally",
        "each",
        "each/each",
        "each/each/finally",
    ]
    status = treadle.run(path)
    states = {node.address: node.state for body in treadle.graph(status.id).bodies for node in body.nodes}
    assert states["each/each/note"] == "succeeded"


def test_a_workflow_inside_itself_is_shown_once(treadle: Treadle, write: Write) -> None:
    path = write("steps:\n  - {id: again, workflow: flow, when: 'false'}\n")
    assert [step.id for step in treadle.preview(path).steps] == ["again", "again/again"]
    assert treadle.run(path).status == "completed"
