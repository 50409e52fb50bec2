"""`system/notify-completion`, `abort`, `run-action`, `ask`."""

import shutil
import sys
from collections.abc import Mapping
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, TreadleError

_DESKTOP: Final = {"linux": "notify-send", "darwin": "osascript"}


async def notify_completion(
    status: str = "completed",
    message: str = "",
    to: list[str] | None = None,
    team: bool = False,
    desktop: bool = True,
    *,
    context: ActionContext,
) -> JsonObject:
    """Tell that the workflow has ended. That somebody could not be told does not fail the step: it is told.

    Args:
        status: what became of it, as `workflow.status` has it: `running` is told as completed or cancelled, `failing`
            as failed.
        message: what else there is to say.
        to: where to send it, as URLs of `notify/send`; needs treadle-notify.
        team: send it to whom the workflow's secret `NOTIFY_TO` names as well, URLs separated by spaces.
        desktop: show it on this desktop, where there is one.
        context: of the visit.

    Returns:
        `status`, `message`, `told` and `not_told` (how, and why not), `summary`.
    """
    status = _ended(status, context)
    workflow = context.host.execution(context.execution).workflow
    title = f"{workflow}: {status}"
    context.log.info(f"{title}. {message}".rstrip(". ") if message else title)
    told: list[Json] = ["log"]
    not_told: list[Json] = []
    if desktop:
        refused = await _on_desktop(context, title, message)
        (told if not refused else not_told).append(f"desktop: {refused}" if refused else "desktop")
    if to or team:
        try:
            whom: list[Json] = [*(to or ()), *(context.secrets.get("NOTIFY_TO").split() if team else ())]
            await context.call("notify/send", to=whom, title=title, body=message or title)
            told.append("notify")
        except (ActionError, TreadleError) as error:
            not_told.append(f"notify: {error.message}")
    return {
        "status": status,
        "message": message,
        "told": told,
        "not_told": not_told,
        "summary": f"{title}; told: {', '.join(map(str, told))}",
    }


def _ended(status: str, context: ActionContext) -> str:
    """Who tells of the end is the last one to run: what is `running` then has done its work."""
    if status == "running":
        asked = any(event.type == "execution_cancel_requested" for event in context.host.history(context.execution))
        return "cancelled" if asked else "completed"
    return "failed" if status == "failing" else status


async def _on_desktop(context: ActionContext, title: str, message: str) -> str:
    """Show it; why not, or ""."""
    program = _DESKTOP.get(sys.platform, "")
    if not program or shutil.which(program) is None:
        return f"no {program or 'program'} is there to show it"
    script = "on run {t, m}\ndisplay notification m with title t\nend run"
    argv = (program, "--", title, message) if program == "notify-send" else (program, "-e", script, title, message)
    result = await context.run(argv, timeout=10)
    return (
        "" if result.ok else (result.stderr.strip().partition("\n")[0] or f"{program} exited with {result.exit_code}")
    )


def abort(reason: str = "the workflow was aborted") -> JsonObject:
    """Fail for good: no `retry` tries it again.

    Raises:
        ActionError: `aborted`, always.
    """
    raise ActionError(reason, error_class="aborted", retryable=False)


async def run_action(name: str, inputs: Mapping[str, Json] | None = None, *, context: ActionContext) -> JsonObject:
    """Call an action by a name that an expression gives.

    Args:
        name: its full name, `module/action`.
        inputs: what it gets.
        context: of the visit.

    Returns:
        `action`, and the `outputs` that it published.

    Raises:
        TreadleError: nobody offers it.
        ActionError: it failed, or it would call itself.
    """
    if name in ("system/run-action", "hook-executor"):
        raise ActionError("system/run-action does not call itself", error_class="invalid-input", retryable=False)
    return {"action": name, "outputs": await context.call(name, **dict(inputs or {}))}


def ask(prompt: str, *, context: ActionContext) -> JsonObject:
    """Ask yes or no, where a person sits at the terminal.

    Raises:
        ActionError: `needs-person`: nobody sits there, or the answer is no (`refused`).
    """
    if not context.host.console.interactive:
        raise ActionError(
            "nobody sits at a terminal; a step with `approval: {prompt: …}` waits for an answer instead",
            error_class="needs-person",
            retryable=False,
        )
    if not context.host.console.confirm(prompt, flag="treadle approve"):
        raise ActionError(f"refused: {prompt}", error_class="refused", retryable=False)
    return {"answer": True}
