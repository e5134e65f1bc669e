"""Python programs in processes of their own, without the seconds that each takes to import.

They come from one process of this test run that has imported the package, by a fork (see
`server.py`). What a program does, which signals it hears and how it ends is the same. Where the
environment has what modules may read when they are imported, it is started as by `subprocess`; so
does a test that is to show something about the start itself.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

READ_WHEN_USED = (
    *("STREETVIEW_", "MLFLOW_", "DAGSTER_HOME", "COLUMNS", "LINES", "TERM", "NO_COLOR"),
    *("GOOGLE_MAPS_", "MAPILLARY_TOKEN", "PYTEST_CURRENT_TEST", "TMPDIR", "AWS_", "RAY_"),
    # What libraries themselves set, of which this process may have imported others.
    *("GDAL_", "PROJ_", "KMP_", "TOKENIZERS_PARALLELISM", "PYTHONBREAKPOINT", "SNOWFLAKE_"),
    *("_MLFLOW_", "_RJEM_", "TORCHINDUCTOR_"),
)
"""Beginnings of variables that no module reads when it is imported."""


@cache
def _server() -> tuple[socket.socket, Mapping[str, str]]:
    """Start what starts programs; give where it is asked, and the environment that it has."""
    here, there = socket.socketpair()
    number = str(there.fileno())
    environment = {n: v for n, v in os.environ.items() if not n.startswith(READ_WHEN_USED)}
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("server.py"), number],
        env=environment,
        pass_fds=[there.fileno()],
        stdin=subprocess.DEVNULL,
    )
    there.close()

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here, environment


class Popen(subprocess.Popen[Any]):
    """A process that `subprocess.Popen` would have started, of `[sys.executable, …]`."""

    _told: socket.socket | None = None
    _is_worth_a_server = True

    def _execute_child(self, arguments: Sequence[object], *given: Any) -> None:
        _, _, _, pass_fds, folder, environment, _, _, shell, *pipes = given[:15]
        session, group = given[-2:]
        executable, *words = [os.fspath(one) for one in arguments]
        assert executable == sys.executable
        assert (pass_fds, shell, group) == ((), False, -1)
        if not (self._is_worth_a_server or _server.cache_info().currsize):
            super()._execute_child(arguments, *given)
            return
        asked, of_server = _server()
        environment = {**(os.environ if environment is None else environment)}
        differing = {name for name, _ in environment.items() ^ of_server.items()}
        if not all(name.startswith(READ_WHEN_USED) for name in differing):
            super()._execute_child(arguments, *given)
            return
        request = {
            "arguments": words,
            "folder": str(Path.cwd() / (folder or "")),
            "environment": environment,
            "session": session,
        }
        standard = [pipes[at] if pipes[at] != -1 else number for number, at in enumerate((0, 3, 5))]
        self._told, tells = socket.socketpair()
        socket.send_fds(asked, [b"?"], [*standard, tells.fileno()])
        tells.close()
        self._close_pipe_fds(*pipes)
        self._told.sendall(json.dumps(request).encode())
        self._told.shutdown(socket.SHUT_WR)
        self.pid = self._next()
        self._child_created = True

    def _next(self) -> int:
        said = self._told.recv(8, socket.MSG_WAITALL)
        assert said, "what starts programs has ended"
        return int.from_bytes(said)

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if self._told is None:
            return super()._try_wait(flags)
        if flags == os.WNOHANG and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = self._next()
        self._told.close()
        return self.pid, status

    def _internal_poll(self, _deadstate: int | None = None) -> int | None:
        if self._told is None:
            return super()._internal_poll(_deadstate)
        if self.returncode is None:
            process_id, status = self._try_wait(os.WNOHANG)
            if process_id:
                self._handle_exitstatus(status)
        return self.returncode


class Brief(Popen):
    """A program that imports little: a fork only where there is already what it comes from."""

    _is_worth_a_server = False


def run(
    arguments: Sequence[object],
    *,
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    by: type[Popen] = Popen,
    **options: Any,
) -> "subprocess.CompletedProcess[Any]":
    """Run a program to its end, as `subprocess.run` does."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with by(arguments, **options) as process:
        try:
            said, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, said, errors)
    if check:
        done.check_returncode()
    return done
