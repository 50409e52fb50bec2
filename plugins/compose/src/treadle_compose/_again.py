"""What hooks, an earlier composition and the user have made of the paths that templates ship."""

from treadle_compose._decisions import Choice
from treadle_compose._draft import Draft, Hooked, Version
from treadle_compose._operations import PROJECT, Operation
from treadle_compose._three_way import Settling


def overlay(draft: Draft, hooked: Hooked) -> None:
    """What hooks made of the draft takes the place of what the templates said."""
    draft.contents |= hooked.contents
    for path, entry in hooked.entries.items():
        before = draft.operations.get(path)
        existing = before.pre if before is not None else draft.trees.project(path)
        strange = before is None and draft.trees.base(path) is None
        if entry is None:
            draft.operations.pop(path, None)
        elif strange and existing is not None and existing.sha256 != entry.sha256:
            hint = "a hook made it; the project's own stays"
            versions = [Version(PROJECT, existing), Version(hooked.template, entry)]
            draft.row("user", path, versions, Choice("first", "default"), hint)
        else:
            owners = before.templates if before is not None else (hooked.template,)
            draft.operations[path] = Operation(path, entry, existing, owners, strategy="hook")


def settle(draft: Draft) -> None:
    """Hold what the templates say against what they said before and what the user has made of it."""
    settling = Settling(draft.trees, draft.decisions, draft.ways.merge, draft.ways.unite, draft.said)
    for path, theirs in list(draft.operations.items()):
        base = draft.trees.base(path)
        if base is None or theirs.entry.kind == "dir":
            continue
        done = settling.settle(theirs, base)
        del draft.operations[path]
        if done.operation is not None:
            if done.operation.base is not None:
                draft.remember(theirs)
            draft.operations[done.operation.path] = done.operation
        if done.absent is not None:
            draft.remember(theirs)
            draft.absent.append(done.absent)
        draft.contents |= done.contents or {}
        draft.rows += done.rows
        draft.notes += done.notes


def drop(draft: Draft) -> None:
    """What no template ships any more goes, unless the user has changed it."""
    settling = Settling(draft.trees, draft.decisions, draft.ways.merge, draft.ways.unite, draft.said)
    undecided = {row.path for row in draft.rows if not row.resolved}
    there = {*draft.operations, *(it.path for it in draft.absent), *undecided}
    for path, base in sorted(draft.trees.bases().items()):
        standing = draft.trees.project(path)
        if path in there or standing is None or standing.kind == "dir":
            continue
        if set(base.templates) <= set(draft.trees.kept()):
            # It came of what is not composed anew, by a hook or under another name.
            owners = base.owners if base.untouched(standing) else (PROJECT, *base.templates)
            draft.operations[path] = Operation(path, standing, standing, owners, PROJECT, path, "", base.entry)
            continue
        gone, row = settling.dropped(path, base, standing)
        draft.rows += [row] if row is not None else []
        if gone:
            draft.removals[path] = standing
            draft.notes.append(f"{path} is removed: no template ships it any more")
