"""Marks by which a process can be found again, or be known to have ended."""

import os
import socket
from datetime import datetime

import psutil

SECONDS_OF_DOUBT = 5.0


def process_mark() -> str:
    """Name this process: host, process id and start, which no later process shares."""
    return f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.2f}"


def is_gone(mark: str) -> bool:
    """Whether the process of a mark has ended; one on another host counts as alive."""
    host, pid, started = mark.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        # A clock that was set right moves the times at which processes seem to have started.
        same = abs(process.create_time() - float(started)) < SECONDS_OF_DOUBT
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_of_this_command(mark: str) -> bool:
    """Whether a mark is of this process or of one that works for it."""
    if mark == process_mark():
        return True
    host, pid, _ = mark.rsplit("/", 2)
    workers = {process.pid for process in psutil.Process().children(recursive=True)}
    return host == socket.gethostname() and int(pid) in workers


def about_mark(mark: str) -> str:
    """Say of the process of a mark what `about_process` does; of another host, its number."""
    host, pid, _ = mark.rsplit("/", 2)
    if host != socket.gethostname():
        return f"process {int(pid)} on another host ({host!r}) holds it"
    return about_process(int(pid))


def about_process(pid: int) -> str:
    """Say of a process that holds something since when it runs, and how to be rid of it."""
    try:
        process = psutil.Process(pid)
        since = datetime.fromtimestamp(process.create_time())
        is_stopped = process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return f"process {pid} held it and has ended"
    what_to_do = (
        f"it is stopped: `kill -CONT {pid}` lets it go on, `kill -KILL {pid}` ends it"
        if is_stopped
        else f"where it hangs, `kill {pid}` ends it, and what it has done is kept"
    )
    return f"process {pid}, which runs since {since:%Y-%m-%d %H:%M:%S}, holds it; {what_to_do}"
