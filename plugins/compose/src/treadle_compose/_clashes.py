"""Files where other templates, or the project, have folders."""

from treadle_compose._decisions import Choice
from treadle_compose._draft import Draft, Version
from treadle_compose._operations import PROJECT
from treadle_compose._staging import Entry


def types(draft: Draft) -> None:
    """A file where another template has a folder."""
    for path, operation in list(draft.operations.items()):
        below = [it for it in draft.operations if it.startswith(f"{path}/")]
        if not below:
            continue
        if operation.entry.kind == "dir":
            del draft.operations[path]
            continue
        owners = [*operation.templates, *draft.operations[below[0]].templates]
        versions = [Version(it, operation.entry) for it in dict.fromkeys(owners)]
        choice = next((it for it in draft.decisions.rules if not it.key and it.pattern == path), None)
        if choice is not None and choice.strategy == "skip":
            del draft.operations[path]
            draft.row("type", path, versions, Choice("skip", choice.by), "the file was left out")
        else:
            hint = f"a {operation.entry.kind} of {operation.templates[-1]}, a folder of {owners[-1]}"
            draft.row("type", path, versions, Choice("fail", "", "", hint, ("skip",)), hint)


def blocked(draft: Draft) -> None:
    """A file or link of the project where templates have a folder."""
    blocked: dict[str, list[str]] = {}
    for path in draft.operations:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            standing = draft.trees.project(above)
            if standing is not None and standing.kind != "dir" and above not in draft.removals:
                blocked.setdefault(above, []).append(path)
                break
    for above, paths in blocked.items():
        owners = [it for path in paths for it in draft.operations[path].templates]
        versions = [Version(it, Entry(above, "dir")) for it in dict.fromkeys((PROJECT, *owners))]
        asked = next((it for it in draft.decisions.rules if not it.key and it.pattern == above), None)
        if asked is not None and asked.strategy == "skip":
            for path in paths:
                del draft.operations[path]
            draft.row("type", above, versions, Choice("skip", asked.by), f"left out: {', '.join(paths)}")
        else:
            hint = "the project has a file or link there, templates have a folder"
            draft.row("type", above, versions, Choice("fail", "", "", hint, ("skip",)), hint)
