"""`error-analysis/recover`: which of a step's recoveries suits the error."""

from typing import Any, Final

from treadle_hookspecs import ActionContext, JsonObject

from treadle_error_analysis._classify import classify

_TRY_AGAIN: Final = ("retry", "again")
_OTHERWISE: Final = ("repair", "fix", "fall-back", "fallback", "escalate")


async def recover(
    step: str = "",
    visit: int = 1,
    error: Any = None,
    choices: list[str] | None = None,
    *,
    context: ActionContext,
) -> JsonObject:
    """Choose a recovery for a step that failed.

    Args:
        step: its id.
        visit: which one failed.
        error: the step's error as expressions see it, `{type, message}`.
        choices: the recoveries that the step has.
        context: of the visit.

    Returns:
        `recovery`: one of `choices`, or "" when none of them suits and the failure stands; `category`, `retryable` and
        `summary`: what was found.
    """
    known = await classify(error=error, context=context)
    wanted = (*(_TRY_AGAIN if known["retryable"] else ()), *_OTHERWISE)
    chosen = next((name for name in wanted if name in (choices or ())), "")
    told = f"{chosen or 'no recovery'} for visit {visit} of {step or 'the step'}: {known['summary']}"
    return {"recovery": chosen, "category": known["category"], "retryable": known["retryable"], "summary": told}
