"""`error-analysis/propose`: what can be tried, by rule and by what helped before."""

from typing import Any, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_error_analysis._classify import classify
from treadle_error_analysis._rules import judged


async def propose(
    error: Any = None,
    context_: Any = None,
    classification: dict[str, Any] | None = None,
    seen_before: list[dict[str, Any]] | None = None,
    *,
    context: ActionContext,
) -> JsonObject:
    """Name what can be tried.

    Args:
        error: a step's error as expressions see it, or a text.
        context_: lines of the repository, as `error-analysis/retrieve-context` finds them; passed on.
        classification: the outputs of `error-analysis/classify`; made here when it is not given.
        seen_before: as `error-analysis/retrieve-context` found it.
        context: of the visit.

    Returns:
        `proposed_fix` (the first of `proposals`), `proposals` (each `{kind, text, rule, evidence}`, most certain
        first), `needs_agent` (no rule says what to do), `summary`.
    """
    known = classification or await classify(error=error, context=context)
    proposals = [*_helped(seen_before or []), *_by_rule(known, str(error or ""))]
    needs_agent = not any(proposal["kind"] != "look" for proposal in proposals)
    if not proposals:
        proposals = [
            _proposal("agent", "no rule fits this error: somebody has to look at it", "none", str(known["message"]))
        ]
    lines = context_ if isinstance(context_, list) else []
    fix: dict[str, Json] = {**proposals[0], "places": cast("list[Json]", lines[:5])}
    return {
        "proposed_fix": fix,
        "proposals": cast("list[Json]", proposals),
        "needs_agent": needs_agent,
        "summary": str(fix["text"]),
    }


def _by_rule(known: dict[str, Any] | JsonObject, text: str) -> list[dict[str, Json]]:
    rule, names = judged(f"{known['error_type']}: {known['message']}\n{text}")
    if rule is None:
        return []
    own = cast("dict[str, Any] | None", known.get("own_frame"))
    where = f" ({own['file']}:{own['line']})" if own else ""
    kind = "retry" if rule.retryable else "install" if rule.category == "dependency" else "look"
    remedy = rule.remedy.format_map(_Named(names))
    return [_proposal(kind, remedy + where, rule.category, str(known["message"]))]


def _helped(seen: list[dict[str, Any]]) -> list[dict[str, Json]]:
    """What stood between such a failure and the next success of its step."""
    return [
        _proposal(
            "repeat",
            f"run {', '.join(one['after']) or 'the step'} again: it helped before",
            "seen-before",
            one["execution"],
        )
        for one in seen
        if one.get("ended") == "succeeded"
    ][:2]


def _proposal(kind: str, text: str, rule: str, evidence: str) -> dict[str, Json]:
    return {"kind": kind, "text": text, "rule": rule, "evidence": evidence[:300]}


class _Named(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"that {key}"
