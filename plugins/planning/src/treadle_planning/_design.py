"""`planning/design-document`: the design as Markdown, every statement with what it rests on."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_planning._plan import create_implementation_plan, measured_requirements

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


async def design_document(
    feature: str = "",
    analysis_report: dict[str, Any] | None = None,
    path: str = "",
    repo: str = ".",
    write: bool = True,
    *,
    context: ActionContext,
) -> JsonObject:
    """Write a design document.

    Args:
        feature: what is wanted.
        analysis_report: what was found out before: the outputs of `analysis/analyze-requirements` are used, of
            `analysis/context` its components are listed.
        path: where the document goes; `docs/design/TITLE.md` by default.
        repo: a folder in the repository.
        write: False leaves the text in the outputs only.
        context: of the visit.

    Returns:
        `path` ("" when nothing was written), `text`, `plan`, `questions`, `summary`.
    """
    report = analysis_report or {}
    feature = feature or str(report.get("specification", "")) or _named(report)
    measured = await measured_requirements(feature, report, repo, context)
    planned = await create_implementation_plan(feature, analysis=dict(measured), repo=repo, context=context)
    plan = cast("Mapping[str, Any]", planned["plan"])
    text = "\n".join(_lines(feature, measured, plan, report)) + "\n"
    target = path or f"docs/design/{_NOT_IN_NAMES.sub('-', feature.lower()).strip('-')[:60] or 'design'}.md"
    if write:
        context.workspace.write_text(target, text)
    return {
        "path": target if write else "",
        "text": text,
        "plan": cast("dict[str, Json]", plan),
        "questions": list(measured.get("questions", ())),
        "summary": f"a design of {len(plan['steps'])} steps, {len(measured.get('questions', ()))} open questions",
    }


def _named(report: Mapping[str, Any]) -> str:
    """What a report without a specification is about: the words that it was searched with."""
    words = [word for one in report.get("components", ()) for word in one.get("words", ())]
    return " ".join(dict.fromkeys(words))


def _lines(
    feature: str, measured: Mapping[str, Any], plan: Mapping[str, Any], report: Mapping[str, Any]
) -> Iterator[str]:
    yield f"# Design: {feature.strip().splitlines()[0] if feature.strip() else 'untitled'}"
    yield ""
    yield f"Complexity: {measured['complexity']}. Estimate: {_hours(measured.get('estimated_time'))}."
    yield from _section(
        "Requirements", (f"{one['id']} ({one['weight']}): {one['text']}" for one in measured["requirements"])
    )
    yield from _section(
        "Components", (_component(one) for one in measured["components"] or report.get("components", ()))
    )
    yield from _section("What makes it hard", plan["risks"])
    yield from _section("Plan", (_step(number, one) for number, one in enumerate(plan["steps"], 1)))
    yield from _section("How it is checked", measured.get("criteria") or ["All tests pass."])
    yield from _section("Open questions", measured.get("questions", ()))


def _section(title: str, lines: Any) -> Iterator[str]:
    items = list(lines)
    if items:
        yield ""
        yield f"## {title}"
        yield ""
        yield from (line if line[:1].isdigit() else f"- {line}" for line in items)


def _component(one: Mapping[str, Any]) -> str:
    names = ", ".join(f"`{definition['name']}` (line {definition['line']})" for definition in one["definitions"][:4])
    return f"`{one['path']}`" + (f": {names}" if names else "")


def _step(number: int, step: Mapping[str, Any]) -> str:
    files = ", ".join(f"`{path}`" for path in step["files"])
    after = f" after {', '.join(step['needs'])}" if step["needs"] else ""
    return f"{number}. **{step['id']}**: {step['title']}" + (f" ({files})" if files else "") + after


def _hours(hours: float | None) -> str:
    return (
        "unknown, there is too little history" if hours is None else f"{hours:g} hours, from the history of these files"
    )
