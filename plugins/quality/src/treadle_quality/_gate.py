"""`quality/gate`: the verdicts of several checks, and one answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from treadle_hookspecs import ActionError, Json, JsonObject

from treadle_quality._verdicts import worst


def gate(checks: dict[str, dict[str, Any] | None], allow_not_checked: bool = False) -> JsonObject:
    """Let a change through only when every check says pass.

    Args:
        checks: by name what each check published, at least `verdict` and `summary`; null or without a verdict for
            one that ended in an error, which then counts as not checked.
        allow_not_checked: a check that could not look does not stop the change.

    Returns:
        `verdict` (pass), `checks {name: verdict}`, `score` (A: all pass and found nothing new; B: all pass; C: one
        could not look; D: one fails; F: more fail), `summary`.

    Raises:
        ActionError: `change-rejected`, with what each check says; its outputs are the same.
    """
    verdicts = {name: str((check or {}).get("verdict") or "not-checked") for name, check in checks.items()}
    stopping = {"fail"} if allow_not_checked else {"fail", "not-checked"}
    reasons = [_reason(name, verdicts[name], checks[name]) for name in checks if verdicts[name] in stopping]
    answer: dict[str, Json] = {
        "verdict": worst(verdicts.values()),
        "checks": dict(verdicts),
        "score": _score(list(verdicts.values()), list(checks.values())),
        "summary": f"{len(checks) - len(reasons)} of {len(checks)} checks let the change through",
        "figures": [{"name": "checks passed", "value": list(verdicts.values()).count("pass"), "limit": len(checks)}],
    }
    if not reasons:
        return answer
    raise ActionError(
        "the change does not pass: " + "; ".join(reasons),
        error_class="change-rejected",
        outputs=answer,
        retryable=False,
    )


def _score(verdicts: Sequence[str], checks: Sequence[Mapping[str, Any] | None]) -> str:
    failed = verdicts.count("fail")
    if failed or "not-checked" in verdicts:
        return "F" if failed > 1 else "D" if failed else "C"
    fresh = any(finding.get("new") for check in checks for finding in (check or {}).get("findings") or ())
    return "B" if fresh else "A"


def _reason(name: str, verdict: str, check: Mapping[str, Any] | None) -> str:
    told = (check or {}).get("reasons") or [(check or {}).get("summary") or "it ended without a result"]
    return f"{name} {'fails' if verdict == 'fail' else 'could not check'} ({', '.join(map(str, told))})"
