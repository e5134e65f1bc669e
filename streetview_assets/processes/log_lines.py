"""Log lines in the terminal, where they are asked for: of this process and those that it starts."""

import logging
import os
import sys

from streetview_assets.redaction import keep_secrets_out_of_logs

VARIABLE = "STREETVIEW_LOG"
SILENT = "CRITICAL"
LEVELS = ("INFO", "DEBUG")
"""What is logged where it is asked for once, and twice."""
TALKATIVE = ("httpx", "httpcore")
"""Libraries that tell of every request; worth reading at the lowest level alone."""
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def ask_for_log_lines(times: int) -> None:
    """Have log lines from now on, in processes that are started too.

    Parameters
    ----------
    times
        How often they were asked for: 1 tells what is done, 2 or more every request as well.
    """
    os.environ[VARIABLE] = LEVELS[min(times, len(LEVELS)) - 1]


def log_level() -> str:
    """Name the level of the log lines that are asked for; `CRITICAL` where none are."""
    level = os.environ.get(VARIABLE, "")
    return level if level in LEVELS else SILENT


def show_log_lines() -> None:
    """Write the log lines of this process to standard error, where they are asked for, once."""
    level, ours = log_level(), logging.getLogger("streetview_assets")
    if level == SILENT or any(handler.name == VARIABLE for handler in ours.handlers):
        return
    keep_secrets_out_of_logs()
    handler = logging.StreamHandler(sys.stderr)
    handler.name = VARIABLE
    handler.setFormatter(logging.Formatter(LINE, "%H:%M:%S"))
    names = ("streetview_assets", *(TALKATIVE if level == "DEBUG" else ()))
    for logger in map(logging.getLogger, names):
        logger.addHandler(handler)
        logger.setLevel(level)
