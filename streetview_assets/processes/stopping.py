"""One signal stops everything: nothing new begins, and within seconds the process has ended.

The signal comes to the main thread as an exception, as Python has it. A thread of its own hears it
too, whoever handles signals at that moment, and ends the process where the main thread takes too
long, or when a second one comes.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import psutil

from streetview_assets.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)

FINISH_S = 2.0
"""How long requests that are under way may take to end."""

GRACE_S = 3.0
"""How long the main thread may take to end."""

LAST_S = 1.0
"""How long each thing that is done in the end may take."""

LINE = "stopped; run again to go on"

TRACKER = "resource_tracker import main"
"""In the command line of the process that clears up; its name alone is in an option of all."""


class Stopped(KeyboardInterrupt):
    """A signal asked for the end; what handles failures must not take it for one."""


_asked = threading.Event()
_asked_at: list[tuple[int, float]] = []
_first: list[Callable[[], object]] = []
_last: list[Callable[[], object]] = []
_ending = threading.Lock()
_kept_open: list[socket.socket] = []


def listen() -> None:
    """Make SIGINT and SIGTERM stop this process: once, in the main thread of a command."""
    # What a process leaves that is ended from outside, multiprocessing clears up; not to be told
    # of it after the last line, its tracker is started with this.
    sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
    sys.unraisablehook, threading.excepthook = _tell_unraisable, _tell_of_thread
    end_in_time()
    for number in SIGNALS:
        signal.signal(number, _raise)


def end_in_time() -> None:
    """End this process soon after a signal, whoever handles that; once, in the main thread."""
    hears, tells = socket.socketpair()
    tells.setblocking(False)
    _kept_open.append(tells)
    signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(hears,), name="stopping", daemon=True).start()


def is_listening() -> bool:
    """Whether this process is a command, which a signal ends."""
    return bool(_kept_open)


def ask(number: int = signal.SIGINT) -> None:
    """Ask for the end, as a signal does: from now on nothing new begins."""
    if not _asked.is_set():
        _asked_at.append((number, time.monotonic()))
        _asked.set()


def is_asked() -> bool:
    """Whether a signal has asked for the end."""
    return _asked.is_set()


def time_is_up() -> bool:
    """Whether what was under way at the signal has had its time to end."""
    return is_asked() and time.monotonic() - _asked_at[0][1] > FINISH_S


def check() -> None:
    """Begin nothing more where a signal has asked for the end.

    Raises
    ------
    StoppedError
        It has.
    """
    if is_asked():
        raise StoppedError(LINE)


@contextmanager
def finishing() -> Iterator[None]:
    """Let a signal not break into the block, which looks for it by `check` and ends its work.

    Raises
    ------
    Stopped
        After the block, where a signal came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, lambda number, _: ask(number))
    try:
        yield
    except StoppedError as stopped:
        raise Stopped from stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if is_asked():
        raise Stopped


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """Let Ctrl-C break off what is typed in the block, and not end the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = signal.set_wakeup_fd(-1)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(heard)


@contextmanager
def at_the_signal(function: Callable[[], object]) -> Iterator[None]:
    """Call a function as soon as a signal comes in the block, whatever the main thread is at."""
    _first.append(function)
    try:
        yield
    finally:
        _first.remove(function)


@contextmanager
def in_the_end(function: Callable[[], object]) -> Iterator[None]:
    """Call a function where the process is ended from outside the block."""
    _last.append(function)
    try:
        yield
    finally:
        _last.remove(function)


def end() -> NoReturn:
    """End this process and its workers, with one line and the exit code of the signal."""
    with _ending:
        told = os.dup(2)
        for stream in (1, 2):  # what else is said by now is of things that the end broke off
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        kill_children()
        for function in reversed(_last):
            # In a thread: the main one may hold what the function waits for.
            thread = threading.Thread(target=function, daemon=True)
            thread.start()
            thread.join(LAST_S)
        # Not through `sys.stderr`, which the main thread may hold; below the terminal's own "^C".
        os.write(told, f"{os.linesep if os.isatty(told) else ''}{LINE}\n".encode())
        os._exit(128 + (_asked_at[0][0] if _asked_at else signal.SIGINT))


def kill_children() -> None:
    """Kill all processes beneath this one, but for the one that clears up semaphores after it."""
    killed = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if not any(TRACKER in part for part in process.cmdline()):
                process.kill()
                killed.append(process)
    psutil.wait_procs(killed, timeout=LAST_S)


def _tell_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Say what Python could not raise, but for a signal that came into a destructor.

    The process ends by it all the same, when the main thread has had its time.
    """
    if unraisable.exc_type is not Stopped:
        sys.__unraisablehook__(unraisable)


def _tell_of_thread(failed: threading.ExceptHookArgs) -> None:
    """Say what a thread failed of, unless a signal has asked for the end."""
    if not is_asked():
        threading.__excepthook__(failed)


def _raise(number: int, _: FrameType | None) -> NoReturn:
    ask(number)
    raise Stopped


def _watch(hears: socket.socket) -> None:
    ask(_next(hears))
    for function in list(_first):
        function()
    hears.settimeout(GRACE_S)
    with suppress(TimeoutError):
        _next(hears)
    end()


def _next(hears: socket.socket) -> int:
    while (number := hears.recv(1)[0]) not in SIGNALS:
        pass
    return number
