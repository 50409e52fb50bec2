"""What happens when a step asks an agent: the diff decides, the next one is asked, nothing that was not taken stays."""

import asyncio
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle_hookspecs import (
    ActionContext,
    ActionError,
    Agent,
    AgentHealth,
    AgentResult,
    AgentTask,
    JsonObject,
    TreadleError,
    hookimpl,
)

SEEN: list[tuple[str, AgentTask]] = []
DONE = threading.Event()
"""What a patient agent waits for."""


class Scripted:
    """Does what its settings say."""

    def __init__(self, name: str, settings: JsonObject) -> None:
        self.name = name
        self.settings = settings

    async def check(self) -> AgentHealth:
        return AgentHealth(ok=not self.settings.get("away"), message="it is away")

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        SEEN.append((self.name, task))
        for name, text in dict(self.settings.get("writes", {})).items():  # type: ignore[call-overload]
            (context.workspace.root / name).write_text(text)
        if self.settings.get("hangs"):
            await context.run(["sleep", "617.25"])
        if self.settings.get("patient"):
            await asyncio.to_thread(DONE.wait, 60)
        if self.settings.get("raises"):
            raise ActionError("it gave up")
        secret = next((context.secrets.get(name) for name in context.secrets.names()), "")
        return AgentResult(
            "done",
            str(self.settings.get("text", "")),
            0.5,
            10,
            f"I know {secret}",
            str(self.settings.get("failure", "")),
        )


class Agents:
    @hookimpl
    def treadle_agents(self) -> Iterator[Agent]:
        yield Agent("scripted", f"{__name__}:Scripted", "does what it is told")


@pytest.fixture
def asked(open_treadle: Callable[..., Treadle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Treadle:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PASSWORD", "correct-horse")
    (tmp_path / "user").mkdir()
    (tmp_path / "user/config.toml").write_text(
        """
default_agent = "good"
[agents.good]
kind = "scripted"
writes = {"made.txt" = "made", "mine.txt" = "theirs"}
[agents.idle]
kind = "scripted"
[agents.boastful]
kind = "scripted"
failure = "exited with 3"
writes = {"bad.txt" = "bad", "mine.txt" = "bad"}
[agents.away]
kind = "scripted"
away = true
[agents.slow]
kind = "scripted"
hangs = true
timeout = 0.2
writes = {"half.txt" = "half"}
[agents.talker]
kind = "scripted"
text = "42"
[agents.patient]
kind = "scripted"
patient = true
writes = {"waited.txt" = "waited"}
[agents.ann]
kind = "human"
approvers = ["ann"]
timeout = 86400
[agents.hasty]
kind = "human"
timeout = 0.001
[agents.missing]
kind = "other"
"""
    )
    treadle = open_treadle()
    treadle.plugins.register(Agents(), name="scripted")
    (treadle.root / "mine.txt").write_text("mine")
    SEEN.clear()
    return treadle


def run(treadle: Treadle, keys: str = "", inputs: str = "", more: str = "") -> Any:
    path = treadle.root / "ask.yaml"
    path.write_text(
        f"treadle: 1\nname: ask\n{more}steps:\n"
        f"  - id: work\n    uses: agent/perform\n    with: {{instructions: make it{inputs}}}\n{keys}"
    )
    return treadle.run(str(path))


def files(treadle: Treadle) -> dict[str, str]:
    return {path.name: path.read_text() for path in treadle.root.glob("*.txt")}


MADE = {"mine.txt": "theirs", "made.txt": "made"}


def test_the_default_agent_is_asked_and_its_changes_are_seen_and_undone(asked: Treadle) -> None:
    status = run(asked)
    assert status.status == "completed", status.error
    outputs = status.steps["work"]["outputs"]
    assert outputs["agent"] == "good"
    assert outputs["changes"] == [{"path": "made.txt", "how": "added"}, {"path": "mine.txt", "how": "modified"}]
    assert (outputs["money"], outputs["tokens"]) == (0.5, 10)
    assert files(asked) == MADE
    assert "+theirs" in asked.diff(status.id).text
    asked.rollback(status.id)
    assert files(asked) == {"mine.txt": "mine"}


def test_no_diff_is_a_failure_whatever_it_says(asked: Treadle) -> None:
    status = run(asked, "    agent: idle\n")
    assert status.steps["work"]["error"]["type"] == "no-change"
    assert "it changed nothing; it said: done" in status.steps["work"]["error"]["message"]


def test_the_next_agent_begins_where_the_first_one_did(asked: Treadle) -> None:
    status = run(asked, "    agent: away\n    fallback: [idle, boastful, good]\n")
    assert status.status == "completed", status.error
    outputs = status.steps["work"]["outputs"]
    assert [it["agent"] for it in outputs["tried"]] == ["away", "idle", "boastful"]
    assert outputs["tried"][0]["reason"].startswith("unavailable")
    assert outputs["tried"][2]["reason"] == "agent: exited with 3"
    assert files(asked) == MADE
    assert outputs["money"] == 1.5


def test_one_that_hangs_is_ended_with_all_of_its_processes(asked: Treadle) -> None:
    status = run(asked, "    agent: slow\n    fallback: good\n")
    assert status.status == "completed", status.error
    assert status.steps["work"]["outputs"]["tried"][0]["reason"] == "timeout: no result after 0.2 s"
    assert files(asked) == MADE
    left = subprocess.run(["pgrep", "-f", "^sleep 617.25$"], capture_output=True, text=True, check=False)
    assert left.stdout == ""


def test_a_check_decides_and_the_next_one_hears_why(asked: Treadle) -> None:
    keys = "    agent: boastful\n    fallback: good\n"
    status = run(asked, keys, ", check: [sh, -c, 'echo looking; test -e made.txt']")
    assert status.status == "completed", status.error
    assert [name for name, _ in SEEN] == ["boastful", "good"]
    assert "looking" in SEEN[1][1].feedback
    assert "An earlier answer was not taken" in SEEN[1][1].prompt
    assert files(asked) == MADE


def test_a_check_that_passes_counts_more_than_what_the_agent_says(asked: Treadle) -> None:
    status = run(asked, "    agent: boastful\n", ", check: [test, -e, bad.txt]")
    assert status.status == "completed", status.error


def test_a_rejections_reason_reaches_the_next_prompt(asked: Treadle) -> None:
    run(asked, inputs=", feedback: the name is wrong")
    assert "the name is wrong" in SEEN[0][1].prompt


def test_a_text_is_an_answer_where_one_is_asked_for(asked: Treadle) -> None:
    status = run(asked, "    agent: talker\n", ", expect: text")
    assert status.steps["work"]["outputs"]["text"] == "42"
    status = run(asked, "    agent: good\n", ", expect: text")
    assert status.steps["work"]["error"]["type"] == "no-answer"
    assert files(asked) == {"mine.txt": "mine"}


def test_the_workflows_agent_counts_where_the_step_names_none(asked: Treadle) -> None:
    status = run(asked, more="defaults: {agent: idle, fallback: [good]}\n")
    assert status.steps["work"]["outputs"]["agent"] == "good"
    status = run(asked, "    agent: boastful\n    continue_on_error: true\n", more="defaults: {agent: good}\n")
    assert status.steps["work"]["error"]["type"] == "agent"


def test_an_unknown_agent_is_told_with_a_guess(asked: Treadle) -> None:
    status = run(asked, "    agent: goood\n")
    assert "did you mean `good`?" in status.steps["work"]["error"]["message"]
    status = run(asked, "    agent: missing\n")
    assert "no plugin brings" in status.steps["work"]["error"]["message"]


def test_transcripts_are_kept_without_secrets(asked: Treadle) -> None:
    keys = "    env: {PASSWORD: '{{ secrets.password }}'}\n"
    status = run(asked, keys, more="secrets: {password: {env: PASSWORD}}\n")
    [kept] = (asked.settings.home / "scratch" / status.id).rglob("agent-1-*.md")
    text = kept.read_text()
    assert "make it" in text
    assert "I know " in text
    assert "correct-horse" not in text


def test_an_agent_works_in_the_worktree_of_its_step(asked: Treadle) -> None:
    subprocess.run(["git", "init", "-q"], cwd=asked.root, check=True)
    identity = ["-c", "user.name=u", "-c", "user.email=u@example.org"]
    subprocess.run(["git", "add", "mine.txt"], cwd=asked.root, check=True)
    subprocess.run(["git", *identity, "commit", "-q", "-m", "x"], cwd=asked.root, check=True)
    keys = "    agent: boastful\n    fallback: good\n    isolation: worktree\n"
    status = run(asked, keys, ", check: [test, -e, made.txt]")
    assert status.status == "completed", status.error
    assert files(asked) == MADE
    asked.rollback(status.id)
    assert files(asked) == {"mine.txt": "mine"}


def test_a_person_is_waited_for_without_a_process(asked: Treadle) -> None:
    status = run(asked, "    agent: idle\n    fallback: human\n")
    assert (status.status, status.exit_code) == ("waiting", 7)
    [wait] = asked.waiting(status.id)
    assert (wait.kind, wait.asked["prompt"], wait.asked["place"]) == ("approval", "make it", str(asked.root))
    assert wait.asked["tried"] == [{"agent": "idle", "reason": "no-change: it changed nothing; it said: done"}]
    assert Path(str(wait.asked["task"])).read_text().startswith("make it")
    assert wait.commands[0] == f"treadle answer {status.id} done"
    (asked.root / "person.txt").write_text("by hand")
    status = asked.answer(status.id, comment="it was easy")
    assert status.status == "completed", status.error
    outputs = status.steps["work"]["outputs"]
    assert (outputs["agent"], outputs["summary"]) == ("human", "it was easy")
    assert outputs["changes"] == [{"path": "person.txt", "how": "added"}]
    assert [it["agent"] for it in outputs["tried"]] == ["idle"]
    assert (outputs["tokens"], [name for name, _ in SEEN]) == (10, ["idle"])
    asked.rollback(status.id)
    assert files(asked) == {"mine.txt": "mine"}


def test_a_person_who_did_nothing_has_not_done_it(asked: Treadle) -> None:
    status = asked.answer(run(asked, "    agent: human\n").id)
    assert status.steps["work"]["error"]["type"] == "no-change"


def test_a_person_may_refuse_and_the_reason_can_be_routed(asked: Treadle) -> None:
    more = "defaults: {agent: human}\n"
    keys = (
        "    routes: {rejected: again}\n  - id: again\n    recovers: true\n    uses: agent/perform\n    agent: good\n"
    )
    keys += "    with: {instructions: make it, feedback: '{{ steps.work.error.message }}'}\n"
    status = asked.reject(run(asked, keys, more=more).id, by="ann", comment="the name is wrong")
    assert status.status == "completed", status.error
    assert status.steps["work"]["outcome"] == "rejected"
    assert SEEN[0][1].feedback == "rejected by ann: the name is wrong"


def test_a_person_is_asked_again_with_what_the_check_said(asked: Treadle) -> None:
    status = run(asked, "    agent: human\n", ", check: [sh, -c, 'echo looking; test -e made.txt']")
    (asked.root / "wrong.txt").write_text("x")
    status = asked.answer(status.id)
    assert status.status == "waiting"
    [wait] = status.waiting
    assert "looking" in str(wait["prompt"])
    (asked.root / "made.txt").write_text("x")
    status = asked.answer(status.id)
    assert status.status == "completed", status.error
    assert [it["path"] for it in status.steps["work"]["outputs"]["changes"]] == ["made.txt", "wrong.txt"]


def test_a_person_answers_with_a_text(asked: Treadle) -> None:
    status = run(asked, "    agent: human\n", ", expect: text")
    status = asked.answer(status.id, data={"text": "42"})
    assert status.steps["work"]["outputs"]["text"] == "42"
    status = run(asked, "    agent: human\n", ", expect: text")
    Path(str(status.waiting[0]["task"])).with_name("answer.md").write_text("43")
    assert asked.answer(status.id).steps["work"]["outputs"]["text"] == "43"


def test_people_have_names_and_a_time(asked: Treadle) -> None:
    status = run(asked, "    agent: ann\n    fallback: good\n")
    [wait] = status.waiting
    assert wait["approvers"] == ["ann"]
    assert wait["due"] is not None
    with pytest.raises(TreadleError, match="bob is not among those who may answer it"):
        asked.answer(status.id, by="bob")
    status = asked.reject(status.id, by="ann", comment="no time")
    assert status.status == "completed", status.error
    outputs = status.steps["work"]["outputs"]
    assert (outputs["agent"], outputs["tried"][0]["reason"]) == ("good", "rejected: rejected by ann: no time")


def test_without_an_answer_in_time_the_next_one_is_asked(asked: Treadle) -> None:
    status = run(asked, "    agent: hasty\n    fallback: good\n")
    status = asked.resume(status.id) if status.status == "waiting" else status
    assert status.status == "completed", status.error
    outputs = status.steps["work"]["outputs"]
    assert (outputs["agent"], outputs["tried"][0]["reason"]) == ("good", "timeout: nobody answered within 0.001 s")


def test_a_person_who_is_asked_no_more_leaves_a_cancelled_step(asked: Treadle) -> None:
    status = run(asked, "    agent: human\n")
    (asked.root / "person.txt").write_text("by hand")
    assert asked.cancel(status.id).status == "cancelled"
    assert files(asked) == {"mine.txt": "mine", "person.txt": "by hand"}


def test_a_project_may_not_say_who_its_agents_are(asked: Treadle) -> None:
    (asked.root / "treadle.toml").write_text('[agents.good]\nkind = "command"\n')
    with pytest.raises(TreadleError, match="a project may not set"):
        Treadle(asked.root).settings  # noqa: B018 - reading them is what fails


def test_the_health_of_all_agents(asked: Treadle) -> None:
    assert "human" in asked.roster.entries
    assert asyncio.run(asked.roster.health("away")).message == "it is away"
    assert asyncio.run(asked.roster.health("good")).ok
    assert not asyncio.run(asked.roster.health("missing")).ok


def test_a_used_up_budget_is_waited_for_and_raised(asked: Treadle) -> None:
    path = asked.root / "paid.yaml"
    step = "uses: agent/perform, with: {instructions: make it}, agent: good"
    path.write_text(
        "treadle: 1\nname: paid\nbudget: {money: 0.5}\nsteps:\n"
        f"  - {{id: one, {step}}}\n"
        "  - {id: two, uses: agent/perform, with: {instructions: tell, expect: text}, agent: talker}\n"
    )
    status = asked.run(str(path))
    assert (status.status, status.exit_code) == ("waiting", 7)
    assert "two" not in status.steps or status.steps["two"]["state"] != "succeeded"
    status = asked.resume(status.id, budget=["+1usd"])
    assert status.status == "completed", status.error
    assert status.steps["two"]["outputs"]["text"] == "42"


PARALLEL = """
treadle: 1
name: beside
steps:
  - id: both
    parallel:
      steps:
        - {{id: first, uses: agent/perform, agent: patient, with: {{instructions: one}}{keys}}}
        - {{id: second, uses: agent/perform, agent: good, with: {{instructions: two}}, continue_on_error: true{keys}}}
"""


def test_two_agents_in_one_folder_are_refused(asked: Treadle) -> None:
    (asked.root / "beside.yaml").write_text(PARALLEL.format(keys=""))
    DONE.clear()
    listener = asked.subscribe(lambda event: DONE.set() if event.step == "second" and "outcome" in event.data else None)
    status = asked.run(str(asked.root / "beside.yaml"))
    listener()
    assert status.status == "completed", status.error
    error = status.steps["both/second"]["error"]
    assert error["type"] == "busy"
    assert "another agent works in" in error["message"]
    assert "step both/first#1" in error["message"]
    assert files(asked) == {"mine.txt": "mine", "waited.txt": "waited"}


def test_a_budget_that_runs_out_between_two_agents_waits_and_goes_on_with_the_next(asked: Treadle) -> None:
    status = run(asked, "    agent: boastful\n    fallback: good\n", more="budget: {money: 0.25}\n")
    assert (status.status, [name for name, _ in SEEN]) == ("waiting", ["boastful"])
    assert [each["kind"] for each in status.waiting] == ["budget"]
    assert files(asked) == {"mine.txt": "mine"}
    status = asked.resume(status.id, budget=["+1usd"])
    assert status.status == "completed", status.error
    assert [name for name, _ in SEEN] == ["boastful", "good"]
    outputs = status.steps["work"]["outputs"]
    assert (outputs["agent"], outputs["money"]) == ("good", 1.0)
    assert [it["agent"] for it in outputs["tried"]] == ["boastful"]
    assert SEEN[1][1].money == 0.75
