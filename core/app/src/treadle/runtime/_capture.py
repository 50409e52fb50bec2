"""The beginning and the end of what a program printed, in bounded memory."""

from collections import deque
from typing import Final

from treadle.secrets import Masker

_CONTINUATION: Final = bytes(range(0x80, 0xC0))


class Capture:
    """Keeps the first and the last half of `limit` bytes.

    Where something is left out between them, neither half ends in a part of a value that `masker` knows: a part
    would not be recognised any more by those who mask or encrypt the result.
    """

    def __init__(self, limit: int, masker: Masker | None = None) -> None:
        self._masker = masker or Masker()
        self._head_limit = limit // 2
        self._tail_limit = limit - limit // 2
        # Beyond each half as much again as a value may reach over its edge.
        self._margin = self._masker.longest
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._size = 0

    @property
    def truncated(self) -> bool:
        """Something was left out."""
        return self._size > self._head_limit + self._tail_limit

    def add(self, data: bytes) -> None:
        """Take a chunk."""
        self._size += len(data)
        room = self._head_limit + self._margin - len(self._head)
        if room > 0:
            self._head += data[:room]
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= self._tail_limit + self._margin:
            self._tail_size -= len(self._tail.popleft())

    def text(self) -> str:
        """UTF-8 with replacement; a line says how much is left out, if anything is."""
        tail = b"".join(self._tail)
        if not self.truncated:
            missing = self._size - len(tail)
            return (bytes(self._head[:missing]) + tail).decode("utf-8", "replace")
        head = self._head[: self._masker.cut_before(bytes(self._head), self._head_limit)]
        tail = tail[self._masker.cut_after(tail, len(tail) - self._tail_limit) :]
        left_out = self._size - len(head) - len(tail)
        return f"{_decoded_head(bytes(head))}\n… {left_out} bytes are left out here …\n{_decoded_tail(tail)}"


def _decoded_head(data: bytes) -> str:
    """Without the half of a character at the end."""
    for missing in range(1, min(4, len(data) + 1)):
        byte = data[-missing]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return (data[:-missing] if needed > missing else data).decode("utf-8", "replace")
        if byte < 0x80:
            break
    return data.decode("utf-8", "replace")


def _decoded_tail(data: bytes) -> str:
    """Without the half of a character at the beginning."""
    start = 0
    while start < min(3, len(data)) and data[start] in _CONTINUATION:
        start += 1
    return data[start:].decode("utf-8", "replace")
