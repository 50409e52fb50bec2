"""The ways in which a sensitive value shows up in text."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MIN_LENGTH = 4
"""Characters that a value, or a line of one, needs to be masked: a shorter one would blot out ordinary text."""

_MIN_ENCODED = 6
"""The same for a stretch of base64, whose characters turn up by chance more easily."""

_WRAPPED_AT = (64, 76)
"""Line lengths at which programs fold base64 (PEM, MIME)."""


def forms(value: str) -> frozenset[str]:
    """Everything to look for: the value, its lines, and both of them JSON-escaped, URL-quoted, in base64 and in hex."""
    pieces = {value, value.strip(), *(line.strip() for line in value.splitlines())}
    found: set[str] = set()
    for piece in pieces:
        if len(piece) >= MIN_LENGTH:
            found.update(_spellings(piece))
    return frozenset(found)


def _spellings(piece: str) -> Iterator[str]:
    yield piece
    yield json.dumps(piece)[1:-1]
    yield json.dumps(piece, ensure_ascii=False)[1:-1]
    yield from _quoted(piece)
    raw = piece.encode("utf-8", "surrogatepass")
    yield raw.hex()
    yield raw.hex().upper()
    yield from _base64(raw)


def _quoted(piece: str) -> Iterator[str]:
    raw = piece.encode("utf-8", "surrogatepass")
    for text in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield text
        yield _lower_escapes(text)


def _lower_escapes(text: str) -> str:
    """`%2F` as `%2f`: both are legal, and libraries differ."""
    head, *rest = text.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _base64(raw: bytes) -> Iterator[str]:
    for encoded in _base64_stretches(raw):
        if len(encoded) >= _MIN_ENCODED:
            yield encoded
            yield encoded.replace("+", "-").replace("/", "_")


def _base64_stretches(raw: bytes) -> Iterator[str]:
    """The characters that depend on `raw` alone, wherever it stands in what was encoded: three alignments.

    The whole encoding comes as well, also folded into lines, since that is how `base64 < secret` prints it.
    """
    whole = base64.b64encode(raw).decode("ascii")
    yield whole
    for width in _WRAPPED_AT:
        if len(whole) > width:
            yield from (whole[at : at + width] for at in range(0, len(whole), width))
    for offset, mixed_before in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(offset) + raw).decode("ascii")
        groups, rest = divmod(offset + len(raw), 3)
        yield encoded[mixed_before : groups * 4 + rest]
