"""What the footer of a Parquet file says of its rows, so that they need not be read for it."""

from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from streetview_assets.files.file_state import FileState, file_state


def has_none(path: Path, column: str, value: str) -> bool:
    """Whether no row of a file can have a value: it lies outside of what its row groups span.

    Parameters
    ----------
    path
        A Parquet file.
    column
        Name of a column of texts that are no lists.
    value
        What is looked for.

    Returns
    -------
    bool
        False also where the footer does not say.
    """
    return _has_none(path, column, value, file_state(path))


@lru_cache(maxsize=200_000)
def _has_none(path: Path, column: str, value: str, state: FileState) -> bool:
    footer = pq.read_metadata(path)
    if column not in footer.schema.names:
        return False
    place = footer.schema.names.index(column)
    spans = (
        footer.row_group(number).column(place).statistics for number in range(footer.num_row_groups)
    )
    return all(
        span is not None and span.has_min_max and not span.min <= value <= span.max
        for span in spans
    )
