"""`documentation/api-reference`: a page from a package's source. Nothing of the project is imported."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import ActionContext, ActionError, JsonObject

if TYPE_CHECKING:
    import griffe


def api_reference(
    package: str,
    source: str = "src",
    out: str = "docs/api.md",
    title: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Write the public modules, classes and functions of a package, with signatures and docstrings, as Markdown.

    Args:
        package: its import name.
        source: the folder that holds it, relative to the execution's root.
        out: the page, relative to the root.
        title: its heading; default: the package's name.
        context: of the visit.

    Returns:
        `path` (absolute), `objects`, `undocumented` (their names), `created`, `modified`, `summary`.

    Raises:
        ActionError: `not-found`, when there is no such package there.
    """
    import griffe

    folder = context.workspace.path(source)
    try:
        module: Any = griffe.load(package, search_paths=[str(folder)], allow_inspection=False, resolve_aliases=True)
    except (ImportError, KeyError) as error:
        raise ActionError(
            f"there is no package {package} in {source}", error_class="not-found", retryable=False
        ) from error
    objects = list(_public(module, package))
    lines = [f"# {title or package}", ""]
    for path, item in objects:
        lines += _described(path, item)
    text = "\n".join(lines).rstrip("\n") + "\n"
    target = context.workspace.path(out)
    before = target.read_text("utf-8") if target.is_file() else None
    if text != before:
        context.workspace.write_text(out, text)
    return {
        "path": str(target),
        "objects": len(objects),
        "undocumented": [path for path, item in objects if not item.docstring],
        "created": [out] if before is None else [],
        "modified": [out] if before is not None and text != before else [],
        "summary": f"{len(objects)} objects of {package} in {out}",
    }


def _public(item: Any, path: str) -> "Iterator[tuple[str, griffe.Object]]":
    """The object with the path by which it is used, then what is public inside it, in the order written."""
    yield path, item
    for name, member in item.members.items():
        found = _meant(item, name, member)
        if found is None:
            continue
        if found.is_module or found.is_class:
            yield from _public(found, f"{path}.{name}")
        elif found.is_function:
            yield f"{path}.{name}", found


def _meant(item: Any, name: str, member: Any) -> Any:
    """What a public name stands for: what is defined there, or what the module's `__all__` takes from elsewhere."""
    from griffe import AliasResolutionError, CyclicAliasError

    exported = item.is_module and item.exports is not None and name in {str(each) for each in item.exports}
    if name.startswith("_") or (member.is_alias and not exported):
        return None
    try:
        return member.final_target if member.is_alias else member
    except (AliasResolutionError, CyclicAliasError):
        return None  # it comes from another distribution


def _described(path: str, item: Any) -> list[str]:
    level = {"module": "##", "class": "###"}.get(item.kind.value, "####")
    text = item.docstring.value.strip() if item.docstring else "*Not documented.*"
    signature = [f"```python\n{_signature(item)}\n```", ""] if item.is_function or item.is_class else []
    return [f"{level} `{path}`", "", *signature, text, ""]


def _signature(item: Any) -> str:
    """As in the source, annotations and defaults included."""
    if item.is_class:
        bases = ", ".join(str(base) for base in item.bases)
        return f"class {item.name}({bases})" if bases else f"class {item.name}"
    return f"def {item.signature()}"
