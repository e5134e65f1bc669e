"""The file of a ledger: its tables, and one writer a process that shares the wait for the disk."""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from streetview_assets.errors import BudgetSpentError

WAIT_S = 60.0

_SCHEMA = """
create table if not exists requests (
    reservation integer primary key,
    image_id text not null,
    provider text not null,
    authority_code text not null,
    reserved_at text not null,
    month text not null,
    process text not null,
    cost_microusd integer not null,
    outcome text not null default 'reserved',
    settled_at text
);
create index if not exists open_requests on requests (image_id) where outcome = 'reserved';
create table if not exists totals (
    provider text not null,
    month text not null,
    request_count integer not null,
    cost_microusd integer not null,
    primary key (provider, month)
);
create table if not exists deleted_pictures (image_id text primary key, deleted_at text not null);
"""

Result = TypeVar("Result")
Entry = Callable[[sqlite3.Connection], Result]


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger that is there, to read what is in it at this moment."""
    with closing(_open(path)) as connection:
        yield connection


def write(path: Path, entry: Entry[Result], *, safely: bool) -> Result:
    """Make an entry in a transaction that no other process can come between.

    Parameters
    ----------
    path
        The ledger's file; it is made where it is not there.
    entry
        Reads and writes through the connection. It may raise `BudgetSpentError`, before it has
        written anything.
    safely
        Whether the entry must be on the disk when this returns, and so outlive a power cut. Without
        it, the entry outlives its process, however that ends, and reaches the disk with the next.

    Returns
    -------
    object
        What `entry` returns.
    """
    # A process made by fork must not use the connection of its parent.
    writer = _writers.setdefault((os.getpid(), path), _Writer(path))
    return writer.write(entry, safely)


class _Writer:
    """Makes the entries of all threads of a process, those that wait together in one transaction.

    A disk confirms some hundreds of transactions a second, which is as many as pictures come. Each
    thread leaves its entry; the one that gets the lock makes all that were left, and waits for the
    disk once. It also keeps threads from waiting for one another in SQLite, which sleeps longer and
    longer between its looks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._left: deque[tuple[Entry[Any], bool, Future[Any]]] = deque()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def write(self, entry: Entry[Result], safely: bool) -> Result:
        made: Future[Result] = Future()
        self._left.append((entry, safely, made))
        with self._lock:
            if not made.done():
                self._make_all()
        return made.result()

    def _make_all(self) -> None:
        entries = [self._left.popleft() for _ in range(len(self._left))]
        safely = any(safely for _, safely, _ in entries)
        try:
            results = self._in_one_transaction([entry for entry, _, _ in entries], safely)
        except BaseException as error:
            for _, _, made in entries:
                made.set_exception(error)
            raise
        for (_, _, made), result in zip(entries, results, strict=True):
            if isinstance(result, BudgetSpentError):
                made.set_exception(result)
            else:
                made.set_result(result)

    def _in_one_transaction(self, entries: list[Entry[Any]], safely: bool) -> list[Any]:
        connection = self._connected()
        connection.execute(f"pragma synchronous = {'full' if safely else 'normal'}")
        connection.execute("begin immediate")
        try:
            results = [_result(entry, connection) for entry in entries]
            connection.execute("commit")
        except BaseException:
            # A full disk makes SQLite end the transaction by itself.
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        return results

    def _connected(self) -> sqlite3.Connection:
        """Give the connection; a new one where the file was deleted or another is in its place."""
        if self._connection is None or _identity(self.path) != self._file:
            if self._connection is not None:
                self._connection.close()
            self._connection = _open(self.path)
            self._file = _identity(self.path)
        return self._connection


_writers: dict[tuple[int, Path], _Writer] = {}


def _result(entry: Entry[Any], connection: sqlite3.Connection) -> Any:
    """Make one of several entries: a budget that is spent for one may do for another."""
    try:
        return entry(connection)
    except BudgetSpentError as refused:
        return refused


def _identity(path: Path) -> tuple[int, int] | None:
    if not path.exists():
        return None
    found = path.stat()
    return found.st_dev, found.st_ino


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The writer's lock keeps threads apart.
    connection = sqlite3.connect(
        path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
    )
    # Two processes that make the file at the same time would find it locked or half made.
    with FileLock(path.with_name(f".{path.name}.lock")):
        connection.execute("pragma journal_mode = wal")
        connection.executescript(_SCHEMA)
    return connection
