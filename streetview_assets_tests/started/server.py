"""Starts Python programs by a fork, from a process that has imported already what they import.

It imports the modules of the package, takes a request, forks, and goes on to the next. A fork has
the main thread alone: therefore it begins nothing that has threads which compute.
"""

import atexit
import sys
from collections.abc import Callable, Sequence
from typing import Any

kept: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = []
"""What modules want to be called at the end, in the order in which they were imported."""

register = atexit.register


def keep(function: Callable[..., object], *arguments: Any, **named: Any) -> Callable[..., object]:
    """Keep what is to be called at the end for the program that is started."""
    kept.append((function, arguments, named))
    return function


def register_kept() -> None:
    """Let the end of this program call what it would call had it imported the modules itself."""
    atexit.register = register
    for function, arguments, named in kept:
        register(function, *arguments, **named)
    kept.clear()


def register_first(function: Callable[..., object], *arguments: Any) -> Callable[..., object]:
    """Register what a command registers before it imports anything, and then what was kept."""
    register(function, *arguments)
    register_kept()
    return function


atexit.register = keep  # before what registers something is imported

import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import multiprocessing.process  # noqa: E402
import os  # noqa: E402
import pkgutil  # noqa: E402
import runpy  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import types  # noqa: E402
from pathlib import Path  # noqa: E402

OF_OTHERS = ("sqlglot", "optuna", "dataframely", "mlflow.sklearn", "sklearn.compose", "git")
"""Modules of libraries that a run imports when it needs them."""

BEGIN = ("__main__", "definitions", "entry", "reference", "webserver")
"""Modules of the package that begin something, or look at the environment, when imported."""

IDLE = ("jemalloc_bg_thd", "polars-ooc-clea")
"""Threads of libraries that sleep; the allocator's is begun anew in a fork."""


set_by_imports: dict[str, str] = {}
"""Variables of the environment that libraries set when they are imported."""


def import_all() -> None:
    """Import and keep what programs do, and see that nothing computes in a thread."""
    import streetview_assets

    before = {*os.environ}
    gc.disable()

    for module in pkgutil.walk_packages(streetview_assets.__path__, "streetview_assets."):
        if module.name.rpartition(".")[2] not in BEGIN:
            importlib.import_module(module.name)
    for name in OF_OTHERS:
        importlib.import_module(name)
    # Kept once a process, at more than a second of a core: a fork has it with it.
    sys.modules["streetview_assets.orchestration.tracking.mlflow_resource"].empty_database()
    set_by_imports.update((name, os.environ[name]) for name in {*os.environ} - before)
    gc.freeze()
    gc.enable()
    names = [task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")]
    computing = [name for name in names if name not in (*IDLE, Path(sys.executable).name)]
    assert not computing, f"an import begins threads, which a fork does not have: {computing}"


def serve(asked: socket.socket) -> None:
    """Fork for each request, until nobody can ask any more; return in each fork."""
    while True:
        _, descriptors, _, _ = socket.recv_fds(asked, 1, 4)
        _take_ended()
        if not descriptors:
            os._exit(0)
        if os.fork() == 0:
            asked.close()
            look_after(socket.socket(fileno=descriptors.pop()), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _take_ended() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def look_after(told: socket.socket, descriptors: Sequence[int]) -> None:
    """Start a program, and tell its number and, once it has ended, how."""
    request = json.loads(b"".join(iter(lambda: told.recv(65_536), b"")))
    process_id = os.fork()
    if process_id == 0:
        told.close()
        begin(request, descriptors)
        return
    for descriptor in (0, 1, 2, *descriptors):
        os.close(descriptor)
    told.sendall(process_id.to_bytes(8))
    _, status = os.waitpid(process_id, 0)
    told.sendall(status.to_bytes(8))
    os._exit(0)


def begin(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Become the program that is asked for."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["session"]:
        os.setsid()
    os.chdir(request["folder"])
    multiprocessing.process.ORIGINAL_DIR = request["folder"]
    os.environ.clear()
    os.environ.update(set_by_imports | request["environment"])
    ended: list[int] = []
    register(leave, ended)
    try:
        run(request["arguments"])
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            ended.append(end.code or 0)
        raise
    ended.append(0)


def leave(ended: list[int]) -> None:
    """End before modules are torn down: DuckDB's binding would tell of what it leaves."""
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


def run(arguments: list[str]) -> None:
    """Run a program as Python does that is given these arguments."""
    match arguments:
        case ["-m", module, *rest]:
            atexit.register = register_first
            sys.argv, sys.path[:0] = [module, *rest], [str(Path.cwd())]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", program, *rest]:
            register_kept()
            sys.argv, sys.path[:0] = ["-c", *rest], [""]
            main = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(program, "<string>", "exec"), main.__dict__)
        case [path, *rest]:
            register_kept()
            sys.argv, sys.path[:0] = [path, *rest], [str(Path(path).resolve().parent)]
            runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    del sys.path[0]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_all()
    serve(socket.socket(fileno=int(sys.argv[1])))
