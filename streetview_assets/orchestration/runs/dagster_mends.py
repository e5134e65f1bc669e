"""Three places where Dagster burns time for nothing, mended in this process.

None can be reached through its public interface. `pyproject.toml` pins the one release that is
patched here; the tests fail where a later one has no need of it, or is built otherwise.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import Engine, create_engine

LOOK_S = 0.1
"""Between two looks at a pool; Dagster itself asks the database once a second, then more rarely."""
ENGINES = 64
"""At most so many are kept: every run has a database of its own."""
SCRIPTS = "streetview_assets: scripts of migration"

_read_scripts = ScriptDirectory.from_config


def mend_dagster() -> None:
    """Let Dagster wait for a pool asleep, and know again what it knows of its databases.

    A run that waits for a pool goes round in a loop that never sleeps, and takes a core from the
    one that it waits for. Every event is written by an engine of its own, which compiles each
    statement anew: a fifth of the time of a small study. For the database of every run all scripts
    of migration are imported twice: a tenth of the time of a small run.
    """
    ScriptDirectory.from_config = _scripts  # type: ignore[method-assign]
    for module in (sqlite_event_log, sqlite_run_storage):
        vars(module)["create_engine"] = _engine
    InstanceConcurrencyContext.interval_to_next_pending_claim_check = _interval  # type: ignore[method-assign]


def _engine(uri: str, *, poolclass: Any, connect_args: Mapping[str, Any] | None = None) -> Engine:
    return _made(uri, poolclass, tuple((connect_args or {}).items()))


@lru_cache(maxsize=ENGINES)
def _made(uri: str, poolclass: Any, connect_args: tuple[tuple[str, Any], ...]) -> Engine:
    return create_engine(uri, poolclass=poolclass, connect_args=dict(connect_args))


def _scripts(config: Config) -> ScriptDirectory:
    """Keep the scripts with the configuration; Dagster has one for each kind of storage."""
    if SCRIPTS not in config.attributes:
        config.attributes[SCRIPTS] = _read_scripts(config)
    scripts: ScriptDirectory = config.attributes[SCRIPTS]
    return scripts


def _interval(self: InstanceConcurrencyContext) -> float:
    return LOOK_S
