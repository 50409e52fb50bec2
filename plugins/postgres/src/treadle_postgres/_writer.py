"""The one session that writes. A commit whose answer was lost is looked up, never repeated blindly."""

import select
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import psycopg
from treadle_hookspecs import TreadleError

from treadle_postgres._errors import is_lost, storage_error
from treadle_postgres._session import Session

T = TypeVar("T")

Statement: TypeAlias = tuple[str, Sequence[object]]


class Writer(Session):
    """Transactions: whole or not at all, once, durable on return."""

    def pipeline(self, statements: Sequence[Statement], landed: Callable[[psycopg.Connection], bool]) -> None:
        """Send a transaction in one go and wait once.

        Args:
            statements: none of them depends on what another one gives.
            landed: tells by what stands in the tables whether the transaction was committed.

        Raises:
            psycopg.Error: the server has refused it. Nothing was written.
            TreadleError: the server cannot be reached any more (exit code 6).
        """
        with self:
            deadline, lost = self.deadline(), False
            while True:
                connection = self.connected("write", deadline)
                try:
                    if lost and landed(connection):
                        return
                    _send(connection, statements)
                except psycopg.Error as error:
                    lost = lost or is_lost(connection, error)
                    if not self.may_go_on(connection, error, deadline):
                        if is_lost(connection, error):
                            raise storage_error(self.location, "write", error) from error
                        if lost and landed(self.connected("write", deadline)):
                            return
                        raise
                else:
                    return

    def transact(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Commit what `work` writes; what it gave. It may be done again, if nothing of it was committed.

        Raises:
            TreadleError: the storage failed (exit code 6). Nothing was written.
        """
        with self:
            deadline = self.deadline()
            while True:
                connection, number = self.connected("write", deadline), ""
                try:
                    connection.execute("BEGIN")
                    number = _number(connection)
                    result = work(connection)
                    connection.execute("COMMIT")
                except psycopg.Error as error:
                    if not self.may_go_on(connection, error, deadline):
                        raise storage_error(self.location, "write", error) from error
                    if number and self._was_committed(number, deadline):
                        return result
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                else:
                    return result

    def _was_committed(self, number: str, deadline: float) -> bool:
        """Ask for a transaction by its number. The session that it ran in has ended: `on_return` saw to that."""
        while True:
            connection = self.connected("write", deadline)
            try:
                row = connection.execute("SELECT pg_xact_status(%s::xid8)", (number,)).fetchone()
            except psycopg.Error as error:
                if not self.may_go_on(connection, error, deadline):
                    raise storage_error(self.location, "write", error) from error
            else:
                return row is not None and row[0] == "committed"

    def mend(self) -> None:
        """Look whether the server has ended the session, and come back at once: its claims have gone with it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._open and (self._connection is None or _has_ended(self._connection)):
                self.drop()
                self.connected("write", self.deadline())
        except TreadleError:
            self.drop()  # whoever writes next tries again, and reports it
        finally:
            self._lock.release()


def _send(connection: psycopg.Connection, statements: Sequence[Statement]) -> None:
    with connection.pipeline():
        connection.execute("BEGIN")
        for statement, parameters in statements:
            connection.execute(statement, parameters, prepare=True)
        connection.execute("COMMIT")


def _number(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
    return str(row[0]) if row else ""


def _has_ended(connection: psycopg.Connection) -> bool:
    """The server has said something that nobody asked for: that is how it ends a session."""
    try:
        if not select.select([connection.fileno()], [], [], 0)[0]:
            return False
        connection.pgconn.consume_input()
    except (psycopg.Error, OSError, ValueError):
        return True
    return connection.closed
