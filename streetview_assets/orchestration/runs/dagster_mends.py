"""Five places where Dagster burns time for nothing, mended in this process.

None can be reached through its public interface. `pyproject.toml` pins the one release that is
patched here; the tests fail where a later one has no need of it, or is built otherwise.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage, sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from streetview_assets.lake.atomic_write import written_aside

LOOK_S = 0.1
"""Between two looks at a pool; Dagster itself asks the database once a second, then more rarely."""
ENGINES = 64
"""At most so many are kept, each with a connection: every run has a database of its own."""
SCRIPTS = "streetview_assets: scripts of migration"

_kept: WeakSet[Engine] = WeakSet()
_read_scripts = ScriptDirectory.from_config
_make_database = SqliteEventLogStorage._initdb
_empty: list[bytes] = []
"""The database of a run's events before the first, once it was made."""


def mend_dagster() -> None:
    """Let Dagster wait for a pool asleep, and know again what it knows of its databases.

    A run that waits for a pool goes round in a loop that never sleeps, and takes a core from the
    one that it waits for. Every event is written by an engine of its own, which compiles each
    statement anew: a fifth of the time of a small study; and by a connection of its own, whose
    end writes the log ahead into the database and waits for the disk: a third of it. For the
    database of every run all scripts of migration are imported twice: a tenth of the time of a
    small run; and its tables and indices are made one by one, where a copy of the first will do.
    """
    ScriptDirectory.from_config = _scripts  # type: ignore[method-assign]
    for module in (sqlite_event_log, sqlite_run_storage):
        vars(module)["create_engine"] = _engine
    SqliteEventLogStorage._initdb = _made_or_copied  # type: ignore[method-assign]
    InstanceConcurrencyContext.interval_to_next_pending_claim_check = _interval  # type: ignore[method-assign]


def close_databases() -> None:
    """Close what is kept open."""
    for engine in list(_kept):
        Engine.dispose(engine)


@contextmanager
def closing_databases() -> Iterator[None]:
    """Close them at the end of the block: a folder at rest can be copied and taken away."""
    try:
        yield
    finally:
        close_databases()


def _engine(uri: str, *, poolclass: Any, connect_args: Mapping[str, Any] | None = None) -> Engine:
    return _made(uri, tuple((connect_args or {}).items()))


@lru_cache(maxsize=ENGINES)
def _made(uri: str, connect_args: tuple[tuple[str, Any], ...]) -> Engine:
    """Keep an engine with one connection, whatever thread asks; more only where two ask at once."""
    options = {**dict(connect_args), "check_same_thread": False}
    engine = create_engine(
        uri, poolclass=QueuePool, pool_size=1, max_overflow=-1, connect_args=options
    )
    path = str(engine.url.database)
    event.listen(engine, "connect", partial(_spare_the_disk, path))
    event.listen(engine, "checkout", partial(_is_still_there, path))
    # Dagster disposes of an engine after each event.
    vars(engine)["dispose"] = lambda close=True: None
    _kept.add(engine)
    return engine


def _spare_the_disk(path: str, connection: Any, record: Any) -> None:
    """Let a power cut cost the last events, as Dagster's log ahead of its database allows.

    The database stays whole in any case, and a killed process loses nothing.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    record.info["file"] = _file_at(path)


def _is_still_there(path: str, connection: Any, record: Any, _: object) -> None:
    """Let a file that was moved or deleted be opened anew: SQLite holds on to the old one."""
    if record.info["file"] != _file_at(path):
        raise DisconnectionError(f"{path} is another file now")


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _scripts(config: Config) -> ScriptDirectory:
    """Keep the scripts with the configuration; Dagster has one for each kind of storage."""
    if SCRIPTS not in config.attributes:
        config.attributes[SCRIPTS] = _read_scripts(config)
    scripts: ScriptDirectory = config.attributes[SCRIPTS]
    return scripts


def _made_or_copied(
    self: SqliteEventLogStorage, engine: Engine, for_index_shard: bool = False
) -> None:
    """Copy the empty database of a run's events; the first is made by Dagster."""
    path = Path(str(engine.url.database))
    is_new = path.stem != sqlite_event_log.INDEX_SHARD_NAME and not path.exists()
    if is_new and _empty:
        with written_aside(path) as aside:
            aside.write_bytes(_empty[0])
        return
    _make_database(self, engine, for_index_shard)
    if is_new:
        with engine.connect() as connection:
            # Of what is in the log ahead of the database too.
            made: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            _empty[:] = [made.serialize()]


def _interval(self: InstanceConcurrencyContext) -> float:
    return LOOK_S
