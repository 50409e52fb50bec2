"""What of a plan bounds what runs: places in groups, what processes may use, and what need not run again."""

from dataclasses import dataclass
from typing import Literal

from treadle_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Concurrency:
    """A group in which a place is needed; groups are those of the whole state store.

    Args:
        group: its name, a text that may hold expressions.
        limit: places that it has.
        on_conflict: when none is free: wait for one; or cancel who had one first; or fail.
        inner: it is of the workflow that the step runs: its name is evaluated over what that begins with.
    """

    group: Json
    limit: int = 1
    on_conflict: Literal["queue", "cancel", "reject"] = "queue"
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What the processes of one attempt may use together; 0 stands for any amount.

    Args:
        memory: bytes resident at one time.
        cpu: seconds of processor time.
        disk: bytes by which the files below the execution's root and the visit's scratch folder may grow.
        output: bytes printed, and bytes of the outputs as JSON.
    """

    memory: int = 0
    cpu: float = 0.0
    disk: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Cache:
    """What makes two attempts of a step the same, beside action, inputs and environment, and what one leaves.

    Args:
        files: patterns below the root; the content of the files that match belongs to the key.
        env: names of variables whose values belong to the key.
        produces: patterns of files that a success leaves and a reuse puts in place.
        ttl: seconds that a result is good for; None: for good.
    """

    files: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    ttl: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What an execution, or a step, may use before it waits for more; None: any amount.

    Args:
        time: seconds that its attempts take together.
        money: in the currency in which actions report it.
        tokens: of models.
        visits: that start.
    """

    time: float | None = None
    money: float | None = None
    tokens: int | None = None
    visits: int | None = None
