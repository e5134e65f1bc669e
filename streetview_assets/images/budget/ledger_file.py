"""The file of a ledger: its tables, and one writer a process."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from streetview_assets.errors import LedgerError
from streetview_assets.lake.file_system import network_file_system
from streetview_assets.lake.locks import SAY_AFTER_S, held, say_who_holds, waiting_for

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
create table if not exists deleted_images (image_id text primary key, deleted_at text not null);
"""

Result = TypeVar("Result")
Entry = Callable[[sqlite3.Connection], Result]


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger that is there, to read what is in it at this moment."""
    with _said_of(path), closing(_open(path)) as connection:
        yield connection


def write(path: Path, entry: Entry[Result], *, safely: bool) -> Result:
    """Make an entry in a transaction that no other process can come between.

    Parameters
    ----------
    path
        The ledger's file; it is made where it is not there.
    entry
        Reads and writes through the connection; where it raises, nothing was written.
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
    with _said_of(path):
        return writer.write(entry, safely)


def put_down(path: Path) -> None:
    """Bring all entries into the file itself and let go of it, where this process wrote into it.

    What is left in the file beside it (``-wal``) is lost by whoever copies the one without the
    other. Another process that has it open now brings the rest in when it puts it down.
    """
    writer = _writers.pop((os.getpid(), path), None)
    if writer is not None:
        with _said_of(path):
            writer.close()


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    """Whatever SQLite or the disk has against a ledger is said with its name and a remedy."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(
            f"{path}: the ledger cannot be used: {error}. See to it that its disk has room and can "
            "be written to; a damaged file is replaced by a copy of it or moved aside. Then "
            "`streetview ledger STUDY` says whether it knows all that was bought, and `--adopt` "
            "enters what it does not."
        ) from error


class _Writer:
    """Makes the entries of a process; SQLite sleeps longer and longer where its threads meet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def write(self, entry: Entry[Result], safely: bool) -> Result:
        with self._lock:
            connection = self._connected()
            connection.execute(f"pragma synchronous = {'full' if safely else 'normal'}")
            _begin(connection, self.path)
            try:
                result = entry(connection)
                connection.execute("commit")
            except BaseException:
                # A full disk makes SQLite end the transaction by itself.
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
            return result

    def close(self) -> None:
        with self._lock:
            if self._connection is None:
                return
            connection, self._connection = self._connection, None
            with closing(connection):
                # Who writes at this moment brings the rest in later: nobody waits for them.
                connection.execute("pragma busy_timeout = 0")
                connection.execute("pragma wal_checkpoint(truncate)")

    def _connected(self) -> sqlite3.Connection:
        """Give the connection; a new one where the file was deleted or another is in its place."""
        if self._connection is None or _identity(self.path) != self._file:
            if self._connection is not None:
                self._connection.close()
            _refuse_broken_locks(self.path)
            self._connection = _open(self.path)
            self._file = _identity(self.path)
        return self._connection


_writers: dict[tuple[int, Path], _Writer] = {}


def _identity(path: Path) -> tuple[int, int] | None:
    if not path.exists():
        return None
    found = path.stat()
    return found.st_dev, found.st_ino


def _begin(connection: sqlite3.Connection, path: Path) -> None:
    """Begin to write, when no other process does.

    Raises
    ------
    LedgerError
        Where another one does not come to its end.
    """
    for patience_s, speak in ((SAY_AFTER_S, say_who_holds), (WAIT_S, _give_up)):
        connection.execute(f"pragma busy_timeout = {patience_s * 1000:.0f}")
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError as busy:
            if busy.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            speak(path, path.with_name(f"{path.name}-shm"))
        else:
            return


def _give_up(path: Path, *beside: Path) -> None:
    raise LedgerError(f"gave up {waiting_for(path, *beside)}. What is done is kept; run again.")


def _refuse_broken_locks(path: Path) -> None:
    """Refuse to count money where two machines could count it at once without knowing.

    Raises
    ------
    LedgerError
        Where the ledger lies on a file system of the network.
    """
    if kind := network_file_system(path.parent):
        raise LedgerError(
            f"{path}: the ledger lies on a network file system ({kind}), where locks between "
            "machines cannot be relied upon, and money could be counted twice or not at all. Set "
            "STREETVIEW_LEDGER to a folder on a disk of the one machine that buys images; a ledger "
            "that is there already has to be moved to <that folder>/<study name>/"
        )


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The writer's lock keeps threads apart.
    connection = sqlite3.connect(
        path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
    )
    # Two processes that make the file at the same time would find it locked or half made.
    with held(path.with_name(f".{path.name}.lock")):
        connection.execute("pragma journal_mode = wal")
        connection.executescript(_SCHEMA)
    return connection
