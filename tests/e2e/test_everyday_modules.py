"""The modules `files` and `system` in a run: what a failing step wrote is undone, what failed is recorded."""

import json

SHIP = """
treadle: 1
name: ship
steps:
  - id: prepare
    uses: files/write
    with: {path: out/config.json, value: {port: 8080, hosts: [a, b]}}
  - id: check
    run: exit 3
    on_failure: handle
  - id: handle
    uses: system/handle-error
    with: {error: "{{ workflow.error }}", out: incident.json}
    on_success: tell
  - id: tell
    uses: system/notify-completion
    with: {status: "{{ workflow.status }}", message: "{{ steps.handle.outputs.summary }}", desktop: false}
"""
FORGET = """
treadle: 1
name: forget
steps:
  - {id: clean, uses: remove_temp_files}
  - {id: gone, uses: files/delete, with: {patterns: ["keep/**"]}}
  - {id: stop, uses: abort_workflow, with: {reason: enough}, retry: {max_attempts: 3}}
"""


def test_a_failure_is_recorded_and_told(user):
    user.write("ship.yaml", SHIP)
    ran = user.treadle("run", "ship.yaml", "--report", "report.md", status=1)
    incident = json.loads("\n".join(user.lines("incident.json")))
    assert (incident["step"], incident["message"]) == ("check", "the command exited with 3")
    assert f"treadle why {user.newest()} check" in incident["next_steps"]
    assert "ship: failed" in user.treadle("logs", user.newest(), "tell").out
    assert json.loads("\n".join(user.lines("out/config.json"))) == {"port": 8080, "hosts": ["a", "b"]}
    assert "| Files created | 2 | the files |" in user.lines("report.md")
    assert "failed: ship" in ran.err


def test_aliases_and_an_abort_that_is_not_retried(user):
    user.write("forget.yaml", FORGET)
    user.write("a.tmp", "x")
    user.write("keep/b.txt", "x")
    user.treadle("run", "forget.yaml", status=1)
    steps = user.status()["steps"]
    assert (steps["stop"]["attempts"], steps["stop"]["error"]["message"]) == (1, "enough")
    assert not (user.project / "a.tmp").exists()
    user.treadle("rollback", user.newest(), "--yes")
    assert user.lines("a.tmp") == user.lines("keep/b.txt") == ["x"]


def test_show_tells_inputs_and_outputs(user):
    action = user.treadle("show", "files/write", "--json").json
    assert "path" in action["inputs"]["properties"]
    assert action["outputs"]["properties"]["created"]["figure"] == "files_created"
