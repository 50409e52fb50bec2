"""Pausing the garbage collector where much is made and nothing of it is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection while inside.

    Folding a long log makes objects that all stay. The collector would look through them again and again, which takes
    half as long as all the rest of a recovery.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
