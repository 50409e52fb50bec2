"""`treadle template test`: a template composed as its cases say, and what came out compared with what they expect.

A case is a file `tests/NAME.yaml`: `variables`, `with` (other templates), `resolve`, and `expect` with `files`,
`absent`, `contains` (`path: text`), `equals` (`path: text`), `fails` (a part of the error). Without any case the
template is composed with its defaults. Each case is composed twice: the same input has to give the same bytes.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Host, JsonObject, TreadleError

from treadle_compose import _outcome, _staging
from treadle_compose._places import place_of

_KEYS: Final[Mapping[str, type]] = {
    "variables": dict,
    "with": list,
    "resolve": list,
    "expect": dict,
    "project_name": str,
}
_EXPECTED: Final[Mapping[str, type]] = {"files": list, "absent": list, "contains": dict, "equals": dict, "fails": str}
_CALLED: Final[Mapping[type, str]] = {dict: "a mapping", list: "a list", str: "a text"}


@dataclass(frozen=True, slots=True)
class Case:
    """One case."""

    name: str
    data: Mapping[str, Any]

    @property
    def expect(self) -> Mapping[str, Any]:
        """What has to come out."""
        return self.data.get("expect") or {}


def run_cases(folder: Path, host: Host, trust: str) -> list[dict[str, Any]]:
    """Run every case; `{case, problems}` each. Raises `TreadleError` for a case that is none."""
    return [{"case": case.name, "problems": list(_problems(folder, case, host, trust))} for case in cases(folder, host)]


def cases(folder: Path, host: Host) -> list[Case]:
    """The cases of a template; one with its defaults when it has none."""
    files = sorted(path for path in (folder / "tests").glob("*") if path.suffix in (".yaml", ".yml"))
    return [_read(path, host) for path in files] or [Case("defaults", {})]


def _read(path: Path, host: Host) -> Case:
    text = path.read_text("utf-8")
    data = host.load_yaml(text, str(path)) or {}
    if not isinstance(data, Mapping):
        raise TreadleError(f"{path}:1:1: a case is a mapping", context={"file": str(path), "line": 1, "column": 1})
    _check(data, _KEYS, (), path, text)
    expect = data.get("expect")
    _check(expect if isinstance(expect, Mapping) else {}, _EXPECTED, ("expect",), path, text)
    return Case(path.stem, data)


def _check(data: Mapping[str, Any], known: Mapping[str, type], where: tuple[str, ...], path: Path, text: str) -> None:
    """Raises `TreadleError`, with its place, for a key that there is not and for a value of another kind."""
    for key, value in data.items():
        name = ".".join((*where, key))
        reason = ""
        if key not in known:
            meant = "".join(f"; did you mean `{it}`?" for it in get_close_matches(key, known, n=1))
            reason = f"there is no key `{name}`{meant}"
        elif value is not None and not isinstance(value, known[key]):
            reason = f"`{name}` is {_CALLED[known[key]]}"
        if reason:
            line, column = place_of(text, (*where, key))
            context: JsonObject = {"file": str(path), "line": line, "column": column}
            raise TreadleError(f"{path}:{line}:{column}: {reason}", context=context, suggestions=(", ".join(known),))


def _problems(folder: Path, case: Case, host: Host, trust: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="treadle-template-") as place:
        first, error = _composed(folder, case, host, Path(place) / "a" / "project", trust)
        wanted = case.expect.get("fails")
        if error or wanted:
            if not wanted or str(wanted) not in error:
                yield error or f"it did not fail with {wanted!r}"
            return
        again, _ = _composed(folder, case, host, Path(place) / "b" / "project", trust)
        if _staging.digest(first.values()) != _staging.digest(again.values()):
            yield "composing it twice gives different bytes"
        yield from _differences(case.expect, first, Path(place) / "a" / "project")


def _composed(folder: Path, case: Case, host: Host, target: Path, trust: str) -> tuple[dict[str, _staging.Entry], str]:
    target.parent.mkdir()
    others = [str(folder.parent / it) if (folder.parent / it).is_dir() else it for it in case.data.get("with") or ()]
    inputs: dict[str, Any] = {
        "templates": [str(folder), *others],
        "target": str(target),
        "project_name": str(case.data.get("project_name") or "my-project"),
        "here": str(folder.parent),
        "variables": dict(case.data.get("variables") or {}),
        "resolve": list(case.data.get("resolve") or ()),
        "trust": trust,
    }
    outcome = _outcome.of(host, host.drive("compose", inputs))
    if outcome.status["status"] != "completed":
        error: Any = outcome.status.get("error") or {}
        hints = "; ".join(outcome.problem.get("suggestions", ()))
        return {}, f"{outcome.problem.get('message') or error.get('message')}" + (f" ({hints})" if hints else "")
    entries = _staging.scan(target, "the composed project")
    return {it.path: it for it in entries if it.path != "treadle.lock.json"}, ""


def _differences(expect: Mapping[str, Any], found: Mapping[str, _staging.Entry], target: Path) -> Iterator[str]:
    for path in expect.get("files") or ():
        if path not in found:
            yield f"{path} is missing; there is {', '.join(found) or 'nothing'}"
    for path in expect.get("absent") or ():
        if path in found:
            yield f"{path} is there"
    for path, text in (expect.get("contains") or {}).items():
        if path not in found or str(text) not in (target / path).read_text("utf-8", "replace"):
            yield f"{path} does not contain {text!r}"
    for path, text in (expect.get("equals") or {}).items():
        if path not in found or (target / path).read_text("utf-8", "replace") != str(text):
            yield f"{path} is not {text!r}"
