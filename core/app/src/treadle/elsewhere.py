"""Executions that another runtime drives. The store keeps what was seen of them: every reader finds them there."""

import asyncio
import math
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from treadle_engine.decide import DECIDER_VERSION, decide
from treadle_engine.exchange import stimulus_to_json
from treadle_engine.plan import Plan, plan_to_json
from treadle_engine.protocol import Start, Stimulus
from treadle_engine.state import State
from treadle_hookspecs import (
    Append,
    AuditEntry,
    Claim,
    Event,
    ExecutionRow,
    ExitCode,
    Json,
    JsonObject,
    RuntimeBackend,
    SequenceError,
    StoreBackend,
    TreadleError,
)

from treadle.modes import LOCAL, RuntimeChoice
from treadle.runtime.blobs import FolderBlobs
from treadle.runtime.clock import new_id, now
from treadle.runtime.codec import Codec
from treadle.runtime.heard import heard
from treadle.runtime.logs import log_path
from treadle.runtime.making import codec_of, header_of, new_row
from treadle.runtime.mirror import Mirror
from treadle.runtime.spoken import Addressed, Spoken
from treadle.secrets import Masker, Vault

if TYPE_CHECKING:
    from treadle.records import Records
    from treadle.runtime.launch import Launch
    from treadle.settings import Settings

Told = Callable[[Sequence[Event]], None]
"""Told of events that were seen for the first time."""

_TURN: Final = 0.05
"""Seconds until another process that keeps events of the same execution is asked again."""
_TRIES: Final = 200
_SHORTEST_LOOK: Final = 0.02
_LONGEST_LOOK: Final = 0.5
"""Seconds between two looks at an execution that is followed."""
_QUIET: Final = 4.0
"""Seconds without an event after which it is worth asking whether anybody works on it."""


@dataclass(frozen=True, slots=True)
class CoreHost:
    """Fulfils `treadle_hookspecs.RuntimeHost`."""

    options: JsonObject
    blobs: FolderBlobs
    threshold: int
    vault: Vault

    def seal(self, content: bytes) -> bytes:
        """Encrypt with the user's key."""
        return self.vault.seal(content, "runtime").encode("ascii")

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt."""
        return self.vault.unseal(sealed.decode("ascii"), "runtime")


def blobs_of(settings: "Settings") -> FolderBlobs:
    """The content that is shared with other machines."""
    return FolderBlobs(Path(settings.blobs).expanduser() if settings.blobs else settings.home / "blobs")


class Elsewhere:
    """One project's.

    Args:
        records: give the store, the settings and the plugins.
        warn: told of what cannot be known just now.
        say: told what a person should do meanwhile.
    """

    def __init__(self, records: "Records", warn: Callable[[str], None], say: Callable[[str], None]) -> None:
        self._records = records
        self._warn = warn
        self._say = say
        self._backends: dict[RuntimeChoice, RuntimeBackend] = {}
        self._mirrors: dict[str, Mirror] = {}
        self._unheard: set[str] = set()

    def close(self) -> None:
        """Let go of connections."""
        for backend in self._backends.values():
            backend.close()
        self._backends.clear()

    def backend(self, choice: RuntimeChoice) -> RuntimeBackend:
        """A runtime by name. Raises `TreadleError` for one that nobody offers, and for `local`."""
        if choice.name == LOCAL:
            raise TreadleError("the runtime `local` needs no worker of its own", suggestions=("treadle worker",))
        found = self._backends.get(choice)
        if found is None:
            settings = self._records.settings
            vault = Vault(self._records.home, os.environ, settings.secrets.key_source)
            options = {**settings.section("workspace"), **settings.section(choice.name), **dict(choice.options)}
            host = CoreHost(options, blobs_of(settings), settings.payload_threshold, vault)
            found = self._backends[choice] = self._records.plugins.runtime(choice.name)(host)
        return found

    # Beginning

    def begin(self, launch: "Launch", choice: RuntimeChoice, told: Told) -> ExecutionRow:
        """Begin an execution there. Its first event is written here before anything is sent.

        Raises:
            TreadleError: the plan needs what that runtime cannot do (exit code 2), or it cannot be reached.
        """
        backend, id_ = self.backend(choice), new_id()
        location: dict[str, Json] = {"runtime": choice.name, **backend.location(id_)}
        _refuse(backend.refusals(plan_to_json(launch.plan)), launch.plan, choice.name)
        codec = self._codec()
        content = orjson.dumps(plan_to_json(launch.plan))
        row = new_row(launch, id_, codec.keep(content), codec)
        header = {
            **header_of(launch, row, self._records.settings.host_name),
            "decider": DECIDER_VERSION,
            "runtime": location,
        }
        trigger = {"type": launch.trigger_type, **launch.trigger_data}
        start = Start(now(), launch.inputs, trigger, header, launch.actor)
        for definition in (launch.definition, *launch.definitions):
            self._store.put_definition(definition)
        audit = AuditEntry(now(), launch.actor, "run", id_, {"workflow": launch.plan.name})
        row = self._first(row, launch.plan, start, codec, audit, told)
        self._send(row, backend, location, launch.plan, None, [stimulus_to_json(start)])
        return row

    def _first(
        self, row: ExecutionRow, plan: Plan, start: Start, codec: Codec, audit: AuditEntry, told: Told
    ) -> ExecutionRow:
        """Write the row, the plan, and the event that says where the execution lives."""
        first = decide(State(plan, row.id), start).events[0]

        def write(claim: Claim) -> ExecutionRow:
            opened = Append(row.id, claim.epoch, 0, (), row, payloads=codec.take_payloads(), audit=(audit,))
            self._store.append([opened])
            return self._mirror(row).keep(claim, [first])

        row = self._alone(row, write)
        told([first])
        return row

    def _send(
        self,
        row: ExecutionRow,
        backend: RuntimeBackend,
        location: JsonObject,
        plan: Plan,
        state: State | None,
        stimuli: Sequence[JsonObject],
    ) -> None:
        content = plan_to_json(plan)
        beginning: dict[str, Json] = {
            "execution": row.id,
            "workflow": row.workflow,
            "version": row.version,
            "origin": row.origin,
            "plan": content,
            "plan_hash": blobs_of(self._records.settings).put(orjson.dumps(content)),
            "state": None if state is None else state.dump(),
            "stimuli": list(stimuli),
        }
        backend.begin(location, beginning)

    # Looking

    def fresh(self, row: ExecutionRow, told: Told = lambda _: None) -> ExecutionRow:
        """The row with what has happened since. What cannot be reached is complained of once; the row stays then."""
        try:
            return self.seen(row, told)
        except TreadleError as error:
            self._bear(row, error)
            return row

    def _bear(self, row: ExecutionRow, error: TreadleError) -> None:
        """Complain once of a service that cannot be reached. Anything else is raised."""
        if error.exit_code != ExitCode.STORAGE:
            raise error
        if row.id not in self._unheard:
            self._unheard.add(row.id)
            self._warn(f"execution {row.id} is known as it was last seen: {error.message}")

    def seen(self, row: ExecutionRow, told: Told = lambda _: None) -> ExecutionRow:
        """As `fresh`. Raises `TreadleError` when that runtime cannot be reached."""
        location = self._location(row)

        def keep(claim: Claim) -> ExecutionRow:
            mirror = self._mirror(row)
            events = backend.events(location, mirror.state.last_seq)
            kept = mirror.keep(claim, events)
            told(events)
            return kept

        backend = self._backend_of(location)
        if not backend.events(location, self._mirror(row).state.last_seq):
            return self._store.execution(row.id) or row
        return self._alone(row, keep)

    async def follow(
        self, row: ExecutionRow, told: Told, rests: Callable[[ExecutionRow], bool], tokens: Collection[str] = ()
    ) -> ExecutionRow:
        """Look on until it rests, having heard what has these tokens; the row then.

        A service that is away is waited for.
        """
        location, pause, quiet = self._location(row), _SHORTEST_LOOK, 0.0
        backend = self._backend_of(location)
        while True:
            known = self._mirror(row).state.last_seq
            try:
                tokens = () if await asyncio.to_thread(backend.heard, location, tokens) else tokens
                row = await asyncio.to_thread(self.seen, row, told)
            except TreadleError as error:
                self._bear(row, error)
            if not tokens and rests(row):
                return row
            grown = self._mirror(row).state.last_seq > known
            pause, quiet = (_SHORTEST_LOOK, 0.0) if grown else (min(pause * 1.5, _LONGEST_LOOK), quiet + pause)
            if quiet > _QUIET:
                quiet = -math.inf
                if not await asyncio.to_thread(backend.attended, location):
                    self._say_that_nobody_works(row, location)
                    if tokens:
                        return row
            await asyncio.sleep(pause)

    def _say_that_nobody_works(self, row: ExecutionRow, location: JsonObject) -> None:
        runtime = location["runtime"]
        self._say(f"no worker of the runtime {runtime} takes execution {row.id} on: treadle worker --runtime {runtime}")

    def fetch_logs(self, row: ExecutionRow) -> None:
        """Bring here what its attempts printed where they ran. What cannot be reached is complained of."""
        location = self._location(row)
        folder, blobs = self._records.home / "logs" / row.id, blobs_of(self._records.settings)
        try:
            for address, digest in self._backend_of(location).logs(location).items():
                path = log_path(folder, address)
                if not path.is_file():
                    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    path.write_bytes(blobs.get(digest))
        except TreadleError as error:
            self._bear(row, error)

    # Speaking

    def speak(self, row: ExecutionRow, begin: Callable[[Addressed], None]) -> Collection[str]:
        """Let `begin` say something to it; the tokens of what was said.

        One that has ended there, or was never begun, goes on in a new run. Raises `TreadleError` when it cannot be
        reached.
        """
        row = self.fresh(row)
        self.hear(row)
        mirror = self._mirror(row)
        spoken = Spoken.to(mirror.state)
        begin(spoken)
        said = _with_tokens(spoken.stimuli)
        if not self._tell(row, said):
            said = said if mirror.state.terminal else _with_tokens(spoken.anew())
            location = self._location(row)
            self._send(row, self._backend_of(location), location, mirror.state.plan, mirror.state, said)
        self._keep(row, (), spoken.audit)
        return [str(one["token"]) for one in said]

    def hear(self, row: ExecutionRow) -> Collection[str]:
        """Hand on what lies in its inbox here; the tokens of it. Raises `TreadleError` when it cannot be reached."""
        inbox = self._store.inbox((row.id,))
        if not inbox:
            return ()
        codec = self._mirror(row).codec
        found = [(message, *heard(message, codec)) for message in inbox]
        said = [
            {**stimulus_to_json(stimulus), "token": f"inbox:{message.id}"}
            for message, stimulus, _ in found
            if stimulus is not None
        ]
        told = self._tell(row, said)
        self._keep(row, [message.id for message in inbox], [audit for *_, audit in found if audit is not None])
        return [str(one["token"]) for one in said] if told else ()

    def _tell(self, row: ExecutionRow, said: Sequence[JsonObject]) -> bool:
        """False when nobody is there (any more) who could hear it."""
        location = self._location(row)
        try:
            self._backend_of(location).tell(location, said)
        except TreadleError as error:
            if error.exit_code != ExitCode.CONFLICT:
                raise
            return False
        return True

    # Inside

    @property
    def _store(self) -> StoreBackend:
        return self._records.store

    def _location(self, row: ExecutionRow) -> JsonObject:
        location = self._records.location(row.id)
        if location is None:
            raise TreadleError(f"execution {row.id} is driven by this machine", exit_code=ExitCode.INTERNAL)
        return location

    def _backend_of(self, location: JsonObject) -> RuntimeBackend:
        return self.backend(RuntimeChoice(str(location["runtime"])))

    def _codec(self) -> Codec:
        records = self._records
        return codec_of(records.home, records.settings, records.store, Masker())

    def _mirror(self, row: ExecutionRow) -> Mirror:
        if row.id not in self._mirrors:
            self._mirrors[row.id] = Mirror(self._store, self._store.execution(row.id) or row, self._codec())
        return self._mirrors[row.id]

    def _keep(self, row: ExecutionRow, taken: Sequence[int], audit: Sequence[AuditEntry]) -> None:
        if taken or audit:
            self._alone(row, lambda claim: self._mirror(row).keep(claim, (), taken, audit))

    def _alone(self, row: ExecutionRow, keep: Callable[[Claim], ExecutionRow]) -> ExecutionRow:
        """Write while no other process does; what `keep` gives back. It is called again after another one did."""
        for _ in range(_TRIES):
            claim = self._store.claim(row.id)
            if claim is None:
                self._store.watch(_TURN)
                continue
            try:
                return keep(claim)
            except SequenceError:
                self._mirrors.pop(row.id, None)
            except BaseException:
                self._mirrors.pop(row.id, None)
                raise
            finally:
                claim.release()
        raise TreadleError(f"another process keeps execution {row.id} busy", exit_code=ExitCode.CONFLICT)


def _with_tokens(stimuli: Iterable[Stimulus]) -> list[JsonObject]:
    return [{**stimulus_to_json(one), "token": secrets.token_hex(8)} for one in stimuli]


def _refuse(reasons: Iterable[str], plan: Plan, runtime: str) -> None:
    found = list(reasons)
    if found:
        raise TreadleError(
            f"{plan.name} cannot run on {runtime}: {'; '.join(found)}",
            context={"reasons": found},
            suggestions=(f"treadle run {plan.name} --runtime local",),
        )
