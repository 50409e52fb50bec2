"""The facade's part for what waits: who waits for what, and people's and other programs' answers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, TypedDict, Unpack

from treadle_engine.waits import APPROVED, PUSHED_BACK, REJECTED
from treadle_hookspecs import (
    BusEvent,
    EventListener,
    ExecutionRow,
    ExitCode,
    Json,
    Signal,
    TreadleError,
    TriggerEvent,
    WaitRow,
)

from treadle.driving import Driving
from treadle.open_waits import Waiting, budget_of, slots_of, waiting_of
from treadle.runtime.clock import now
from treadle.status import TERMINAL, Status

_LOOK_AGAIN: Final = 0.2
"""Seconds between two looks whether another process has taken a signal."""


class Told(TypedDict, total=False):
    """What comes with an answer; see `Answering.answer`."""

    step: str
    comment: str
    data: Mapping[str, Json] | None
    by: str
    run: bool
    listener: EventListener | None


class Answering(Driving):
    """What waits, and what ends it."""

    def waiting(self, id: str = "", *, all_roots: bool = False) -> Sequence[Waiting]:
        """What an execution waits for, or all of this project's, or of every project; the oldest wait first."""
        rows = [self.resolve(id)] if id else self._waiting_rows(all_roots=all_roots)
        by_id = {row.id: row for row in rows}
        found: dict[str, list[WaitRow]] = {}
        for wait in self.store.waits(by_id) if by_id else ():
            found.setdefault(wait.execution, []).append(wait)
        listed = [
            each
            for execution, waits in found.items()
            for each in waiting_of(by_id[execution].workflow, waits, self._display)
        ]
        listed += [each for row in rows for each in (*slots_of(self.store, row), *budget_of(self.store, row))]
        return sorted(listed, key=lambda each: each.since or "")

    def _waiting_rows(self, *, all_roots: bool) -> Sequence[ExecutionRow]:
        return [row for row in self.executions(all_roots=all_roots) if row.status not in TERMINAL]

    def approve(self, id: str, **told: Unpack[Told]) -> Status:
        """Approve what an execution asks; see `answer` for the arguments."""
        return self.answer(id, APPROVED, **told)

    async def approve_async(self, id: str, **told: Unpack[Told]) -> Status:
        """As `approve`."""
        return await self.answer_async(id, APPROVED, **told)

    def reject(self, id: str, *, push_back: bool = False, **told: Unpack[Told]) -> Status:
        """Reject what an execution asks, or send it back to the step that the approval names."""
        return self.answer(id, PUSHED_BACK if push_back else REJECTED, **told)

    async def reject_async(self, id: str, *, push_back: bool = False, **told: Unpack[Told]) -> Status:
        """As `reject`."""
        return await self.answer_async(id, PUSHED_BACK if push_back else REJECTED, **told)

    def answer(
        self,
        id: str,
        decision: str = APPROVED,
        *,
        step: str = "",
        comment: str = "",
        data: Mapping[str, Json] | None = None,
        by: str = "",
        run: bool = True,
        listener: EventListener | None = None,
    ) -> Status:
        """Answer an approval, and drive the execution to its next rest unless another process does.

        Args:
            id: of the execution, or a unique prefix.
            decision: `approved`, `rejected` or `pushed_back`.
            step: the address of the step that asks; needed where several do.
            comment: for the log, the outputs and the step that it is pushed back to.
            data: the form's values.
            by: who answers; default: this user.
            run: False leaves the answer in the execution's inbox.
            listener: told of the events.

        Raises:
            TreadleError: nothing asks, or it was answered before (5); this person may not answer (4); the form's values
                do not fit, or it is not clear which step is meant (2).
        """
        return self._sync(
            self.answer_async(id, decision, step=step, comment=comment, data=data, by=by, run=run, listener=listener)
        )

    async def answer_async(
        self,
        id: str,
        decision: str = APPROVED,
        *,
        step: str = "",
        comment: str = "",
        data: Mapping[str, Json] | None = None,
        by: str = "",
        run: bool = True,
        listener: EventListener | None = None,
    ) -> Status:
        """As `answer`."""
        from treadle.runtime.hearing import checked_answer

        row = self._not_ended(id)
        state, codec = self._local().expected(row)
        said = checked_answer(state, decision, step, by or self._actor, data or {}, codec)
        signal = Signal(row.id, "answer", {**said, "comment": comment}, self._actor, now())
        return await self._said(row, signal, run=run, listener=listener)

    def signal(
        self,
        id: str,
        name: str,
        data: Json = None,
        *,
        step: str = "",
        by: str = "",
        run: bool = True,
        listener: EventListener | None = None,
    ) -> Status:
        """Send a signal to an execution; the oldest open wait for it gets it, or a later one. Drives it as `answer`.

        Raises:
            TreadleError: no step of the workflow waits for such a signal (3); the execution has ended (5).
        """
        return self._sync(self.signal_async(id, name, data, step=step, by=by, run=run, listener=listener))

    async def signal_async(
        self,
        id: str,
        name: str,
        data: Json = None,
        *,
        step: str = "",
        by: str = "",
        run: bool = True,
        listener: EventListener | None = None,
    ) -> Status:
        """As `signal`."""
        from treadle.runtime.hearing import checked_signal

        row = self._not_ended(id)
        state, codec = self._local().expected(row)
        said = checked_signal(state, name, data, step, by or self._actor, codec)
        return await self._said(row, Signal(row.id, "signal", said, self._actor, now()), run=run, listener=listener)

    def emit(
        self, name: str, data: Mapping[str, Json] | None = None, *, listener: EventListener | None = None
    ) -> Sequence[Status]:
        """Publish an event: the project's workflows that it triggers run, and its executions that wait for it go on."""
        return self._sync(self.emit_async(name, data, listener=listener))

    async def emit_async(
        self, name: str, data: Mapping[str, Json] | None = None, *, listener: EventListener | None = None
    ) -> Sequence[Status]:
        """As `emit`."""
        self.store.publish(BusEvent(name, dict(data or {}), "", now(), root=str(self._root)))
        with self._listening(listener):
            started = self._dispatcher.offer(TriggerEvent("event", name, dict(data or {})), depth=0)
            woken = self._wake_told()
            await self._dispatcher.finish()
            return [status for task in (*started, *woken) if (status := task.result()) is not None]

    # Inside

    async def _said(self, row: ExecutionRow, signal: Signal, *, run: bool, listener: EventListener | None) -> Status:
        """Put a signal into the inbox, and see that it is heard."""
        (number,) = self.store.send([signal])
        if self.location(row.id) is not None:
            return await self._said_elsewhere(row, number, run=run, listener=listener)
        if not run:
            return self.status(row.id)
        while any(waiting.id == number for waiting in self.store.inbox((row.id,))):
            if self.store.claimed(row.id):
                await asyncio.to_thread(self.store.watch, _LOOK_AGAIN)
            else:
                await self._heard(row, listener)
        self._refuse_if_refused(row, number)
        return self._ended(self.status(row.id))

    async def _said_elsewhere(
        self, row: ExecutionRow, number: int, *, run: bool, listener: EventListener | None
    ) -> Status:
        tokens = await asyncio.to_thread(self.elsewhere.hear, row)
        if not run:
            return self.status(row.id)
        with self._listening(listener):
            status = await self._follow(row, tokens)
        self._refuse_if_refused(row, number)
        return status

    def _refuse_if_refused(self, row: ExecutionRow, number: int) -> None:
        for event in reversed(self.store.read(row.id)):
            if event.type == "signal_received" and event.data.get("signal") == number:
                if event.data.get("refused"):
                    raise TreadleError(
                        f"execution {row.id} did not take it: {event.data['refused']}",
                        exit_code=ExitCode.CONFLICT,
                        suggestions=(f"treadle status {row.id}",),
                    )
                return
        raise TreadleError(
            f"execution {row.id} had ended before it heard of it",
            exit_code=ExitCode.CONFLICT,
            suggestions=(f"treadle status {row.id}",),
        )
