"""Marks by which a process can be found again, or be known to have ended."""

import os
import socket

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
