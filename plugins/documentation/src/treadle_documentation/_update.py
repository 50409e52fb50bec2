"""`documentation/update-docs`: what a program can do for the documentation after a change, and what is left."""

from collections.abc import Mapping
from typing import Any

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_documentation._changelog import changelog
from treadle_documentation._check import NEVER, _files, _text, broken_links


async def update_docs(
    feature: str = "",
    changes: Json = None,
    kind: str = "Added",
    changelog_path: str = "CHANGELOG.md",
    package: str = "",
    source: str = "src",
    reference: str = "docs/api.md",
    fresh: list[str] | None = None,
    *,
    context: ActionContext,
) -> JsonObject:
    """Add a change to the changelog, write the reference anew, and find the pages that mention what changed.

    Args:
        feature: what changed, in a line, for the changelog; "" leaves it alone.
        changes: the changed files: names, or objects with `path`, as `git/diff` has them.
        kind: Added, Changed, Fixed …, the changelog's word.
        changelog_path: the changelog.
        package: of the API reference; "" leaves it alone.
        source: the folder that holds it.
        reference: the page of the reference.
        fresh: pages that were written together with the change.
        context: of the visit.

    Returns:
        `created`, `modified`, `mentions` (`{page, file}`: pages that name a changed file and were not changed with it),
        `broken` (links, as `check-docs` has them), `next_steps`, `summary`.
    """
    done: list[JsonObject] = []
    if feature:
        done.append(changelog([feature], kind, changelog_path, context=context))
    if package:
        done.append(await context.call("documentation/api-reference", package=package, source=source, out=reference))
    created: list[Json] = [name for one in done for name in _list(one, "created")]
    modified: list[Json] = [name for one in done for name in _list(one, "modified")]
    files = _names(changes)
    pages = list(_files(context.workspace.root, ["."], (".md", ".markdown", ".rst")))
    touched = {*files, *(fresh or ()), *map(str, created), *map(str, modified)}
    mentions = [
        {"page": page, "file": file}
        for page in pages
        if page not in touched
        for file in _mentioned(_text(context.workspace.root / page), files)
    ]
    broken = [
        found._asdict()
        for page in pages
        if page.endswith(".md")
        for found in broken_links(context.workspace.root, page)
    ]
    told: list[Json] = [f"see whether {one['page']} still holds: {one['file']} has changed" for one in mentions]
    told += [f"repair the link to {one['target']} in {one['file']}:{one['line']}" for one in broken]
    return {
        "created": created,
        "modified": modified,
        "mentions": mentions,
        "broken": broken,
        "next_steps": told,
        "summary": f"{len(created) + len(modified)} files written, {len(mentions)} pages to look at",
    }


def _list(outputs: Mapping[str, Any], name: str) -> list[Any]:
    found = outputs.get(name)
    return list(found) if isinstance(found, list | tuple) else []


def _names(changes: Json) -> list[str]:
    found = changes if isinstance(changes, list | tuple) else []
    names = [str(one.get("path") or "") if isinstance(one, Mapping) else str(one) for one in found]
    return [name for name in dict.fromkeys(names) if name and name.partition("/")[0] not in NEVER]


def _mentioned(text: str, files: list[str]) -> list[str]:
    """Changed files that a page names by their path."""
    return [file for file in files if file in text]
