"""What to do about a transaction that its process did not end, and the undo of one that it did."""

from typing import Final, Literal

from treadle_hookspecs import TreadleError

from treadle.workspace.journal._apply import Applying
from treadle.workspace.journal._home import Home
from treadle.workspace.journal._plan import Plan
from treadle.workspace.journal._record import GONE, Phase, Record
from treadle.workspace.journal._results import Found, Recovered, Undone
from treadle.workspace.journal._undo import Undoing
from treadle.workspace.journal.states import ABSENT

Mode = Literal["undo", "redo", "report"]

_FOUND: Final[dict[Phase, Found]] = {
    "applying": "unfinished",
    "rolling-back": "undoing",
    "rolled-back": "undone",
    "committed": "committed",
}


def recover(home: Home, key: str, mode: Mode) -> Recovered:
    """Bring one transaction folder to an end. What cannot be read is left and told."""
    if key.endswith(GONE):
        return _removed(home, key, key.removesuffix(GONE), "ended", mode)
    try:
        phase = home.phase(key)
        if phase is None:
            return _removed(home, key, key, "abandoned", mode)
        with home.record("txn", key) as record:
            return _continued(home, record, record.plan(), phase, mode)
    except (TreadleError, OSError) as error:
        return Recovered(key, "unfinished", "none", problem=str(error))


def undo(home: Home, record: Record, plan: Plan) -> Undone:
    """Undo an open transaction, whatever its phase; it is removed afterwards if nothing failed."""
    committed = record.written() if record.phase() == "committed" else None
    if record.phase() != "rolling-back":
        record.set_phase("rolling-back")
    undone = Undoing(home.folders, record, plan, home.rescue(record.name), committed=committed).run()
    if undone.complete:
        record.set_phase("rolled-back")
        home.remove(record.name)
    return undone


def save_strangers(home: Home, record: Record, plan: Plan) -> None:
    """Before captured originals are deleted: what somebody wrote into one through a file that was open is kept."""
    for operation in plan.operations:
        if record.captured(operation.slot) not in (ABSENT, operation.pre):
            home.rescue(record.name).keep((record.old, operation.slot), operation.parts)


def _continued(home: Home, record: Record, plan: Plan, phase: Phase, mode: Mode) -> Recovered:
    found = _FOUND[phase]
    if mode == "report":
        return Recovered(plan.id, found, "none")
    if phase == "rolled-back":
        return _removed(home, record.name, plan.id, found, mode)
    if phase == "committed":
        home.move(record.name, "txn", "history")
        return Recovered(plan.id, found, "finished")
    return _resumed(home, record, plan, phase, mode)


def _resumed(home: Home, record: Record, plan: Plan, phase: Phase, mode: Mode) -> Recovered:
    problem = ""
    if mode == "redo":
        try:
            _redo(home, record, plan, phase)
        except (TreadleError, OSError) as error:
            problem = str(error)
        else:
            home.move(record.name, "txn", "history")
            return Recovered(plan.id, _FOUND[phase], "redone")
    return Recovered(plan.id, _FOUND[phase], "undone", undo(home, record, plan), problem)


def _redo(home: Home, record: Record, plan: Plan, phase: Phase) -> None:
    """From step 3 up to the commit."""
    if phase != "applying":
        record.set_phase("applying")
    applying = Applying(home.folders, record, plan, again=True)
    applying.run()
    applying.sync()
    record.set_phase("committed")


def _removed(home: Home, key: str, id: str, found: Found, mode: Mode) -> Recovered:
    if mode == "report":
        return Recovered(id, found, "none")
    home.remove(key)
    return Recovered(id, found, "deleted")
