"""The action `agent/perform`."""

from treadle_hookspecs import ActionContext, Expectation, JsonObject


async def perform(
    instructions: str,
    files: list[str] | None = None,
    expect: Expectation = "changes",
    check: list[str] | None = None,
    feedback: str = "",
    commits: bool = False,
    *,
    context: ActionContext,
) -> JsonObject:
    """Have the step's agent do something in the workspace.

    Args:
        instructions: what is to be done.
        files: paths that matter, relative to the root.
        expect: `changes` fails without a diff, `text` without an answer, `either` without both.
        check: a program and its arguments that has to succeed afterwards.
        feedback: why an earlier answer was not taken, e.g. a rejection's comment.
        commits: the agent may commit, branch and stage; otherwise what it moves in the repository is put back.
        context: the step.

    Returns:
        `agent, summary, text, changes` (`{path, how}` each), `money, tokens, tried` (`{agent, reason}` each).
    """
    answer = await context.agent(
        instructions, files=files or (), expect=expect, check=check or (), feedback=feedback, commits=commits
    )
    return answer.to_json()
