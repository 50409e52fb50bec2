"""`git/tag` and `git/push`, and how both are taken back. Nothing is ever overwritten by force."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_git._repository import Repository

_UNSIGNED: Final = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "tag.gpgSign", "GIT_CONFIG_VALUE_0": "false"}


async def tag(
    name: str, revision: str = "HEAD", message: str = "", repo: str = ".", *, context: ActionContext
) -> JsonObject:
    """Give a commit a name. One that is there already at the same commit is left as it is.

    Args:
        name: the tag.
        revision: the commit.
        message: makes an annotated tag; "" a plain one.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `tag`, `commit`, `made` (False when it was there), `repo`, `summary`. `compensate: {action: git-untag, with:
        "{{ outputs }}"}` takes it back.

    Raises:
        ActionError: `tag-taken` when it stands at another commit; `invalid-input`, `unknown-revision`, `git`.
    """
    repository = await Repository.open(context, repo)
    commit = await repository.commit(revision)
    reference = await _reference(repository, f"refs/tags/{name}")
    there = (await repository.attempt("rev-parse", "--verify", "-q", f"{reference}^{{commit}}")).stdout.strip()
    if there and there != commit:
        raise ActionError(
            f"the tag `{name}` stands at {there[:12]}, not at {commit[:12]}", error_class="tag-taken", retryable=False
        )
    if not there:
        annotated = ("--annotate", "-m", message) if message else ()
        await repository.read("tag", *annotated, "--", name, commit, env=_UNSIGNED)
    return {
        "tag": name,
        "commit": commit,
        "made": not there,
        "repo": str(repository.root),
        "summary": f"{name} is {commit[:12]}" + ("" if not there else ", as it was"),
    }


async def untag(
    tag: str, commit: str, made: bool = True, repo: str = ".", *, context: ActionContext, **_: Any
) -> JsonObject:
    """Take a tag of `git/tag` back, if it is still at that commit and was made there.

    Returns:
        `undone`.
    """
    repository = await Repository.open(context, repo)
    reference = f"refs/tags/{tag}"
    now = (await repository.attempt("rev-parse", "--verify", "-q", f"{reference}^{{commit}}")).stdout.strip()
    if not made or now != commit:
        return {"undone": False}
    await repository.read("update-ref", "-d", reference)
    return {"undone": True}


async def push(refs: list[str], remote: str = "origin", repo: str = ".", *, context: ActionContext) -> JsonObject:
    """Push branches and tags, all or none. What the remote has beyond them is never overwritten.

    Args:
        refs: full names, `refs/tags/v1` or `refs/heads/main`, or `SOURCE:refs/heads/main`.
        remote: a remote's name.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `pushed` (each `{ref, before, after}`; `before` is "" for a new one), `remote`, `repo`, `summary`.
        `compensate: {action: git-unpush, with: "{{ outputs }}"}` takes it back.

    Raises:
        ActionError: `refused` when the remote has what is not here; `git` with git's words.
    """
    repository = await Repository.open(context, repo)
    _refuse_option(remote)
    wanted = [await _source_and_target(repository, ref) for ref in refs]
    before = await _on_remote(repository, remote, [target for _, target in wanted])
    specs = [f"{commit}:{target}" for commit, target in wanted]
    ended = await repository.attempt("push", "--no-verify", "--atomic", "--porcelain", "--", remote, *specs)
    if not ended.ok:
        said = "\n".join(
            line for line in f"{ended.stdout}\n{ended.stderr}".splitlines() if line.startswith(("!", "err", "fatal"))
        )
        refused = "[rejected]" in ended.stdout or "already exists" in ended.stdout
        raise ActionError(
            f"{remote} does not take it: {said or ended.stderr.strip()}",
            error_class="refused" if refused else "git",
            retryable=not refused,
        )
    pushed = [{"ref": target, "before": before.get(target, ""), "after": commit} for commit, target in wanted]
    changed = [one for one in pushed if one["before"] != one["after"]]
    return {
        "pushed": cast("list[Json]", changed),
        "remote": remote,
        "repo": str(repository.root),
        "summary": f"{remote} has {', '.join(target.rpartition('/')[2] for _, target in wanted)}",
    }


async def unpush(
    pushed: list[dict[str, str]], remote: str = "origin", repo: str = ".", *, context: ActionContext, **_: Any
) -> JsonObject:
    """Take back what `git/push` pushed, where the remote still has just that.

    Returns:
        `undone` (refs), `kept` (refs that somebody moved since).

    Raises:
        ActionError: `git` with git's words.
    """
    repository = await Repository.open(context, repo)
    now = await _on_remote(repository, remote, [one["ref"] for one in pushed])
    ours = [one for one in pushed if now.get(one["ref"]) == one["after"]]
    if ours:
        leases = [f"--force-with-lease={one['ref']}:{one['after']}" for one in ours]
        specs = [f"{one['before']}:{one['ref']}" for one in ours]
        await repository.read("push", "--no-verify", "--atomic", *leases, "--", remote, *specs)
    kept = [one["ref"] for one in pushed if one not in ours and now.get(one["ref"], "") != one["before"]]
    return {"undone": [one["ref"] for one in ours], "kept": cast("list[Json]", kept)}


async def _reference(repository: Repository, name: str) -> str:
    if not (await repository.attempt("check-ref-format", name)).ok or "/-" in name:
        raise ActionError(f"`{name}` is no name for a ref", error_class="invalid-input", retryable=False)
    return name


async def _source_and_target(repository: Repository, ref: str) -> tuple[str, str]:
    """The object that is pushed (an annotated tag stays one), and the name it gets."""
    source, _, target = ref.rpartition(":")
    await _reference(repository, target)
    found = await repository.attempt("rev-parse", "--verify", "-q", "--end-of-options", source or target)
    if not found.ok:
        raise ActionError(f"there is no `{source or target}` to push", error_class="unknown-revision", retryable=False)
    return found.stdout.strip(), target


async def _on_remote(repository: Repository, remote: str, refs: Sequence[str]) -> Mapping[str, str]:
    listed = await repository.read("ls-remote", "--refs", "--", remote, *refs)
    pairs = (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)
    return {name: commit for commit, name in pairs}


def _refuse_option(remote: str) -> None:
    if not remote or remote.startswith("-"):
        raise ActionError(f"{remote!r} is no remote", error_class="invalid-input", retryable=False)
