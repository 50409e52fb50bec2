"""What a runtime plugin is handed, and what the class that it names must offer.

The runtime `local` is the core's own and drives executions in the process that was asked. Any other one is given an
execution to begin and drives it elsewhere, by hosting the decider (`treadle_engine`, which a runtime may import) and
having attempts performed by workers. Its log is the truth; the state store of whoever started it keeps what was seen of
it. Stimuli, commands and plans are in the JSON forms of `treadle_engine.exchange` and `treadle_engine.plan`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from treadle_hookspecs._events import Event
from treadle_hookspecs._json import JsonObject


class Blobs(Protocol):
    """Content by its SHA-256 in hex, shared by all who start executions and all who work on them."""

    def put(self, content: bytes) -> str:
        """Keep content, durable on return; its hash."""

    def get(self, hash: str) -> bytes:
        """What was kept. Raises `TreadleError` that names where it was looked for."""


class RuntimeHost(Protocol):
    """The core, as a runtime sees it."""

    @property
    def options(self) -> JsonObject:
        """The settings of the sections `workspace` and the runtime's name, what a command line says laid over them."""

    @property
    def blobs(self) -> Blobs:
        """Where content is kept that is too large to be sent."""

    @property
    def threshold(self) -> int:
        """Bytes above which content is to be kept apart."""

    def seal(self, content: bytes) -> bytes:
        """Encrypt with the user's key. Raises `TreadleError` when there is none to be had."""

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt. Raises `TreadleError` when it was sealed with another key."""


class Performer(Protocol):
    """Performs what the decider commands, in the process of a worker."""

    @property
    def name(self) -> str:
        """The worker's own: the same whenever it is started for this folder and state, no other worker's."""

    async def take(self, task: JsonObject) -> str:
        """An execution belongs to this worker from now on.

        Args:
            task: `execution`, `keeps` (its files are kept for other workers), and `tree`: the files as they were kept
                last where it was before, "" for an execution that begins. They are put into a folder of its own here.

        Returns:
            Its files, kept; "" where they are not.
        """

    async def perform(self, task: JsonObject, *, leaving: Callable[[], bool]) -> JsonObject:
        """Carry out a command to its end.

        Args:
            task: `execution`, `workflow`, `version`, `origin`, `plan` (its hash; the blobs have it), `keeps` (its files
                are kept for other workers) and `command`.
            leaving: asked when the work was cancelled: True when that was because this process ends.

        Returns:
            The stimulus that follows: `AttemptEnded`, `CompensationEnded`; or `AttemptLost` when nobody can say how it
            ended, or a person has to act first. Under `log` it has what the attempt printed, `{ADDRESS: HASH}`,
            and under `tree` the files as they are then, kept.
        """


class RuntimeBackend(Protocol):
    """The class that a `Runtime` names, built with a `RuntimeHost`. Provisional.

    Methods are synchronous, may wait for the network, and raise `TreadleError`. A *location* is JSON data that finds an
    execution again: its first event has it, so that everything else is found without options.
    """

    def location(self, execution: str) -> JsonObject:
        """Where an execution that is begun now will live."""

    def refusals(self, plan: JsonObject) -> Sequence[str]:
        """What of a plan cannot be done here, a sentence each; such a plan is not begun."""

    def begin(self, location: JsonObject, beginning: JsonObject) -> None:
        """Begin an execution, or go on with one that has ended; once, however often it is asked.

        `beginning` holds `execution`, `workflow`, `version`, `origin`, `plan`, `plan_hash`, `state` (folded, as
        `State.dump` gives it, or null for a new one) and `stimuli`, which come first.
        """

    def tell(self, location: JsonObject, stimuli: Sequence[JsonObject]) -> None:
        """Say something to an execution, durable on return. Each has a `token`: what was heard once is not heard again.

        Raises:
            TreadleError: nothing is there, or it has ended (exit code 5).
        """

    def heard(self, location: JsonObject, tokens: Collection[str]) -> bool:
        """All that was told with these tokens has been answered, or will never be."""

    def events(self, location: JsonObject, after: int) -> Sequence[Event]:
        """Its log, events with `seq > after`, in order."""

    def logs(self, location: JsonObject) -> Mapping[str, str]:
        """What attempts that have ended printed: hashes of the blobs by address, `scope/step#visit.attempt`."""

    def attended(self, location: JsonObject) -> bool:
        """Some worker is there that could drive it."""

    def work(self, performer: Performer, stopped: Callable[[], bool]) -> None:
        """Drive and perform until `stopped` says so; what runs then is given the time that the settings leave it."""

    def close(self) -> None:
        """Let go of connections."""
