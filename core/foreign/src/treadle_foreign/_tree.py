"""A template's tree as a folder named by its content: from a folder, or from git through a mirror."""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version
from treadle_hookspecs import ExitCode, SourceContext, TreadleError

FORGES: Final = {"gh": "https://github.com/", "gl": "https://gitlab.com/"}
FILES: Final = 20_000
BYTES: Final = 512_000_000
_SECONDS: Final = 300.0
_ENV: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
_SPEC: Final = re.compile(r"(?P<place>.+?)(?:@(?P<ref>[\w./-]+))?(?:#(?P<folder>[^#]+))?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a template is: a folder's path or a git URL, the revision asked for, the folder in the repository."""

    address: str
    ref: str = ""
    folder: str = ""

    @property
    def is_folder(self) -> bool:
        """It is a folder of this machine that is no bare repository."""
        return "://" not in self.address and Path(self.address).expanduser().is_dir() and not _is_bare(self.address)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree at hand.

    Attributes:
        folder: its files, not to be changed; no `.git` in it.
        digest: SHA-256 over paths, modes and contents, in hex.
        place: the place that brings exactly this again.
        commit: of a git repository, else "".
        version: the newest tag at or below the commit that is a version, else "0".
    """

    folder: Path
    digest: str
    place: Place
    commit: str = ""
    version: str = "0"


def place_of(spec: str) -> Place:
    """A spec in its parts; `gh:` and `gl:` are written out."""
    found = _SPEC.fullmatch(spec.removeprefix("git+"))
    if not found:
        raise TreadleError(f"{spec!r} names no template", exit_code=ExitCode.NOT_FOUND)
    address, ref, folder = found["place"], found["ref"] or "", found["folder"] or ""
    if ref and ("://" not in address and re.match(r"[\w.-]+$", address) and ":" in ref):
        address, ref = f"{address}@{ref}", ""
    forge, _, rest = address.partition(":")
    if forge in FORGES and not rest.startswith("//"):
        address = f"{FORGES[forge]}{rest.removesuffix('.git')}.git"
    return Place(address, ref, folder)


async def bring(spec: str, context: SourceContext, *, newest_tag: bool = False) -> Tree:
    """Bring a template's tree to this machine.

    Args:
        spec: a folder, a git URL or `gh:OWNER/NAME`, with `@REF` and `#FOLDER`.
        context: the source's.
        newest_tag: without a REF take the newest version that is tagged, as copier does; else the default branch.

    Raises:
        TreadleError: there is no such template (exit code 3), or it holds too much.
    """
    place = place_of(spec)
    if place.is_folder:
        return await asyncio.to_thread(_from_folder, place, context.cache)
    mirror = await _mirror(place, context)
    commit, version = await _revision(mirror, place, context, newest_tag=newest_tag)
    draft = context.cache / f"checkout.{secrets.token_hex(6)}"
    try:
        await _check_out(mirror, commit, draft, context)
        folder = _within(draft, place.folder, spec)
        exact = Place(place.address, commit, place.folder)
        return await asyncio.to_thread(_kept, folder, context.cache, exact, commit, version)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _from_folder(place: Place, cache: Path) -> Tree:
    folder = Path(place.address).expanduser().resolve() / place.folder
    if not folder.is_dir():
        raise TreadleError(f"there is no folder {folder}", exit_code=ExitCode.NOT_FOUND)
    return _kept(folder, cache, Place(str(folder)), "", "0")


def _within(root: Path, name: str, spec: str) -> Path:
    """A folder of a repository; no link leads out of it."""
    folder = root / name
    if not folder.resolve().is_relative_to(root.resolve()) or not folder.is_dir():
        raise TreadleError(f"{spec}: there is no folder {name}", exit_code=ExitCode.NOT_FOUND)
    return folder


def _without_history(_: object, names: list[str]) -> set[str]:
    return {".git"} & set(names)


def _kept(folder: Path, cache: Path, place: Place, commit: str, version: str) -> Tree:
    """A copy of a folder under the name of its content; one that is there is taken."""
    digest = _digest(folder)
    kept = cache / "trees" / digest
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_name(f"{digest}.{secrets.token_hex(4)}")
        shutil.copytree(folder, draft, symlinks=True, ignore=_without_history)
        with contextlib.suppress(OSError):
            draft.rename(kept)
        shutil.rmtree(draft, ignore_errors=True)
    return Tree(kept, digest, place, commit, version)


def _digest(folder: Path) -> str:
    total, size = hashlib.sha256(), 0
    for number, path in enumerate(_files(folder)):
        if path.is_symlink():
            kind, content = "link", os.readlink(path).encode()  # noqa: PTH115 - as it is written
        else:
            kind, content = ("program" if path.stat().st_mode & 0o111 else "file"), path.read_bytes()
        size += len(content)
        if number > FILES or size > BYTES:
            raise TreadleError(f"{folder} has more than {FILES} files or {BYTES} bytes", exit_code=ExitCode.NOT_ALLOWED)
        name = path.relative_to(folder).as_posix()
        total.update(f"{name}\0{kind}\0{hashlib.sha256(content).hexdigest()}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name == ".git":
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        elif path.is_symlink() or path.is_file():
            yield path


async def _mirror(place: Place, context: SourceContext) -> Path:
    """A bare copy of the repository, brought up to date unless offline or the commit is there."""
    mirror = context.cache / "mirrors" / hashlib.sha256(place.address.encode()).hexdigest()
    if mirror.is_dir():
        if not context.offline and not await _has(mirror, place.ref, context):
            try:
                await _git(context, mirror, "fetch", "--prune", "--tags", "--quiet", "origin")
            except TreadleError as error:
                raise TreadleError(
                    f"{place.address} cannot be brought up to date: {error.message}",
                    suggestions=("--offline composes with what was fetched before",),
                    exit_code=ExitCode.NOT_FOUND,
                ) from error
        return mirror
    if context.offline:
        raise TreadleError(
            f"{place.address} is not in the cache",
            suggestions=("run it once without --offline",),
            exit_code=ExitCode.NOT_FOUND,
        )
    context.say(f"fetching {place.address}")
    mirror.parent.mkdir(parents=True, exist_ok=True)
    draft = mirror.with_name(f"{mirror.name}.{secrets.token_hex(4)}")
    try:
        await _git(context, mirror.parent, "clone", "--mirror", "--quiet", "--", place.address, str(draft))
        with contextlib.suppress(OSError):
            draft.rename(mirror)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return mirror


async def _has(mirror: Path, ref: str, context: SourceContext) -> bool:
    """A whole commit that is there needs no look at the network."""
    if not re.fullmatch(r"[0-9a-f]{40,64}", ref):
        return False
    return bool(await _git(context, mirror, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}", check=False))


async def _revision(mirror: Path, place: Place, context: SourceContext, *, newest_tag: bool) -> tuple[str, str]:
    """The commit, and its version."""
    tags = _versions((await _git(context, mirror, "tag", "--list")).split())
    ref = place.ref or (tags[max(tags)] if tags and newest_tag else "HEAD")
    commit = await _git(context, mirror, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}", check=False)
    if not commit:
        known = ", ".join(tags[version] for version in sorted(tags, reverse=True)[:5])
        raise TreadleError(
            f"{place.address} has no revision {ref}",
            suggestions=(f"there are {known}",) if known else (),
            exit_code=ExitCode.NOT_FOUND,
        )
    merged = _versions((await _git(context, mirror, "tag", "--list", "--merged", commit)).split())
    return commit, str(max(merged)) if merged else "0"


async def _check_out(mirror: Path, commit: str, draft: Path, context: SourceContext) -> None:
    await asyncio.to_thread(draft.mkdir, parents=True)
    index = draft.with_suffix(".index")
    try:
        env = {"GIT_INDEX_FILE": str(index), "GIT_DIR": str(mirror), "GIT_WORK_TREE": str(draft)}
        await _git(context, draft, "read-tree", commit, env=env)
        await _git(context, draft, "checkout-index", "--all", "--force", env=env)
    finally:
        index.unlink(missing_ok=True)


async def _git(
    context: SourceContext, folder: Path, *words: str, env: Mapping[str, str] | None = None, check: bool = True
) -> str:
    env = {**_ENV, "PATH": os.environ.get("PATH", os.defpath), **(env or {})}
    argv = ("git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *words)
    done = await context.run(argv, cwd=folder, env=env, timeout=_SECONDS)
    if check and not done.ok:
        last = " / ".join([line for line in (done.stderr or done.stdout).splitlines() if line.strip()][:3])
        raise TreadleError(f"git {words[0]} failed: {last}", exit_code=ExitCode.NOT_FOUND)
    return done.stdout.strip() if done.ok else ""


def _versions(tags: list[str]) -> dict[Version, str]:
    found: dict[Version, str] = {}
    for tag in tags:
        with contextlib.suppress(InvalidVersion):
            version = Version(tag)
            if not version.is_prerelease:
                found[version] = tag
    return found


def _is_bare(address: str) -> bool:
    folder = Path(address).expanduser()
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()
