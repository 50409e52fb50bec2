"""Where templates come from: folders, git repositories through mirrors, and the template sources of plugins."""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import (
    ActionContext,
    ExitCode,
    FetchedTemplate,
    Host,
    ProcessResult,
    Question,
    Sandbox,
    TemplateListing,
    TreadleError,
)

from treadle_compose import _staging
from treadle_compose._manifest import Manifest, content_key, manifest_path, read_manifest
from treadle_compose._specs import Spec, foreign_scheme

_GIT_ENV: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:ssh:file", "GIT_LFS_SKIP_SMUDGE": "1"}
_PLAIN_GIT: Final = {**_GIT_ENV, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_FETCH_TIMEOUT: Final = 300.0


_checked: Final[dict[str, Manifest]] = {}
"""Manifests that this process has checked, by content."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A template in one version, at hand: what a resolution chooses from."""

    template: FetchedTemplate
    manifest: Manifest
    spec: str = ""
    """As the user or a dependency wrote it."""

    @property
    def id(self) -> str:
        """The template's id."""
        return self.template.id

    @property
    def version(self) -> str:
        """Its version."""
        return self.template.version


Run = Callable[..., Awaitable[ProcessResult]]


@dataclass(frozen=True, slots=True)
class SourceWork:
    """`treadle_hookspecs.SourceContext` for one source."""

    cache: Path
    offline: bool
    sandbox: Sandbox
    say: Callable[[str], None]
    run: Run


@dataclass(slots=True)
class Library:
    """All templates that can be had.

    Args:
        host: the core.
        say: tells the person who follows.
        run: starts a program; None where none may be started (`treadle template list`).
        offline: only what the cache holds.
    """

    host: Host
    say: Callable[[str], None]
    run: Run | None = None
    offline: bool = False
    _listed: tuple[tuple[str, TemplateListing], ...] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, context: ActionContext, *, offline: bool) -> "Library":
        """For an action."""

        async def run(
            argv: Sequence[str],
            *,
            cwd: Path,
            env: Mapping[str, str] | None = None,
            stdin: bytes = b"",
            timeout: float | None = None,  # noqa: ASYNC109 - the process is ended by it
        ) -> ProcessResult:
            return await context.run(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)

        return cls(context.host, context.log.info, run, offline)

    @property
    def cache(self) -> Path:
        """The composition's part of the user's cache."""
        folder = self.host.cache / "compose"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def work(self, scheme: str) -> SourceWork:
        """What the source of a scheme works with."""
        folder = self.cache / "sources" / scheme
        folder.mkdir(parents=True, exist_ok=True)
        return SourceWork(folder, self.offline, self.host.sandbox, self.say, self._runner())

    def listings(self) -> tuple[tuple[str, TemplateListing], ...]:
        """The templates that plugins offer by name, each with its source's scheme."""
        if self._listed is None:
            composition = self.host.composition
            self._listed = tuple(
                (scheme, listing)
                for scheme in composition.schemes()
                for listing in composition.source(scheme).list(self.cache / "sources" / scheme)
            )
        return self._listed

    async def candidates(self, spec: Spec) -> tuple[Candidate, ...]:
        """What a spec means, the newest first; () for a name that nobody knows.

        Raises:
            TreadleError: it cannot be had, or is damaged.
        """
        if spec.kind == "folder" and (scheme := self._foreign(Path(spec.place))):
            return (await self._from_source(scheme, spec.place, spec.text),)
        if spec.kind == "folder":
            return (await asyncio.to_thread(self.folder, Path(spec.place), spec.text),)
        if spec.kind == "git":
            return (await self._from_git(spec),)
        if spec.kind == "source":
            return (await self._from_source(spec.scheme, spec.place, spec.text),)
        found = [
            await self._from_source(scheme, listing.spec.removeprefix(f"{scheme}:"), spec.text)
            for scheme, listing in self.listings()
            if listing.id == spec.place
        ]
        return tuple(sorted(found, key=lambda it: _sortable(it.version), reverse=True))

    def folder(self, folder: Path, spec: str, *, source: str = "", commit: str = "") -> Candidate:
        """A native template in a folder. Raises `TreadleError` when it is none."""
        if not folder.is_dir():
            raise TreadleError(f"there is no folder {folder}", exit_code=ExitCode.NOT_FOUND)
        if manifest_path(folder) is None:
            self._refuse_foreign(folder)
        manifest = self.manifest(folder)
        digest = _staging.digest(_staging.scan(folder, manifest.id, unrendered=True))
        fetched = FetchedTemplate(manifest.id, manifest.version, folder, source or str(folder), digest, commit)
        return Candidate(fetched, manifest, spec)

    def manifest(self, folder: Path) -> Manifest:
        """The manifest of a folder, from the cache where it was checked before."""
        key = content_key(folder)
        if key not in _checked:
            _checked[key] = self._checked(folder, key)
        return _checked[key]

    def _checked(self, folder: Path, key: str) -> Manifest:
        with self._index() as index:
            stored = index.get(key)
            if stored is None:
                stored = read_manifest(folder, self.host.load_yaml)
                index.set(key, stored)
        return Manifest.from_json(stored)

    @contextmanager
    def _index(self) -> "Iterator[Any]":
        from diskcache import Cache, JSONDisk

        with Cache(str(self.cache / "index"), disk=JSONDisk, size_limit=64_000_000, timeout=10) as index:
            yield index

    def _foreign(self, folder: Path) -> str:
        """The source of a folder that another tool's template lies in; "" for a native one, or without the source."""
        scheme = foreign_scheme(folder)
        return scheme if scheme in self.host.composition.schemes() else ""

    def _refuse_foreign(self, folder: Path) -> None:
        if scheme := foreign_scheme(folder):
            raise TreadleError(
                f"{folder} is a {scheme} template",
                suggestions=(f"pip install treadle-source-{scheme}",),
                exit_code=ExitCode.NOT_FOUND,
            )

    async def _from_source(self, scheme: str, place: str, spec: str) -> Candidate:
        fetched = await self.host.composition.source(scheme).fetch(place, self.work(scheme))
        if fetched.native:
            manifest = await asyncio.to_thread(self.manifest, fetched.folder)
            entries = await asyncio.to_thread(_staging.scan, fetched.folder, manifest.id, unrendered=True)
            digest = _staging.digest(entries)
            return Candidate(replace(fetched, digest=digest), manifest, spec)
        return Candidate(fetched, _foreign_manifest(fetched), spec)

    def _runner(self) -> Run:
        return self.run or _no_programs

    # git

    async def _from_git(self, spec: Spec) -> Candidate:
        mirror = await self._mirror(spec.place)
        commit = await self._commit(mirror, spec)
        tree = await self._tree(mirror, commit)
        folder = tree / spec.folder if spec.folder else tree
        if not folder.resolve().is_relative_to(tree.resolve()):
            raise TreadleError(f"{spec.text}: {spec.folder} leads out of the repository")
        source = f"git+{spec.place}@{commit}" + (f"#{spec.folder}" if spec.folder else "")
        return await asyncio.to_thread(self.folder, folder, spec.text, source=source, commit=commit)

    async def _mirror(self, url: str) -> Path:
        """The local mirror of a repository, up to date unless offline."""
        mirror = self.cache / "git" / hashlib.sha256(url.encode()).hexdigest()[:32]
        if self.offline:
            if not mirror.is_dir():
                raise TreadleError(
                    f"{url} is not in the cache",
                    suggestions=("run it once without --offline",),
                    exit_code=ExitCode.NOT_FOUND,
                )
            return mirror
        if mirror.is_dir():
            words = ("fetch", "--quiet", "--prune", "--no-recurse-submodules", "--", "origin")
            try:
                await self._git(mirror, *words, env=_GIT_ENV)
            except TreadleError as error:
                raise _out_of_reach(url, error) from error
            return mirror
        mirror.parent.mkdir(parents=True, exist_ok=True)
        draft = mirror.with_name(f"{mirror.name}.{secrets.token_hex(4)}")
        try:
            await self._git(mirror.parent, "clone", "--quiet", "--mirror", "--", url, str(draft), env=_GIT_ENV)
            with contextlib.suppress(OSError):
                draft.rename(mirror)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return mirror

    async def _commit(self, mirror: Path, spec: Spec) -> str:
        """Of a branch, tag, commit or constraint; without any the newest release, else the default branch."""
        reference = spec.version
        if not reference or re.match(r"[<>=!~]", reference):
            tags = (await self._git(mirror, "tag", "--list")).split()
            chosen = _newest(tags, reference)
            if not chosen and reference:
                shown = ", ".join(tags[-10:]) or "none"
                raise TreadleError(
                    f"{spec.place} has no release {reference} (its tags: {shown})", exit_code=ExitCode.NOT_FOUND
                )
            reference = chosen or "HEAD"
        found = await self._git(
            mirror, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"
        )
        if not _COMMIT.fullmatch(found.strip()):
            raise TreadleError(f"{spec.place} has no revision {reference}", exit_code=ExitCode.NOT_FOUND)
        return found.strip()

    async def _tree(self, mirror: Path, commit: str) -> Path:
        """The files of a commit, content-addressed: made once."""
        tree = self.cache / "trees" / commit
        if tree.is_dir():
            return tree
        tree.parent.mkdir(parents=True, exist_ok=True)
        draft = tree.with_name(f"{commit}.{secrets.token_hex(4)}")
        index = draft.with_suffix(".index")
        # A mirror has no work tree of its own: the draft is it.
        env = {**_PLAIN_GIT, "GIT_INDEX_FILE": str(index), "GIT_DIR": str(mirror), "GIT_WORK_TREE": str(draft)}
        try:
            draft.mkdir()
            await self._git(draft, "read-tree", commit, env=env)
            await self._git(draft, "checkout-index", "--all", "--force", env=env)
            with contextlib.suppress(OSError):
                draft.rename(tree)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            index.unlink(missing_ok=True)
        return tree

    async def _git(self, folder: Path, *words: str, env: Mapping[str, str] = _PLAIN_GIT) -> str:
        argv = ("git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *words)
        done = await self._runner()(argv, cwd=folder, env=env, timeout=_FETCH_TIMEOUT)
        if not done.ok and words[0] != "rev-parse":
            last = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()][:3]
            raise TreadleError(f"git {words[0]} failed: {' / '.join(last)}", exit_code=ExitCode.NOT_FOUND)
        return done.stdout


def to_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate as it travels between steps."""
    return json.loads(json.dumps({**asdict(candidate), "id": candidate.id, "version": candidate.version}, default=str))  # type: ignore[no-any-return]


def _out_of_reach(url: str, error: TreadleError) -> TreadleError:
    return TreadleError(
        f"{url} cannot be brought up to date: {error.message}",
        suggestions=("--offline composes with what was fetched before",),
        exit_code=ExitCode.NOT_FOUND,
    )


def _no_programs(*_: object, **__: object) -> Awaitable[ProcessResult]:
    raise TreadleError("this needs a program to be started", suggestions=("use treadle compose --dry-run",))


def _foreign_manifest(fetched: FetchedTemplate) -> Manifest:
    """What a foreign template says in a `template.yaml` of its own, else its questions only."""
    if not fetched.manifest:
        return Manifest(fetched.id, fetched.version, questions=fetched.questions)
    from treadle_compose import _model

    checked = _model.Manifest.model_validate(fetched.manifest).model_dump(by_alias=True, mode="json")
    manifest = Manifest.from_json(checked)
    known = {question.name for question in manifest.questions}
    more = tuple(question for question in fetched.questions if question.name not in known)
    return replace(manifest, id=fetched.id, version=fetched.version, questions=(*manifest.questions, *more))


def _newest(tags: Sequence[str], constraint: str) -> str:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    releases: dict[Version, str] = {}
    for tag in tags:
        with contextlib.suppress(InvalidVersion):
            releases[Version(tag)] = tag
    fitting = list(SpecifierSet(constraint).filter(releases))
    return releases[max(fitting)] if fitting else ""


def _sortable(version: str) -> Any:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def question_from_json(data: Mapping[str, Any]) -> Question:
    """A question that travelled."""
    return Question(**{**data, "choices": tuple(data["choices"])})


def update_spec(known: Mapping[str, Any]) -> str:
    """What brings the newest form of a template of a project's lock: as it was asked for, a folder by its place."""
    spec, source = str(known["spec"]), str(known["source"])
    return source if Path(source).is_absolute() else spec
