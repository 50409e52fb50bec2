"""The logs of steps: one bounded text file an attempt, masked before a byte is written.

A line of a file is `TIME STREAM|TEXT`, where TIME is UTC with milliseconds and STREAM is `stdout`, `stderr` or `log`
(what the action said through its context). `STREAM+TEXT` is a piece of a line that goes on in the stream's next line.
"""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from treadle.runtime._log_lines import Output, Overflow, Stream, cost, stamp
from treadle.secrets import Masker

if TYPE_CHECKING:
    from loguru import Record

DEFAULT_LIMIT: Final = 8_000_000
"""Bytes that a log holds, about: half of them from the beginning, half from the end."""

_SLICE = 16_384
"""Bytes of output that are weighed at once."""

_TAIL_WINDOW = 262_144
"""Bytes from the end of a file in which `tail_log` looks for lines."""

_LINE = re.compile(r"\S+ (stdout|stderr|log)([|+])(.*)", re.DOTALL)
_SAFE: Final = {"/": "~", ":": "+"}
_PLAIN = re.compile(r"[a-z0-9_.#\[\]-]")
_LONGEST_NAME = 160


class LogEntry(NamedTuple):
    """One line of a step's log: which stream it came from, and its text without the line end."""

    stream: str
    text: str


def log_path(folder: Path, address: str) -> Path:
    """Where the log of one attempt stands, e.g. `test#1.2.log`; no two addresses share a file.

    Args:
        folder: the execution's log folder, `<home>/logs/<execution>`.
        address: `scope/step#visit.attempt`.
    """
    name = "".join(letter if _PLAIN.match(letter) else _SAFE.get(letter, f"%{ord(letter):x}%") for letter in address)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}={hashlib.sha256(address.encode()).hexdigest()[:16]}"
    return folder / f"{name}.log"


class StepLog:
    """The log of one attempt; fulfils `treadle_hookspecs.Log`. Any thread may write.

    The file is created by the first line, readable by the user alone. Once it holds half of `limit`, later output waits
    in memory, where the newest displaces the oldest, until `close` writes it after a note of what was left out. What
    comes after `close` is dropped: only an action that was given up writes then.

    Args:
        path: the file, see `log_path`. Lines are added to one that is there.
        masker: what must not be written.
        limit: bytes.
    """

    def __init__(self, path: Path, masker: Masker, limit: int = DEFAULT_LIMIT) -> None:
        self.path = path
        self.failure: OSError | None = None
        """Why nothing more is written: a full disk, mostly. The step goes on without its log."""
        self.masker = masker
        self._head_left = limit // 2
        self._overflow = Overflow(limit - limit // 2)
        self._outputs: dict[Stream, Output] = {}
        self._file: int | None = None
        self._closed = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def debug(self, message: str) -> None:
        """A line `debug: …`."""
        self._say(f"debug: {message}")

    def info(self, message: str) -> None:
        """A line of its own, or several."""
        self._say(message)

    def warning(self, message: str) -> None:
        """A line `warning: …`."""
        self._say(f"warning: {message}")

    def error(self, message: str) -> None:
        """A line `error: …`."""
        self._say(f"error: {message}")

    def _say(self, message: str) -> None:
        self.write("log", f"{message}\n".encode("utf-8", "replace"))

    def write(self, stream: Stream, data: bytes) -> None:
        """Add output as it comes, in chunks of any size."""
        with self._lock:
            if not self._closed:
                output = self._outputs.get(stream) or self._outputs.setdefault(stream, Output(stream, self.masker))
                for at in range(0, len(data), _SLICE):
                    self._take(output, data[at : at + _SLICE])

    def close(self) -> None:
        """Write what is still held. Closing twice is harmless."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._finish()

    def _take(self, output: Output, data: bytes) -> None:
        if self._head_left <= 0:
            self._overflow.add(output, data)
            return
        self._head_left -= cost(data)
        self._append(output.lines(data))

    def _finish(self) -> None:
        chunks = self._overflow.take()
        cut = [output for output in self._outputs.values() if output.left_out]
        self._append("".join(output.interrupt() for output in cut))
        tail = [output.lines(data) for output, data in chunks]
        tail += [output.rest() for output in self._outputs.values()]
        for output in cut:
            self._append(f"{stamp()} log|… {output.left_out} bytes of {output.stream} are left out here …\n")
        for lines in tail:
            self._append(lines)
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, lines: str) -> None:
        if not lines or self.failure is not None:
            return
        try:
            self._write(memoryview(lines.encode("utf-8", "replace")))
        except OSError as error:
            self.failure = error

    def _write(self, content: memoryview) -> None:
        if self._file is None:
            self._file = self._open()
        while content:
            content = content[os.write(self._file, content) :]

    def _open(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        no_links: int = getattr(os, "O_NOFOLLOW", 0)
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | no_links, 0o600)


def read_log(path: Path) -> Iterator[LogEntry]:
    """The lines of a log, oldest first; none when the attempt wrote nothing."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        yield from _entries(file)


def tail_log(path: Path, lines: int = 20) -> list[LogEntry]:
    """The last lines of a log, read from its end."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_WINDOW))
        window = file.read()
    text = window if size <= _TAIL_WINDOW else window[window.find(b"\n") + 1 :]
    return list(_entries(iter(text.decode("utf-8", "replace").split("\n"))))[-lines:]


def _entries(lines: Iterator[str]) -> Iterator[LogEntry]:
    pieces: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        if match := _LINE.fullmatch(line):
            stream, separator, text = match[1], match[2], match[3]
            pieces[stream].append(text.removesuffix("\n"))
            if separator == "|":
                yield LogEntry(stream, "".join(pieces.pop(stream)))
    for stream, unfinished in pieces.items():
        yield LogEntry(stream, "".join(unfinished))


class DiagnosticSettings(Protocol):
    """What `configure_diagnostics` needs of the settings."""

    @property
    def home(self) -> Path:
        """The state folder."""

    @property
    def log_level(self) -> str:
        """`DEBUG`, `INFO`, `WARNING` or `ERROR`, in any case."""


def configure_diagnostics(settings: DiagnosticSettings, masker: Masker | None = None) -> Callable[[], None]:
    """Send treadle's own diagnostics (loguru) to `<home>/treadle.log`, and to nowhere else.

    The file is rotated at 5 MB, three old ones are kept. Returns a function that ends it.
    """
    from loguru import logger

    guard = masker or Masker()

    def render(record: "Record") -> str:
        record["extra"]["text"] = guard.mask(record["message"])
        # Without values of variables: they may be secrets that no masker knows.
        record["extra"]["trace"] = guard.mask(_trace(record))
        return "{time:YYYY-MM-DDTHH:mm:ss.SSSZ} {level} {name}:{line} {extra[text]}\n{extra[trace]}"

    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    logger.remove()
    sink = logger.add(
        settings.home / "treadle.log",
        level=settings.log_level.upper(),
        format=render,
        rotation="5 MB",
        retention=3,
        opener=lambda path, flags: os.open(path, flags, 0o600),
    )
    return lambda: logger.remove(sink)


def _trace(record: "Record") -> str:
    import traceback

    error = record["exception"]
    if error is None or error.value is None:
        return ""
    return "".join(traceback.format_exception(error.type, error.value, error.traceback))
