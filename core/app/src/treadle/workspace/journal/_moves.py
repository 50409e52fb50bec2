"""Moving an entry between the project and the journal without ever writing over anything."""

import errno
import os
import stat
from typing import Final

from treadle.workspace.journal._folders import is_empty
from treadle.workspace.journal._os import Calls

Place = tuple[int, str]
"""A folder's descriptor and a name in it."""

_NOT_OFFERED: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
_NO_LINKS: Final = (errno.EPERM, errno.EMLINK, *_NOT_OFFERED)


def take(calls: Calls, source: Place, slot: Place) -> None:
    """Move an entry of the project into the journal. Raises `FileExistsError` when the slot is in use.

    The slot lies in a folder that only the journal uses: nothing can come into it between the look and the move.
    """
    if exists(calls, slot):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), slot[1])
    calls.rename(source[1], source[0], slot[1], slot[0])


def take_folder(calls: Calls, source: Place, slot: Place, mode: int) -> None:
    """As `take`, for an empty folder; also `FileExistsError` when it turns out to hold something.

    In a container a folder of the image cannot be renamed: one like it is made in the slot, and it is removed.
    """
    try:
        take(calls, source, slot)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        calls.mkdir(slot[1], slot[0])
        set_mode(calls, *slot, mode)
        try:
            calls.rmdir(source[1], source[0])
        except OSError as refusal:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source[1]) from refusal


def drop_stand_in(calls: Calls, slot: Place, source: Place, mode: int) -> bool:
    """Remove the folder in the slot if the one that it was to stand for is still in its place; True if it was so."""
    try:
        facts = calls.stat(source[1], source[0])
        standing = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == mode
        if not (standing and stat.S_ISDIR(calls.stat(slot[1], slot[0]).st_mode) and is_empty(calls, *slot)):
            return False
    except FileNotFoundError:
        return False
    calls.rmdir(slot[1], slot[0])
    return True


def put(calls: Calls, slot: Place, target: Place) -> None:
    """Move an entry of the journal into the project. Raises `FileExistsError` when something stands there.

    One call where the system can rename without replacing. Otherwise a second name and then the first one's removal:
    `drop_second_name` clears up when the process is killed between the two. A folder, and anything on a file system
    without hard links, is renamed after a look; what is put there in that moment by somebody else is lost only if it
    is an empty folder in the place of a folder, or anything where there is neither kind of call.
    """
    try:
        calls.rename_exclusively(slot[1], slot[0], target[1], target[0])
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        _put_by_link(calls, slot, target)


def drop_second_name(calls: Calls, slot: Place, target: Place) -> bool:
    """Remove the journal's name for what has arrived in the project already; True if it was so."""
    try:
        if not os.path.samestat(calls.stat(slot[1], slot[0]), calls.stat(target[1], target[0])):
            return False
    except OSError:
        return False
    calls.unlink(slot[1], slot[0])
    return True


def set_mode(calls: Calls, folder: int, name: str, mode: int) -> None:
    """Give a folder another mode."""
    descriptor = calls.open(name, folder, directory=True)
    try:
        calls.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def exists(calls: Calls, place: Place) -> bool:
    """Something stands there, be it a link that leads nowhere."""
    try:
        calls.stat(place[1], place[0])
    except FileNotFoundError:
        return False
    return True


def _put_by_link(calls: Calls, slot: Place, target: Place) -> None:
    try:
        calls.link(slot[1], slot[0], target[1], target[0])
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        calls.unlink(slot[1], slot[0])
        return
    if exists(calls, target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target[1])
    calls.rename(slot[1], slot[0], target[1], target[0])
