"""What a user can rely on, whatever the agent is: the promises (a) to (i), each kept by every kind that it concerns."""

import signal

import pytest
from cast_of_agents import git

WORKERS = ("command", "acp", "http")
"""Kinds that change files while treadle looks on."""
APART = "    isolation: worktree\n"
WORK = """
treadle: 1
name: work
{top}
steps:
  - id: work
    uses: agent/perform
    agent: it
    with: {{instructions: calc.add subtracts. Make it add., files: [calc.py]{inputs}}}
{keys}
"""


def write(user, keys="", inputs="", top=""):
    user.write("work.yaml", WORK.format(keys=keys, inputs=inputs, top=top))


def condition(user):
    """Every file's bytes, and what git says: of the index, of the branches, of their history."""
    files = {
        path.relative_to(user.project).as_posix(): path.read_bytes()
        for path in sorted(user.project.rglob("*"))
        if path.is_file() and not {".git", ".treadle"} & set(path.relative_to(user.project).parts)
    }
    asked = (
        ["diff", "--cached"],
        ["for-each-ref", "refs/heads", "refs/stash"],
        ["rev-parse", "HEAD"],
        ["reflog", "--all"],
        ["config", "--list"],
    )
    return (
        files,
        [git(user, *words) for words in asked],
        sorted(path.name for path in user.project.glob(".git/hooks/*")),
    )


def run(user, cast, status=0, *arguments):
    return user.treadle("run", "work.yaml", *arguments, status=status, **cast.environ())


@pytest.mark.parametrize("kind", [*WORKERS, "human"])
def test_a_rollback_leaves_unfinished_work_as_it_was_to_the_byte(repository, cast, kind):
    user = repository
    write(user)
    cast.set(kind, "edit")
    before = condition(user)
    if kind == "human":
        run(user, cast, 7)
        calc = user.project / "calc.py"
        calc.write_text(calc.read_text().replace("a - b", "a + b"))
        user.treadle("answer", user.newest(), "done")
    else:
        run(user, cast)
    assert "a + b" in user.lines("calc.py")[-1]
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


@pytest.mark.parametrize("kind", [*WORKERS, "human", "llm"])
def test_b_without_a_difference_a_step_has_failed_whatever_its_agent_says(repository, cast, kind):
    user = repository
    write(user, inputs=", expect: text" if kind == "llm" else "")
    cast.set(kind, "nothing")
    run(user, cast, 7 if kind == "human" else 1)
    if kind == "human":
        user.treadle("answer", user.newest(), "done", "--comment", "Done.", status=1)
    error = user.status()["steps"]["work"]["error"]
    assert error["type"] == ("unavailable" if kind == "llm" else "no-change")
    assert cast.prompts or kind == "human"


@pytest.mark.parametrize("kind", WORKERS)
def test_c_killed_in_the_middle_it_is_shown_and_never_run_again_by_itself(repository, cast, kind):
    user = repository
    write(user, APART)
    cast.set(kind, "hang")
    user.pipe("begun")
    child = user.start("run", "work.yaml", **cast.environ())
    cast.hear(child)
    child.kill()
    user.ended(child, -signal.SIGKILL)
    assert user.status()["status"] == "interrupted"
    shown = user.treadle("diff", user.newest(), "work").out
    assert ("begun.txt" if kind == "acp" else "+    return a + b") in shown
    assert "a - b" in user.lines("calc.py")[-1]
    ran = user.treadle("resume", user.newest(), status=7, **cast.environ())
    assert "--interrupted retry|fail" in ran.out + ran.err
    assert len(cast.prompts) <= 1
    assert user.survivors() == []


@pytest.mark.parametrize("kind", [*WORKERS, "llm"])
def test_d_a_used_up_budget_pauses_and_more_of_it_goes_on(repository, cast, kind):
    user = repository
    again = "  - id: again\n    run: echo again >> again.txt\n"
    write(user, again, ", expect: text" if kind == "llm" else "", "budget: {money: 0.25}")
    cast.set(kind, "dear")
    run(user, cast, 7)
    [waits] = user.treadle("waiting", "--json").json["waiting"]
    assert (waits["kind"], waits["name"]) == ("budget", "money")
    assert user.lines("again.txt") == []
    user.treadle("resume", user.newest(), "--budget", "+1usd")
    assert user.lines("again.txt") == ["again"]
    assert len(cast.prompts) == 1


@pytest.mark.parametrize("kind", [*WORKERS, "human", "llm"])
def test_e_a_gate_without_a_terminal_waits_and_is_never_approved_by_itself(repository, cast, kind):
    user = repository
    write(user, inputs=", expect: text" if kind == "llm" else "")
    cast.set(kind, "edit")
    run(user, cast, 7, "--mode", "supervised")
    [waits] = user.treadle("waiting", "--json").json["waiting"]
    assert waits["gate"] is True
    user.treadle("resume", user.newest(), status=7, **cast.environ())
    assert cast.prompts == []
    ended = user.treadle("approve", user.newest(), status=7 if kind == "human" else 0, **cast.environ())
    assert ended.status == 7 or len(cast.prompts) == 1


@pytest.mark.parametrize("kind", WORKERS)
def test_f_nothing_of_an_agent_lives_after_a_cancel(repository, cast, kind):
    user = repository
    write(user)
    cast.set(kind, "hang")
    user.pipe("begun")
    child = user.start("run", "work.yaml", **cast.environ())
    cast.hear(child)
    user.treadle("cancel", user.newest(), status=None)
    user.ended(child)
    assert user.status()["status"] == "cancelled"
    assert user.survivors() == []
    if kind == "http":
        assert cast.servers[-1].deleted.wait(60)


@pytest.mark.parametrize("kind", [*WORKERS, "human", "llm"])
def test_g_a_worktree_that_cannot_be_made_is_an_error_before_anybody_is_asked(user, cast, kind):
    write(user, APART, ", expect: text" if kind == "llm" else "")
    user.write("calc.py", "def add(a, b):\n    return a - b\n")
    cast.set(kind, "edit")
    run(user, cast, 1)
    assert user.status()["steps"]["work"]["error"]["type"] == "worktree"
    assert cast.prompts == []
    assert "a - b" in user.lines("calc.py")[-1]


@pytest.mark.parametrize("keys", ["", APART], ids=["in-the-checkout", "apart"])
def test_h_a_repository_is_as_it_was_but_for_the_files(repository, cast, keys):
    user = repository
    write(user, keys)
    cast.set("command", "commit" if not keys else "edit")
    files, *said = condition(user)
    status = git(user, "status", "--porcelain")
    ran = run(user, cast)
    after, *now = condition(user)
    assert now == said
    assert git(user, "status", "--porcelain") == status
    assert {name for name in after if after[name] != files.get(name)} == {"calc.py"}
    assert ("put back" in ran.err) == (not keys)
    kept = git(user, "for-each-ref", "--format=%(refname)", "refs/treadle/kept").splitlines()
    assert bool(kept) == (not keys)
    assert all("an agent was here" in git(user, "log", "-1", name) for name in kept)


def test_h_a_step_that_says_so_may_commit_and_no_more(repository, cast):
    user = repository
    write(user, inputs=", commits: true")
    cast.set("command", "commit")
    run(user, cast)
    assert "an agent was here" in git(user, "log", "-1")
    assert "agents-own" in git(user, "branch")
    assert "core.editor" not in git(user, "config", "--list")
    assert not (user.project / ".git/hooks/pre-commit").exists()


@pytest.mark.parametrize("kind", [*WORKERS, "human", "llm"])
def test_i_a_rejections_reason_reaches_the_next_prompt(repository, cast, kind):
    user = repository
    review = "  - id: review\n    approval: {prompt: Is it right?, push_back: work}\n"
    told = ", feedback: \"{{ steps.review.outputs.comment | default('', true) }}\""
    write(user, review, (", expect: text" if kind == "llm" else "") + told)
    cast.set(kind, "edit")
    run(user, cast, 7)
    if kind == "human":
        user.write("calc.py", "def add(a, b):\n    return a + b\n")
        user.treadle("answer", user.newest(), "done", status=7)
    else:
        user.write("calc.py", "def add(a, b):\n    return a - b\n")
    user.treadle("reject", user.newest(), "--push-back", "--comment", "name the sum", status=7, **cast.environ())
    if kind == "human":
        [waits] = user.treadle("waiting", "--json").json["waiting"]
        assert "name the sum" in waits["prompt"]
    else:
        assert "name the sum" in cast.prompts[-1]
