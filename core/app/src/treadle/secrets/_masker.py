"""Keeps sensitive values out of everything that is written."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Final

from treadle_hookspecs import Json

from treadle.secrets._forms import MIN_LENGTH, forms

MASK: Final = "***"
_MASK_BYTES: Final = MASK.encode()


class _Patterns:
    """An immutable set of forms, compiled when first searched for."""

    def __init__(self, texts: frozenset[str] = frozenset()) -> None:
        self.texts = texts
        encoded = {text.encode("utf-8", "surrogatepass") for text in texts}
        # Longest first: an alternation takes the first branch that fits.
        self.encoded = sorted(encoded, key=lambda form: (-len(form), form))
        self.longest = len(self.encoded[0]) if encoded else 0

    @cached_property
    def in_text(self) -> re.Pattern[str]:
        return re.compile("|".join(re.escape(form.decode("utf-8", "surrogatepass")) for form in self.encoded))

    @cached_property
    def in_bytes(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(re.escape, self.encoded)))

    @cached_property
    def first_byte(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(re.escape(first) for first in sorted({form[:1] for form in self.encoded})))


class Masker:
    """Replaces every registered value by `***`, in each form in which it is likely to be printed.

    The forms are the value itself, its lines, and both of them JSON-escaped, URL-quoted, in base64 (in all three
    alignments, standard and URL alphabet) and in hexadecimal. Values may be added while others are masking.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._patterns = _Patterns()
        self._lock = Lock()
        for value in values:
            self.add(value)

    def __bool__(self) -> bool:
        return bool(self._patterns.texts)

    @property
    def longest(self) -> int:
        """The length in bytes of the longest form, 0 when nothing is registered."""
        return self._patterns.longest

    def add(self, value: str) -> bool:
        """Register a value; False when it is too short (under 4 characters) to be told from ordinary text."""
        if len(value.strip()) < MIN_LENGTH:
            return False
        with self._lock:
            known = self._patterns.texts
            if value not in known:
                self._patterns = _Patterns(known | forms(value))
        return True

    def finds(self, text: str) -> bool:
        """True when `mask` would change this text."""
        patterns = self._patterns
        return bool(patterns.texts) and patterns.in_text.search(text) is not None

    def finds_bytes(self, data: bytes) -> bool:
        """True when `mask_bytes` would change this."""
        patterns = self._patterns
        return bool(patterns.texts) and patterns.in_bytes.search(data) is not None

    def mask(self, text: str) -> str:
        """The text without sensitive values."""
        patterns = self._patterns
        return patterns.in_text.sub(MASK, text) if patterns.texts else text

    def mask_bytes(self, data: bytes) -> bytes:
        """As `mask`, for a whole piece of output; a `MaskingStream` takes one that comes in chunks."""
        patterns = self._patterns
        return patterns.in_bytes.sub(_MASK_BYTES, data) if patterns.texts else data

    def mask_json(self, data: Json) -> Json:
        """A copy without sensitive values in its texts, numbers or keys; the data itself when there is none to mask."""
        return self._masked(data) if self._patterns.texts else data

    def _masked(self, data: Json) -> Json:
        if isinstance(data, str):
            return self.mask(data)
        if isinstance(data, Mapping):
            return {self.mask(key): self._masked(value) for key, value in data.items()}
        if isinstance(data, Sequence):
            return [self._masked(item) for item in data]
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        return MASK if is_number and self.finds(str(data)) else data

    def cut_before(self, data: bytes, at: int) -> int:
        """The last place up to `at` where `data` can be cut without leaving a part of a sensitive value in front."""
        for match in self._around(data, at):
            if match.start() < at < match.end():
                return match.start()
        return at

    def cut_after(self, data: bytes, at: int) -> int:
        """The first place from `at` on where `data` can be cut without leaving a part of a sensitive value behind."""
        for match in self._around(data, at):
            if match.start() < at < match.end():
                return match.end()
        return at

    def _around(self, data: bytes, at: int) -> Iterable[re.Match[bytes]]:
        patterns = self._patterns
        if not patterns.texts:
            return ()
        return patterns.in_bytes.finditer(data, max(0, at - patterns.longest), at + patterns.longest)

    def held_back(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a sensitive value that is not complete yet."""
        patterns = self._patterns
        if not patterns.texts:
            return 0
        for match in patterns.first_byte.finditer(data, max(0, len(data) - patterns.longest + 1)):
            rest = data[match.start() :]
            if any(len(form) > len(rest) and form.startswith(rest) for form in patterns.encoded):
                return len(rest)
        return 0


class MaskingStream:
    """Masks output that comes in chunks, also a value that is spread over several of them.

    What may turn out to be the beginning of a value is kept until the next chunk, or `close`, decides.
    """

    __slots__ = ("_masker", "_pending")

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._pending = b""

    def feed(self, chunk: bytes) -> bytes:
        """What can be written now."""
        if not self._masker and not self._pending:
            return chunk
        data = self._pending + chunk
        # A complete value whose end is also the beginning of another waits with it, or it would be cut in two.
        cut = self._masker.cut_before(data, len(data) - self._masker.held_back(data))
        self._pending = data[cut:]
        return self._masker.mask_bytes(data[:cut])

    def close(self) -> bytes:
        """The rest."""
        pending, self._pending = self._pending, b""
        return self._masker.mask_bytes(pending)

    def abandon(self) -> None:
        """Forget what was kept: the chunks that would have decided were left out."""
        self._pending = b""
