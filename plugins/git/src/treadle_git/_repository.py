"""One git repository, asked through the git program in a way that no configuration of it can bend."""

import difflib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, ProcessResult, ToolMissingError

READ_LIMIT: Final = 64_000_000
"""Bytes of git's output that an action keeps; more is an error, never a half-read answer."""

INSTALL: Final = "apt install git (or brew install git, or https://git-scm.com/downloads)"

SAFE_CONFIG: Final = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.alternateRefsCommand=",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
    "submodule.recurse=false",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
)

SAFE_ENV: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}

REDIRECTIONS: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
)
"""Set inside a git hook: git would then work on the hook's repository and index instead of the one asked for."""


def git_command(*arguments: str) -> tuple[str, ...]:
    """The command line for a git call, safe settings first."""
    settings = tuple(part for setting in SAFE_CONFIG for part in ("-c", setting))
    return ("git", *settings, *arguments)


def _without_redirections() -> tuple[str, ...]:
    present = [name for name in REDIRECTIONS if name in os.environ]
    if not present:
        return ()
    return ("env", *(part for name in present for part in ("-u", name)))


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository and the context that runs git in it.

    Attributes:
        root: the top of its work tree, or the repository itself when it is bare.
        git_dir: the absolute path of the `.git` folder of that work tree.
    """

    context: ActionContext
    root: Path
    git_dir: Path

    @classmethod
    async def open(cls, context: ActionContext, repo: str) -> "Repository":
        """Find the repository around a folder, given relative to the execution's root or absolute.

        Raises:
            ActionError: `not-a-repository`.
            ToolMissingError: git is not installed.
        """
        folder = (context.workspace.root / repo).resolve()
        if not folder.is_dir():
            raise ActionError(
                f"there is no folder {folder}; give `repo` as the path of a git repository",
                error_class="not-a-repository",
                retryable=False,
            )
        found = await _run(context, folder, "rev-parse", "--absolute-git-dir", "--is-inside-work-tree")
        if not found.ok:
            raise ActionError(
                f"{folder} is not in a git repository: {_reason(found)}",
                error_class="not-a-repository",
                retryable=False,
            )
        git_dir, inside = found.stdout.rstrip("\n").rsplit("\n", 1)
        if inside != "true":
            return cls(context, folder, Path(git_dir))
        top = await _run(context, folder, "rev-parse", "--show-toplevel")
        return cls(context, Path(top.stdout.removesuffix("\n")), Path(git_dir))

    async def attempt(
        self, *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b"", folder: Path | None = None
    ) -> ProcessResult:
        """Run git and look at how it ended."""
        return await _run(self.context, folder or self.root, *arguments, env=env, stdin=stdin)

    async def read(
        self, *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b"", folder: Path | None = None
    ) -> str:
        """What git prints. Raises `ActionError` with git's own words when it fails, or prints too much to keep."""
        result = await self.attempt(*arguments, env=env, stdin=stdin, folder=folder)
        if not result.ok:
            raise ActionError(f"git {arguments[0]} failed in {self.root}: {_reason(result)}", error_class="git")
        if result.truncated:
            raise ActionError(
                f"git {arguments[0]} printed more than {READ_LIMIT // 1_000_000} MB; restrict it to fewer files",
                error_class="too-large",
                retryable=False,
            )
        return result.stdout

    async def commit(self, revision: str) -> str:
        """The full id of the commit that a revision means.

        Raises:
            ActionError: `unknown-revision`, with the names that look like it.
        """
        _refuse_option(revision)
        found = await self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.ok:
            return found.stdout.strip()
        raise ActionError(
            f"{self.root} has no commit `{revision}`{await self._suggestion(revision)}",
            error_class="unknown-revision",
            retryable=False,
        )

    async def _suggestion(self, revision: str) -> str:
        listed = await self.attempt("for-each-ref", "--format=%(refname:short)")
        names = listed.stdout.splitlines()
        close = difflib.get_close_matches(revision, names, n=3)
        if close:
            return "; did you mean " + " or ".join(f"`{name}`" for name in close) + "?"
        shallow = await self.attempt("rev-parse", "--is-shallow-repository")
        if shallow.stdout.strip() == "true":
            return "; the clone is shallow: run `git fetch --unshallow` first"
        known = ", ".join(f"`{name}`" for name in names[:5])
        return f"; its branches and tags are {known}" if known else "; it has no commit yet"


def _refuse_option(revision: str) -> None:
    if not revision or revision.startswith("-") or any(ord(letter) < 32 for letter in revision):
        raise ActionError(
            f"{revision!r} is not a revision: give a branch, a tag, or a commit id",
            error_class="unknown-revision",
            retryable=False,
        )


async def _run(
    context: ActionContext, folder: Path, *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b""
) -> ProcessResult:
    if shutil.which("git") is None:
        raise ToolMissingError("git", INSTALL)
    argv = (*_without_redirections(), *git_command(*arguments))
    return await context.run(argv, cwd=folder, env={**SAFE_ENV, **(env or {})}, stdin=stdin, limit=READ_LIMIT)


def _reason(result: ProcessResult) -> str:
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    return "\n".join(lines[-5:]) or f"it ended with exit code {result.exit_code}"
