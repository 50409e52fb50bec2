"""Programs that are talked with while they run: lines in, lines out, ended whole like any other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from treadle.runtime._log_lines import Stream
from treadle.runtime.logs import StepLog
from treadle.runtime.processes import Child, start_child

LIMIT: Final = 64_000_000
"""Bytes that one line may have."""


class Talk:
    """`treadle_hookspecs.Talk` with a running program."""

    def __init__(self, child: Child, reader: asyncio.StreamReader) -> None:
        self._child = child
        self._reader = reader

    async def read_line(self) -> bytes:
        """The next line that it prints, with its end; b"" when it prints no more."""
        return await self._reader.readline()

    def write(self, data: bytes) -> None:
        """Send something to its stdin."""
        self._child.send(data)


@asynccontextmanager
async def talking(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], grace: float, log: StepLog
) -> AsyncIterator[Talk]:
    """Start a program; when the block is left all of its processes are ended. Raises as `run_process` does."""
    reader = asyncio.StreamReader(limit=LIMIT)

    def on_output(stream: Stream, data: bytes) -> None:
        if stream == "stdout":
            reader.feed_data(data)
        else:
            log.write(stream, data)

    child = await start_child(argv, cwd=cwd, env=env, on_output=on_output)
    ending = asyncio.ensure_future(child.finish(None, grace))
    ending.add_done_callback(lambda _: reader.feed_eof())
    try:
        yield Talk(child, reader)
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
