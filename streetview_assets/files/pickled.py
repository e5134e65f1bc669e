"""Pickles of others, read as Parquet that a process apart has made of them; never read here."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streetview_assets.errors import StudyError
from streetview_assets.processes import stopping

SUFFIXES = (".pkl", ".pickle")
MEMORY_BYTES = 4 * 2**30
MEMORY_TIMES = 12
"""So much memory a process that unpickles may have: this, and so many times the file's size."""
SECONDS = 600
"""And so much time."""
REMEDY = (
    "Save it as Parquet or CSV where it was made: pandas.read_pickle(…).to_parquet(…), geometry "
    "left out or as text"
)

_SCRIPT = Path(__file__).with_name("unpickled.py")
_LOOK_S = 0.1


@contextmanager
def as_parquet(path: Path, place: str) -> Iterator[Path]:
    """Give a file of Parquet with the rows of a pickle, for as long as the block lasts.

    What the block raises names the pickle in place of that file.

    Parameters
    ----------
    path
        The pickle: a frame or series of pandas, a frame of geopandas, a list of dicts, a dict of
        dicts or of columns. Whether it may be read is said by the study's key `trust`.
    place
        The key of the study and the file, for messages.

    Raises
    ------
    StudyError
        Where it holds anything but data (with the name of what it asks for), is damaged, or needs
        more memory or time than it may have.
    """
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / f"{path.stem}.parquet"
        fault = _unpickle(path, parquet)
        if fault.startswith("NOT_ALLOWED "):
            asked = fault.removeprefix("NOT_ALLOWED ")
            raise StudyError(
                f"{place} is a pickle that asks for {asked}. Only data is unpickled (pandas, "
                f"numpy, shapely, geopandas), since anything else could run. {REMEDY}."
            )
        if fault:
            raise StudyError(f"{place} is not readable as a pickle of data: {fault}. {REMEDY}.")
        try:
            yield parquet
        except StudyError as error:
            raise StudyError(str(error).replace(str(parquet), str(path))) from error


def _unpickle(path: Path, parquet: Path) -> str:
    """Let a process of its own move a pickle; give what is wrong, or nothing."""
    memory_bytes = MEMORY_BYTES + MEMORY_TIMES * path.stat().st_size
    # Nothing of this process's environment: keys stand in it.
    environment = {"PATH": os.defpath, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    arguments = [sys.executable, "-I", *map(str, (_SCRIPT, path, parquet, memory_bytes, SECONDS))]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=environment,
            start_new_session=True,
        ) as child,
    ):
        ends_at = time.monotonic() + SECONDS
        try:
            while child.poll() is None and time.monotonic() < ends_at:
                stopping.check()
                time.sleep(_LOOK_S)
        finally:
            child.kill()
        is_late = time.monotonic() >= ends_at
        if child.wait() == 0:
            return ""
        if child.returncode < 0 and not is_late:
            return f"it ended the process that read it (signal {-child.returncode})"
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
        return (
            lines[-1].rstrip(".")
            if lines
            else f"it took more than {SECONDS} s, or more than it may have"
        )
