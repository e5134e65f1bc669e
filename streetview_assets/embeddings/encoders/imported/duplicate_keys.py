"""Several vectors under one name: the same ones are one, different ones are refused."""

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.vector_file import (
    ROWS_AT_ONCE,
    VectorFile,
    has_direction,
    wrong,
)
from streetview_assets.embeddings.vectors import unit

LEAST_COSINE = 0.999
"""Vectors of one image by one model are as alike in any number format and on any machine."""


def refuse_different(file: VectorFile, named: pl.DataFrame, keys: list[str]) -> None:
    """Refuse different vectors under one name; what is no vector counts as none.

    Parameters
    ----------
    file
        The file with the vectors, by row.
    named
        row, and the columns of the name.
    keys
        The columns of the name.

    Raises
    ------
    StudyError
        With the name, and the rows of the two vectors.
    """
    repeated = named.filter(pl.struct(keys).is_duplicated()).sort(*keys, "row")
    repeated = repeated.with_columns(name=pl.struct(keys).rle_id())
    # The first vector of the name at hand; what comes after it is held against it.
    at_hand, first, first_row = -1, np.empty(0), -1
    for start in range(0, repeated.height, ROWS_AT_ONCE):
        piece = repeated.slice(start, ROWS_AT_ONCE)
        rows, place = np.unique(piece["row"].to_numpy(), return_inverse=True)
        stored = file.read(rows)
        is_vector = has_direction(stored)
        vectors = unit(np.where(is_vector[:, None], stored, 0))
        for number, (name, row) in enumerate(piece.select("name", "row").iter_rows()):
            at = place[number]
            if not is_vector[at]:
                continue
            if name != at_hand:
                at_hand, first, first_row = name, vectors[at], row
            elif vectors[at] @ first < LEAST_COSINE:
                told = piece.row(number, named=True)
                said = ", ".join(f"{key} {told[key]}" for key in keys if told[key] is not None)
                advice = (
                    ""
                    if "heading_deg" not in keys or told["heading_deg"] is not None
                    else "; where they are of its views, add heading_deg"
                )
                raise wrong(
                    file.path,
                    f"{said} has two different vectors, in rows {first_row} and {row} (rows count "
                    f"from 0); leave one of them{advice}",
                )
