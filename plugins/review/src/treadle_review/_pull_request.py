"""`review/create-pr`: a commit on a branch, and a pull request for it, or a patch where there is no forge."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, JsonObject, TreadleError

from treadle_review._forge import Forge, Place

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")
_KINDS: Final = ("auto", "github", "forgejo", "none")
_TOKENS: Final = ("FORGE_TOKEN", "GITHUB_TOKEN", "FORGEJO_TOKEN")
_SAFE: Final = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never")


async def create_pr(
    feature: str = "",
    changes: Any = None,
    title: str = "",
    body: str = "",
    branch: str = "",
    base: str = "",
    remote: str = "origin",
    forge: str = "auto",
    api: str = "",
    draft: bool = False,
    repo: str = ".",
    *,
    context: ActionContext,
) -> JsonObject:
    """Open a pull request for what changed.

    Args:
        feature: what was done; the title when there is none.
        changes: paths, or objects with a `path`; everything that changed by default.
        title: of the pull request and of the commit.
        body: of the pull request; a list of the files by default.
        branch: the branch for the commit; `treadle/TITLE` by default.
        base: the branch that it is for; the forge's default branch by default.
        remote: the remote to push to.
        forge: `auto`, `github`, `forgejo`, `none`.
        api: the address of the forge's API, for a forge of your own.
        draft: open it as a draft.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `url` and `number` of the pull request ("" and 0 without a forge), `branch`, `commit`, `previous`, `base`,
        `files`, `patch` and `text` (files beside the visit, without a forge), `forge`, `repo`, `summary`.

    Raises:
        ActionError: `no-change` when nothing differs; as `git/commit`; `forge` with the forge's own words.
    """
    subject = (title or feature.strip().partition("\n")[0] or "Changes made by a workflow")[:120]
    target = branch or f"treadle/{_NOT_IN_NAMES.sub('-', subject.lower()).strip('-')[:60] or 'changes'}"
    paths = list(changes) if isinstance(changes, list | tuple) else None
    made = cast(
        "Mapping[str, Any]", await context.call("git/commit", message=subject, changes=paths, branch=target, repo=repo)
    )
    if not made["commit"]:
        raise ActionError(
            "nothing differs from HEAD: there is nothing to review", error_class="no-change", retryable=False
        )
    text = body or _body(feature, made["files"])
    found = await _forge(context, made["repo"], remote, forge, api)
    shared: dict[str, Any] = {name: made[name] for name in ("commit", "branch", "previous", "files", "repo")}
    if found is None:
        return {**shared, **await _as_patch(context, made, subject, text, base)}
    await _push(context, made["repo"], remote, target)
    request, into = await asyncio.to_thread(_requested, found, subject, text, target, base, draft)
    context.log.info(f"pull request {request['html_url']}")
    summary = f"#{request['number']}: {request['html_url']}"
    where = {"url": request["html_url"], "number": request["number"], "base": into, "forge": found.kind}
    return {**shared, **where, "patch": "", "text": text, "summary": summary}


def _requested(
    forge: Forge, title: str, body: str, branch: str, base: str, draft: bool
) -> tuple[Mapping[str, Any], str]:
    into = base or forge.default_branch()
    return forge.open_request(branch, into) or forge.request(title, body, branch, into, draft=draft), into


def _body(feature: str, files: list[str]) -> str:
    listed = "\n".join(f"- `{path}`" for path in files[:100])
    more = f"\n- and {len(files) - 100} more" if len(files) > 100 else ""
    return f"{feature.strip()}\n\nFiles:\n\n{listed}{more}\n".lstrip()


async def _forge(context: ActionContext, repo: str, remote: str, kind: str, api: str) -> Forge | None:
    """Which forge to talk to; None when there is none, or nobody gave a token for it."""
    if kind not in _KINDS:
        raise ActionError(
            f"`{kind}` is no forge; there are {', '.join(_KINDS)}", error_class="invalid-input", retryable=False
        )
    if kind == "none":
        return None
    result = await context.run(["git", "-C", repo, "remote", "get-url", "--", remote])
    place = Place.of_remote(result.stdout) if result.ok else None
    if kind == "auto":
        kind = "github" if place is not None and place.host == "github.com" else "none"
    if kind == "none":
        return None
    if place is None:
        raise ActionError(
            f"the remote `{remote}` names no repository of a forge", error_class="invalid-input", retryable=False
        )
    token = _token(context)
    if not token:
        context.log.warning(
            f"no token ({', '.join(_TOKENS)}): nothing is pushed, the pull request is written as a patch"
        )
        return None
    address = api or ("https://api.github.com" if kind == "github" else f"https://{place.host}/api/v1")
    return Forge(kind, address.rstrip("/"), place, token)


def _token(context: ActionContext) -> str:
    for name in _TOKENS:
        try:
            if name in context.secrets.names():
                return context.secrets.get(name)
        except TreadleError:
            continue
        if context.env.get(name):
            return context.env[name]
    return ""


async def _push(context: ActionContext, repo: str, remote: str, branch: str) -> None:
    """Never by force: a branch that somebody else has pushed to stays as it is."""
    reference = f"refs/heads/{branch}:refs/heads/{branch}"
    result = await context.run(
        ["git", "-C", repo, *_SAFE, "push", "--no-verify", "--", remote, reference], env={"GIT_TERMINAL_PROMPT": "0"}
    )
    if not result.ok:
        last = "\n".join(result.stderr.strip().splitlines()[-3:])
        raise ActionError(f"git push to {remote} failed: {last}", error_class="git")


async def _as_patch(
    context: ActionContext, made: Mapping[str, Any], subject: str, text: str, base: str
) -> dict[str, Any]:
    result = await context.run(
        ["git", "-C", str(made["repo"]), "format-patch", "-1", "--stdout", str(made["commit"])],
        limit=50_000_000,
        check=True,
    )
    patch = context.scratch / f"{str(made['branch']).rpartition('/')[2]}.patch"
    patch.write_text(result.stdout, "utf-8")
    note = patch.with_suffix(".md")
    note.write_text(f"# {subject}\n\n{text}", "utf-8")
    context.log.info(f"no forge: branch {made['branch']}, patch {patch}")
    return {
        "url": "",
        "number": 0,
        "base": base,
        "forge": "none",
        "patch": str(patch),
        "text": str(note),
        "summary": f"no forge: the branch {made['branch']} has the commit, {patch} the patch",
    }
