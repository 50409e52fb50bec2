"""Whether a plugin's requirement on `treadle-hookspecs` is satisfied by the contract that is here."""

import re
from collections.abc import Iterable

CONTRACT = "treadle-hookspecs"

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_PLAIN_RANGE = re.compile(rf"\s*>=\s*({_RELEASE})\s*,\s*<\s*({_RELEASE})|\s*<\s*({_RELEASE})\s*,\s*>=\s*({_RELEASE})")


def canonical_distribution(name: str) -> str:
    """The normal form of a distribution's name: lower case, hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def contract_requirements(requires: Iterable[str]) -> tuple[str, ...]:
    """Those requirements that are about `treadle-hookspecs`."""
    return tuple(line for line in requires if _required_name(line) == CONTRACT)


def conflict(requires: Iterable[str], version: str) -> str:
    """The first requirement that `version` of the contract does not satisfy, as written, or "".

    Raises:
        ValueError: a requirement cannot be read.
    """
    return next((line for line in requires if not _satisfied(line, version)), "")


def _required_name(line: str) -> str:
    match = _NAME.match(line)
    return canonical_distribution(match[1]) if match else ""


def _satisfied(line: str, version: str) -> bool:
    plain = _PLAIN_RANGE.fullmatch(_NAME.sub("", line, count=1).strip())
    if plain and re.fullmatch(_RELEASE, version):
        return _within(plain[1] or plain[4], plain[2] or plain[3], version)
    return _satisfied_in_full(line, version)


def _within(low: str, high: str, version: str) -> bool:
    """The range nearly every plugin writes, `>=0.1,<0.2`, judged without importing packaging (60 ms)."""
    return _release(low) <= _release(version) < _release(high)


def _release(text: str) -> tuple[int, ...]:
    parts = [int(part) for part in text.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _satisfied_in_full(line: str, version: str) -> bool:
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True
    return requirement.specifier.contains(version, prereleases=True)
