"""A Ray cluster for the length of a block: the one that a study names, or one of this machine."""

import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from streetview_assets.embeddings.ray_tasks import first_missing, not_seen
from streetview_assets.errors import EngineError, EngineUnavailableError
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.process_id import is_gone, process_mark
from streetview_assets.processes.threads import cores
from streetview_assets.processes.workers import worker_pool
from streetview_assets.study.embeddings import Engine

MOST_TO_ANSWER_S = 120.0
"""A machine starts a process to answer, which takes a while where it is busy."""

MOST_TO_CONNECT_S = 10.0

NO_CLUSTER = (
    "engine.address: no Ray cluster can be joined at {}: {}. `ray status` says whether one runs; "
    "without an address, one is started on this machine"
)

OBJECTS_BYTES = 100 * 2**20
"""Memory that Ray shares between the processes of a machine; rows of images pass through it."""

LOOPBACK, PREFIX = "127.0.0.1", "sv-ray-"
log = logging.getLogger(__name__)


@contextmanager
def ray_cluster(engine: Engine, root: Path, *, files: Sequence[Path] = ()) -> Iterator[Path]:
    """Join the cluster of a study, or start one on this machine that ends with the block.

    Parameters
    ----------
    engine
        The part `engine` of the study.
    root
        The study's folder of data, which every machine has to see under the same path.
    files
        Others that every machine has to see.

    Yields
    ------
    Path
        A file in `root`, there for the length of the block, by which a machine knows that it sees
        the folder.

    Raises
    ------
    EngineError
        Where Ray is not installed, no cluster answers, none of its machines has what a task asks
        for, or one of them does not see the study's folder: before anything runs.
    """
    if find_spec("ray") is None:
        raise EngineError(
            "engine ray: Ray is not installed: `pip install 'streetview-assets[ray]'`, on all "
            "machines of the cluster. Without the part `engine`, this process computes"
        )
    if engine.address is not None:
        with _joined(engine.address), _token(root) as token:
            _check_machines(engine, (token, *files))
            yield token
        return
    with _local_cluster() as address, _joined(address), _token(root) as token:
        _check_machines(engine, (token, *files))
        yield token


def cpus_of_a_task(engine: Engine) -> float:
    """Say how many cores a task asks for: as the study says; all of this machine's where it is one.

    The cores of a task share one encoder. On a cluster a task asks for one, which any machine has.

    Parameters
    ----------
    engine
        The part `engine` of the study.
    """
    default = cores() if engine.address is None else 1
    cpus: float = engine.options.get("num_cpus", default)
    return cpus


@contextmanager
def _joined(address: str) -> Iterator[None]:
    """Connect with a cluster; where the block is left, its tasks end."""
    import ray

    _refuse_silence(address)
    in_front = threading.current_thread() is threading.main_thread()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EngineUnavailableError(NO_CLUSTER.format(address, error)) from error
    finally:
        for number, handler in handlers.items() if in_front else ():
            signal.signal(number, handler)  # Ray has put its own in place of ours
    try:
        yield
    finally:
        ray.shutdown()


def _refuse_silence(address: str) -> None:
    """Refuse an address where nobody listens, for which Ray itself would wait for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=MOST_TO_CONNECT_S).close()
    except OSError as error:
        raise EngineUnavailableError(NO_CLUSTER.format(address, error)) from error


@contextmanager
def _local_cluster() -> Iterator[str]:
    """Start a cluster of this machine's cores, reached by nobody else.

    A process of ours starts Ray's and is their parent. It ends with this one, however this one
    ends, and then ends them: Ray's agents look after themselves for a minute longer.

    Yields
    ------
    str
        Its address.
    """
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": _secret(),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Nobody asks for its metrics, and the process that starts it computes nothing.
        "RAY_enable_metrics_collection": "0",
        "RAY_event_stats": "0",
        "RAY_task_events_report_interval_ms": "0",
        "RAY_prestart_worker_first_driver": "0",
        # Only where there are no clusters does Ray take the loopback address for a machine's own.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }
    with _short_folder() as folder, worker_pool(1) as pool, _environment(environment):
        _refuse_other_addresses()
        yield pool.submit(_start, folder, cores(), environment).result()
        pool.submit(_end).result()


def _refuse_other_addresses() -> None:
    """Refuse to go on where Ray was imported before the environment said what it has to know."""
    from ray.util import get_node_ip_address

    if get_node_ip_address() != LOOPBACK:
        raise EngineError(
            "engine ray: this process has imported Ray for a cluster of several machines, and "
            "cannot start one that is this machine's alone: use another process"
        )


def _start(folder: Path, cpus: int, environment: Mapping[str, str]) -> str:
    """Start a cluster beneath this process; give its address."""
    os.environ.update(environment)
    import ray

    started: Any = ray.init(
        address="local",
        num_cpus=cpus,
        object_store_memory=OBJECTS_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        _temp_dir=str(folder),
    )
    return str(started.address_info["gcs_address"])


def _end() -> None:
    import ray

    ray.shutdown()


@cache
def _secret() -> str:
    """Give what lets a process into the clusters that this one starts: Ray reads it once."""
    return os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _short_folder() -> Iterator[Path]:
    """Make a folder for Ray's logs and sockets, whose paths may have about a hundred letters.

    What a killed process has left of its own is removed first.
    """
    base = Path(min(tempfile.gettempdir(), "/tmp", key=len))
    for left in base.glob(f"{PREFIX}*/process"):
        if is_gone(left.read_text()):
            shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    (folder / "process").write_text(process_mark())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _token(root: Path) -> Iterator[Path]:
    """Write a file into the study's folder for the block."""
    token = root / "cache" / "ray" / uuid4().hex
    with written_aside(token) as aside:
        aside.write_text(process_mark())
    try:
        yield token
    finally:
        token.unlink(missing_ok=True)


def _check_machines(engine: Engine, files: Sequence[Path]) -> None:
    """Ask every machine that can have a task whether it sees the study's folder.

    Raises
    ------
    EngineError
        With the machine and what it does not see.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    wanted = {"CPU": cpus_of_a_task(engine), "GPU": engine.options.get("num_gpus", 0)}
    nodes = [
        node
        for node in ray.nodes()
        if node["Alive"] and all(node["Resources"].get(name, 0) >= wanted[name] for name in wanted)
    ]
    if not nodes and engine.address is None:
        raise EngineError(
            f"engine.options: this machine has not the {wanted['CPU']:g} cores and "
            f"{wanted['GPU']:g} GPUs that each task asks for"
        )
    look: Any = ray.remote(num_cpus=0)(first_missing)
    for node in nodes:
        where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        machine = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
        try:
            asked = look.options(scheduling_strategy=where).remote(list(files))
            missing = ray.get(asked, timeout=MOST_TO_ANSWER_S)
        except ray.exceptions.TaskUnschedulableError:
            # It has left the cluster, which learns of that later, and gets no task.
            log.warning("engine ray: %s has left the cluster", machine)
            continue
        except ray.exceptions.RayError as error:
            raise EngineError(
                f"{machine} cannot work for this study: {error}. The same version of "
                "streetview-assets, with its extra `ray`, has to be installed there"
            ) from error
        if missing:
            raise EngineError(not_seen(machine, missing))
