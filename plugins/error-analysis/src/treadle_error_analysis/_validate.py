"""`error-analysis/validate`: whether a proposed solution can be applied, without applying it."""

import ast
import re
import shutil
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

_IS_PATCH: Final = re.compile(r"^(?:diff --git |--- [^\n]+\n\+\+\+ )", re.MULTILINE)
_TARGET: Final = re.compile(r"^\+\+\+ (?:b/)?(?P<path>[^\t\n]+)", re.MULTILINE)
_FENCED: Final = re.compile(r"```(?:py|python)\n(.*?)```", re.DOTALL)


async def validate(solution: Any, repo: str = ".", *, context: ActionContext) -> JsonObject:
    """Check a solution.

    Args:
        solution: a patch, a text with Python in fences, or a proposal as `error-analysis/propose` makes it.
        repo: a folder in the repository that a patch is for.
        context: of the visit.

    Returns:
        `verdict`: `pass`, `fail`, or `not-checked` when nothing in it could be checked. `checks`, each
        `{check, verdict, detail}`; `files` that it would change; `summary`.

    Raises:
        ActionError: `invalid-solution` when a check fails; its outputs are published.
    """
    text = solution if isinstance(solution, str) else str((solution or {}).get("text", ""))
    checks: list[dict[str, Json]] = []
    if _IS_PATCH.search(text):
        checks.append(await _applies(text, repo, context))
    checks += [_parses(number, code) for number, code in enumerate(_FENCED.findall(text), 1)]
    verdicts = {str(check["verdict"]) for check in checks}
    verdict = "fail" if "fail" in verdicts else "pass" if verdicts else "not-checked"
    summary = (
        "; ".join(f"{check['check']}: {check['detail']}" for check in checks) or "it holds nothing that can be checked"
    )
    outputs: JsonObject = {
        "verdict": verdict,
        "checks": list(checks),
        "files": list(dict.fromkeys(_TARGET.findall(text))),
        "summary": summary,
    }
    if verdict == "fail":
        raise ActionError(summary, outputs=outputs, error_class="invalid-solution", retryable=False)
    return outputs


async def _applies(patch: str, repo: str, context: ActionContext) -> dict[str, Json]:
    file = context.scratch / "solution.patch"
    file.write_text(patch if patch.endswith("\n") else f"{patch}\n", "utf-8")
    folder = context.workspace.root / repo
    result = await context.run(["git", "-C", str(folder), "apply", "--check", "--verbose", str(file)])
    words = (result.stderr or result.stdout).strip().splitlines()
    return {
        "check": "the patch applies",
        "verdict": "pass" if result.ok else "fail",
        "detail": "it does" if result.ok else (words[-1] if words else "git refuses it"),
    }


def _parses(number: int, code: str) -> dict[str, Json]:
    try:
        ast.parse(code)
    except SyntaxError as error:
        return {"check": f"block {number} parses", "verdict": "fail", "detail": f"line {error.lineno}: {error.msg}"}
    return {"check": f"block {number} parses", "verdict": "pass", "detail": "it does"}


def clean_up(*, context: ActionContext, **_: Any) -> None:
    """Remove the visit's scratch folder."""
    shutil.rmtree(context.scratch, ignore_errors=True)
