"""From the bytes that a step prints to the lines of its log."""

import codecs
from collections import deque
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from treadle.secrets import Masker, MaskingStream

Stream: TypeAlias = Literal["stdout", "stderr", "log"]

PIECE = 16_384
"""Characters after which a line that does not end is written in pieces."""

_LINE_OVERHEAD = 32
"""Bytes that time and stream add to a line, about."""


def cost(data: bytes) -> int:
    """Bytes that this output takes in a log, about: a million empty lines are not a million bytes."""
    return len(data) + _LINE_OVERHEAD * data.count(b"\n")


class Output:
    """One stream of a step: masked, decoded, cut into lines."""

    def __init__(self, stream: Stream, masker: Masker) -> None:
        self.stream = stream
        self.left_out = 0
        """Bytes of it that the log does not hold."""
        self._masker = masker
        self._masking = MaskingStream(masker)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""
        self._fragment: bytes | None = None

    def lines(self, data: bytes) -> str:
        """The lines that are complete with this data, and pieces of one that is too long to wait for."""
        return self._rendered(self._decoder.decode(self._masking.feed(self._without_fragment(data))))

    def rest(self) -> str:
        """What is left when the stream has ended."""
        self.left_out += len(self._fragment or b"")
        rendered = self._rendered(self._decoder.decode(self._masking.close(), final=True))
        return rendered + self._broken_line()

    def interrupt(self) -> str:
        """What can be shown although the bytes that follow it were left out. What comes next starts in mid-line.

        A part of a sensitive value may stand on both sides of the gap: what was held back is dropped, and so is
        what comes next up to the end of its line, or as much as a value may be long.
        """
        self._masking.abandon()
        self._decoder.reset()
        self._fragment = b""
        return self._broken_line()

    def _without_fragment(self, data: bytes) -> bytes:
        if self._fragment is None:
            return data
        data = self._fragment + data
        longest = self._masker.longest
        end = data.find(b"\n") + 1
        if not end and len(data) < 2 * longest:
            self._fragment = data
            return b""
        self._fragment = None
        end = end or self._masker.cut_after(data, longest)
        self.left_out += end
        return data[end:]

    def _broken_line(self) -> str:
        line, self._line = self._line, ""
        return f"{stamp()} {self.stream}|{line}\n" if line else ""

    def _rendered(self, text: str) -> str:
        if not text:
            return ""
        head = f"{stamp()} {self.stream}"
        *complete, self._line = (self._line + text).split("\n")
        rendered = [_in_pieces(head, line) for line in complete]
        while len(self._line) > PIECE:
            rendered.append(f"{head}+{self._line[:PIECE]}\n")
            self._line = self._line[PIECE:]
        return "".join(rendered)


def _in_pieces(head: str, line: str) -> str:
    if len(line) <= PIECE:
        return f"{head}|{line}\n"
    pieces = [line[at : at + PIECE] for at in range(0, len(line), PIECE)]
    return "".join(f"{head}+{piece}\n" for piece in pieces[:-1]) + f"{head}|{pieces[-1]}\n"


def stamp() -> str:
    """The time in UTC, with milliseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Overflow:
    """The latest output beyond what the head of a log holds: chunks as they came, the oldest are dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: deque[tuple[Output, bytes, int]] = deque()
        self._size = 0

    def add(self, output: Output, data: bytes) -> None:
        """Keep a chunk, in place of the oldest ones if need be."""
        size = cost(data)
        self._chunks.append((output, data, size))
        self._size += size
        while self._size - self._chunks[0][2] >= self._limit:
            first, dropped, freed = self._chunks.popleft()
            first.left_out += len(dropped)
            self._size -= freed

    def take(self) -> list[tuple[Output, bytes]]:
        """What was kept, oldest first; nothing is kept after that."""
        chunks = [(output, data) for output, data, _ in self._chunks]
        self._chunks.clear()
        self._size = 0
        return chunks
