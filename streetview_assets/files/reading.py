"""The border of all that is read from foreign files: whatever a library raises becomes our error.

What is packed is held against its size before it is unpacked.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow.parquet

from streetview_assets.errors import StreetviewError, StudyError
from streetview_assets.text.counted import counted

MOST_TIMES_LARGER = 100
"""Real tables and vectors pack to a tenth; a bomb to a thousandth."""
PLAIN_BYTES = 256 * 2**20
"""What is unpacked to less than this is never refused."""

_LEAST_BYTES_A_CELL = 8
_LONGEST_REASON = 300


@contextmanager
def reading(
    place: str, form: str, remedy: str = "", *, error: type[StreetviewError] = StudyError
) -> Iterator[None]:
    """Turn whatever a library raises on a foreign file into one error with the file and a remedy.

    Errors of our own pass as they are.

    Parameters
    ----------
    place
        The key of the study file and the path, such as ``roads.path: leeds.gpkg``.
    form
        What the file was expected to be: "a boundary file".
    remedy
        A sentence that says what to do.
    error
        The kind of error that a fault becomes.

    Raises
    ------
    StreetviewError
        Of the kind `error`.
    """
    try:
        yield
    except (StreetviewError, NameError, ImportError):
        raise  # ours, or no fault of the file
    # A library raises what it likes on a broken file; polars panics outside of Exception.
    except (Exception, pl.exceptions.PanicException) as fault:
        message = f"{place} is not readable as {form}: {_reason(fault)}. {remedy}"
        raise error(message.strip()) from fault


def refuse_bomb(packed_bytes: int, unpacked_bytes: int, place: str) -> None:
    """Refuse what would be unpacked to far more than any real data.

    Parameters
    ----------
    packed_bytes, unpacked_bytes
        Its size in the file, and what it says of itself unpacked.
    place
        The file and what in it, for the message.

    Raises
    ------
    StudyError
    """
    if unpacked_bytes > max(PLAIN_BYTES, MOST_TIMES_LARGER * packed_bytes):
        raise StudyError(
            f"{place} says that it holds {counted(unpacked_bytes, 'byte')}, but is packed in "
            f"{packed_bytes:,}: nothing real packs so well, so it is not unpacked. Write it again, "
            "or unpacked."
        )


def refuse_zip_bomb(path: Path, place: str) -> None:
    """Hold what a zip archive (a workbook, an npz file) says of its contents against its size."""
    with zipfile.ZipFile(path) as archive:
        unpacked_bytes = sum(member.file_size for member in archive.infolist())
    refuse_bomb(path.stat().st_size, unpacked_bytes, place)


def refuse_parquet_bomb(path: Path, column_count: int, place: str) -> None:
    """Hold the rows of a Parquet file, of which a repeated one takes no room, against its size.

    Parameters
    ----------
    path
        The Parquet file.
    column_count
        Columns that are to be read.
    place
        The file, as the message names it.
    """
    row_count = pyarrow.parquet.read_metadata(path).num_rows
    refuse_bomb(path.stat().st_size, row_count * column_count * _LEAST_BYTES_A_CELL, place)


def _reason(fault: BaseException) -> str:
    """Say in one plain line what a library found."""
    if isinstance(fault, MemoryError):
        return "it needs more memory than there is"
    if isinstance(fault, UnicodeDecodeError):
        return f"byte {fault.start + 1:,} is no text in {fault.encoding.upper()}; save it as that"
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    words = " ".join("".join(c if c.isprintable() else " " for c in str(fault)).split())
    return words[:_LONGEST_REASON].rstrip(".") or type(fault).__name__
