"""A seal over a Parquet file of ours: the hash of all its bytes, kept in its own footer.

Page checksums cover the pages alone, and not every reader looks at them. The seal covers each byte
that a reader goes by, the footer with the statistics and the provenance too.
"""

import hashlib
import mmap
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from streetview_assets.files.file_state import FileState, file_sha256, file_state

SEAL = "streetview.sha256"
UNSEALED = "0" * 64
_LENGTH_AND_MAGIC = 8
_HELD = re.compile(re.escape(SEAL.encode()) + rb"..([0-9a-f]{64})", re.DOTALL)


def write_sealed(table: pa.Table, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a Parquet file with page checksums, and seal it.

    Parameters
    ----------
    table
        The rows.
    path
        The file to write; whoever calls puts it in its place.
    metadata
        What the file says of itself.
    """
    said = {**(metadata or {}), SEAL: UNSEALED}
    pq.write_table(table.replace_schema_metadata(said), path, write_page_checksum=True)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        place = _place(content)
        if place is None:
            raise ValueError(f"{path} has no place for a seal")
        content[place] = _digest(content, place)


def hash_of(path: Path) -> str:
    """Hash a file's bytes; of one that is as it was at the last look, what was found then."""
    return _hash_of(path, file_state(path))


@lru_cache(maxsize=10_000)
def _hash_of(path: Path, state: FileState) -> str:
    return file_sha256(path)


def is_sealed(path: Path) -> bool:
    """Whether a file is, byte for byte, what was sealed."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            place = _place(content)
            return place is not None and content[place] == _digest(content, place)


def _place(content: mmap.mmap) -> slice | None:
    """Find the digits of the seal in the footer."""
    end = len(content) - _LENGTH_AND_MAGIC
    length = int.from_bytes(content[max(end, 0) : end + 4], "little")
    found = _HELD.search(content, max(end - length, 0))
    return slice(*found.span(1)) if found else None


def _digest(content: mmap.mmap, place: slice) -> bytes:
    """Hash a file as it was before it was sealed."""
    with memoryview(content) as bytes_:
        digest = hashlib.sha256(bytes_[: place.start])
        digest.update(UNSEALED.encode())
        digest.update(bytes_[place.stop :])
    return digest.hexdigest().encode()
