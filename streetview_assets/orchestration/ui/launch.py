"""`dagster dev` with a web server of ours, and an end that comes to all of its processes."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import psutil
from dagster._cli import dev
from dagster._cli import main as dagster

from streetview_assets.orchestration.ui.known_hosts import HOSTS_VARIABLE, LOOPBACK
from streetview_assets.processes import stopping

WEBSERVER = "streetview_assets.orchestration.ui.webserver"
"""Is named, not imported: whoever starts it is spared all that serves."""
OPEN_TO_ALL = (
    "The UI listens on {host} and asks nobody to sign in: whoever reaches it can start runs. Put "
    f"a proxy with sign-in before it, and name its hosts in ${HOSTS_VARIABLE}."
)


def ui_command(workspace: Path, host: str, port: int) -> list[str]:
    """Give the command that serves the UI.

    Parameters
    ----------
    workspace
        Dagster's workspace file.
    host
        Name or address to listen at.
    port
        Port to listen at.
    """
    ours = [sys.executable, "-W", "ignore", "-m", "streetview_assets.orchestration.ui.launch"]
    return [*ours, "-w", str(workspace), "-h", host, "-p", str(port)]


def let_in(host: str) -> str | None:
    """Settle which names the UI answers to; say what is to be known where anybody may ask.

    On loopback it answers to the names of this machine alone, elsewhere to all, unless
    `$STREETVIEW_UI_HOSTS` says which.
    """
    if host in LOOPBACK:
        return None
    os.environ.setdefault(HOSTS_VARIABLE, "*")
    return OPEN_TO_ALL.format(host=host)


def main() -> None:
    """Run `dagster dev` with the arguments of this process."""
    start = dev.open_ipc_subprocess
    dev.open_ipc_subprocess = lambda parts, **options: start(_with_ours(parts), **options)
    # Dagster gives SIGTERM the same handler.
    signal.signal(signal.SIGINT, _stop)
    sys.argv = ["dagster", "dev", *sys.argv[1:]]
    dagster()


def _with_ours(parts: Sequence[str]) -> list[str]:
    return [WEBSERVER if part == "dagster_webserver" else part for part in parts]


def _stop(number: int, _: FrameType | None) -> NoReturn:
    """Tell all processes, runs among them, as a terminal does; a server would wait for its runs."""

    def end(*_: Any) -> NoReturn:
        stopping.kill_children()
        os.write(2, f"{stopping.LINE}\n".encode())
        os._exit(128 + number)

    for signal_number in stopping.SIGNALS:
        signal.signal(signal_number, end)
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
    timer = threading.Timer(stopping.GRACE_S + stopping.LAST_S, end)
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
