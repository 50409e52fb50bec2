"""What `--from-templates` takes: names, folders, git URLs, and `scheme:rest` of a template source."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from treadle_hookspecs import TreadleError

_NAME: Final = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]{0,127})(?:@(?P<version>.+))?", re.IGNORECASE)
_GIT: Final = re.compile(
    r"(?:git\+)?(?P<url>(?:https|ssh|file)://[^\s#]+?|git@[\w.-]+:[^\s#@]+)(?:@(?P<ref>[^\s#@/]+))?(?:#(?P<folder>.+))?"
)


@dataclass(frozen=True, slots=True)
class Spec:
    """One template that is asked for.

    Attributes:
        text: as it was written.
        kind: where to look.
        place: the name, folder, URL, or what stands behind the scheme.
        version: a constraint, e.g. `>=1.2`; of git a branch, tag or commit is also possible.
        folder: inside a git repository.
        scheme: of a template source.
    """

    text: str
    kind: Literal["name", "folder", "git", "source"]
    place: str
    version: str = ""
    folder: str = ""
    scheme: str = ""


def split_specs(texts: Collection[str]) -> tuple[str, ...]:
    """`a,b` and `a` `b` are the same; a comma inside of a constraint (`a@>=1,<2`) belongs to it."""
    found: list[str] = []
    for text in texts:
        for part in text.split(","):
            if found and re.match(r"\s*[<>=!~]", part) and "@" in found[-1]:
                found[-1] += f",{part.strip()}"
            elif part.strip():
                found.append(part.strip())
    return tuple(found)


def parse_spec(text: str, schemes: Collection[str], here: Path) -> Spec:
    """Understand a spec. A folder is one by `/`, `.` or `~`, or because it stands in `here` with a manifest.

    Raises:
        TreadleError: it is none of them.
    """
    scheme, colon, rest = text.partition(":")
    if colon and scheme in schemes and rest:
        return Spec(text, "source", rest, scheme=scheme)
    if (git := _GIT.fullmatch(text)) and (
        text.startswith(("git+", "git@")) or ".git" in text or git["ref"] or _is_url(text)
    ):
        return Spec(text, "git", git["url"], git["ref"] or "", git["folder"] or "")
    if text.startswith(("/", "./", "../", "~")) or text in (".", ".."):
        return Spec(text, "folder", str((here / Path(text).expanduser()).resolve()))
    named = _NAME.fullmatch(text)
    if named is None:
        return _other(text, schemes, here)
    for folder in (here / named["name"], here / "templates" / named["name"]):
        if _is_template(folder):
            return Spec(text, "folder", str(folder.resolve()), _constraint(named["version"]))
    return Spec(text, "name", named["name"], _constraint(named["version"]))


def _other(text: str, schemes: Collection[str], here: Path) -> Spec:
    if "/" in text and (here / text).is_dir():
        return Spec(text, "folder", str((here / text).resolve()))
    known = ", ".join(f"{scheme}:…" for scheme in schemes)
    raise TreadleError(
        f"{text!r} is no template: neither a name, a folder, a git URL nor one of {known or 'any template source'}",
        suggestions=("treadle template list shows the names", "a folder is written ./folder"),
    )


def _is_url(text: str) -> bool:
    return text.startswith(("https://", "ssh://", "file://"))


def _is_template(folder: Path) -> bool:
    from treadle_compose._manifest import manifest_path

    return manifest_path(folder) is not None or bool(foreign_scheme(folder))


def foreign_scheme(folder: Path) -> str:
    """The source that another tool's template in this folder belongs to, "" for none."""
    from treadle_compose._manifest import manifest_path

    marks = {"copier.yml": "copier", "copier.yaml": "copier", "cookiecutter.json": "cookiecutter"}
    if manifest_path(folder) is not None:
        return ""
    return next((scheme for name, scheme in marks.items() if (folder / name).is_file()), "")


def _constraint(version: str | None) -> str:
    """`1.2` means exactly that version, `>=1.2` what it says."""
    if not version:
        return ""
    return f"=={version}" if version[:1].isdigit() or version[:1] == "v" else version
