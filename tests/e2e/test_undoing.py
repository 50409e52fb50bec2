"""Compensation after a failure, and rollback on request."""

DEPLOY = """
treadle: 1
name: deploy
inputs:
  fail: {type: boolean, default: false}
steps:
  - id: copy
    run: echo copied >> effects.txt; echo "place=site-{{ execution.id }}" >> "$TREADLE_OUTPUT"
    outputs: {place: {type: string}}
    compensate: {run: 'echo "removed $PLACE" >> effects.txt'}
  - id: announce
    run: echo announced >> effects.txt
    compensate: {run: echo retracted >> effects.txt}
  - id: check
    run: test "{{ inputs.fail }}" = "false"
finally:
  - {id: closed, run: echo closed >> effects.txt}
"""
STUCK = """
treadle: 1
name: stuck
steps:
  - id: one
    run: echo one >> effects.txt
    compensate: {run: echo undone-one >> effects.txt}
  - id: two
    run: echo two >> effects.txt
    compensate: {run: test -e free && echo undone-two >> effects.txt}
"""


def test_a_failure_undoes_what_was_done_last_step_first(user):
    user.write("deploy.yaml", DEPLOY.replace("removed $PLACE", "removed"))
    user.treadle("run", "deploy.yaml", "--fail", status=1)
    assert user.lines("effects.txt") == ["copied", "announced", "retracted", "removed", "closed"]
    assert user.status()["rollback"] == "done"


def test_a_finished_run_is_undone_on_request(user):
    user.write("deploy.yaml", DEPLOY.replace("removed $PLACE", "removed"))
    user.treadle("run", "deploy.yaml")
    user.treadle("rollback", user.newest(), "--yes", "--reason", "wrong release")
    assert user.lines("effects.txt") == ["copied", "announced", "closed", "retracted", "removed"]
    assert user.status()["status"] == "completed"
    assert user.status()["rollback"] == "done"


def test_an_undo_sees_the_outputs_of_its_step(user):
    with_place = DEPLOY.replace("removed $PLACE", "removed {{ outputs.place }}")
    user.write("deploy.yaml", with_place)
    user.treadle("run", "deploy.yaml")
    user.treadle("rollback", user.newest(), "--yes")
    assert user.lines("effects.txt")[-1] == f"removed site-{user.newest()}"


def test_without_a_terminal_it_must_be_said(user):
    user.write("deploy.yaml", DEPLOY)
    user.treadle("run", "deploy.yaml")
    ran = user.treadle("rollback", user.newest(), status=2)
    assert "--yes" in ran.err
    assert user.status()["rollback"] == "none"


def test_a_dry_run_lists_and_does_nothing(user):
    user.write("deploy.yaml", DEPLOY)
    user.treadle("run", "deploy.yaml")
    ran = user.treadle("rollback", user.newest(), "--dry-run")
    assert ran.out.index("announce") < ran.out.index("copy")
    assert user.lines("effects.txt") == ["copied", "announced", "closed"]


def test_a_rollback_that_gets_stuck_goes_on_later(user):
    user.write("stuck.yaml", STUCK)
    user.treadle("run", "stuck.yaml")
    ran = user.treadle("rollback", user.newest(), "--yes", status=1)
    assert user.status()["rollback"] == "partial"
    assert "two" in ran.err + ran.out
    assert user.lines("effects.txt") == ["one", "two", "undone-one"]
    user.write("free", "")
    user.treadle("rollback", user.newest(), "--continue", "--yes")
    assert user.status()["rollback"] == "done"
    assert user.lines("effects.txt") == ["one", "two", "undone-one", "undone-two"]


def test_undone_once(user):
    user.write("deploy.yaml", DEPLOY.replace("removed $PLACE", "removed"))
    user.treadle("run", "deploy.yaml")
    user.treadle("rollback", user.newest(), "--yes")
    before = user.lines("effects.txt")
    user.treadle("rollback", user.newest(), "--yes", status=None)
    assert user.lines("effects.txt") == before
