"""The audit of compositions: who, what, from which templates, with which code and decisions; no secret."""

import json
from typing import Any

from treadle.api import Treadle
from treadle.host import FacadeHost
from treadle_compose import _audit


def told(bench: Any) -> list[dict[str, Any]]:
    with Treadle() as treadle:
        return [dict(it) for it in _audit.entries(FacadeHost(treadle), bench.target)]


def test_a_composition_its_code_and_its_end_are_written_down(bench: Any) -> None:
    secret = "hunter2-hunter2"
    hook = {"name": "sign", "command": "touch signed", "creates": ["signed"]}
    bench.template(
        "one",
        {"a.bin": "1", "env.j2": "{{ TOKEN }}"},
        {"variables": [{"name": "TOKEN", "secret": True}], "hooks": {"postSetup": [hook]}},
        "1.5",
    )
    bench.template("two", {"a.bin": "2"})
    status = bench.composed("one", "two", resolve=["a.bin=last"], secrets={"TOKEN": secret}, trust="full")
    composed, ran = told(bench)
    assert (composed["action"], composed["execution"]) == ("compose", status.id)
    assert composed["actor"].startswith("user:")
    detail = composed["detail"]
    assert [(it["id"], it["version"]) for it in detail["templates"]] == [("one", "1.5"), ("two", "1.0")]
    assert all(len(it["digest"]) == 64 for it in detail["templates"])
    assert detail["decisions"] == [{"path": "a.bin", "key": "", "strategy": "last", "by": "--resolve"}]
    assert (ran["action"], ran["detail"]["hook"], ran["detail"]["outcome"]) == ("compose-hook", "one/sign", "done")
    with Treadle() as treadle:
        treadle.rollback(status.id)
        assert not treadle.store.check()
    every = told(bench)
    assert [it["action"] for it in every] == ["compose", "compose-hook", "compose-undo"]
    assert len({it["hash"] for it in every}) == 3
    assert secret not in json.dumps(every)
    assert [_audit.line(it).split()[0] for it in every] == ["composed", "hook", "took"]
