"""Which vector made elsewhere is of which image: by id, panorama and heading, place or file.

Several vectors under one name: the same ones are one, different ones are refused.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.image_keys import kind_of, turned
from streetview_assets.embeddings.encoders.imported.vector_file import (
    ROWS_AT_ONCE,
    VectorFile,
    has_direction,
    wrong,
)
from streetview_assets.embeddings.vectors import unit
from streetview_assets.files.file_names import ends_of_paths, whole_paths
from streetview_assets.images.providers.base import UNKNOWN_DATE

LEAST_COSINE = 0.999
"""Vectors of one image by one model are as alike in any number format and on any machine."""
WHOSE = {
    "image_id": "no vector is of this image_id",
    "panorama_id": "no vector is of this panorama",
    "point_id": "no vector is of this place",
    "file": "no vector is of a file of this name",
}
"""Why an image has no vector, by how the vectors are named."""

HEADING_UNKNOWN = "the heading of this image is not known, so its vector cannot be told from others"


def match_images(
    images: pl.DataFrame, names: pl.DataFrame, files: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Find the vectors of images.

    A vector without a date or a heading is of all of its panorama, one whose heading is NaN of an
    image whose heading is not known; an image without a date is of any. A vector that is named
    by a file is of the image whose image_id is the file's stem, as images are kept on disk, or
    of the image that is called so.

    Parameters
    ----------
    images
        Rows of the table `images`.
    names
        Whose the vectors are, columns `NAMES`.
    files
        Of vectors that are named by files: image_id, row, where that is known otherwise than by
        the stem.

    Returns
    -------
    tuple of pl.DataFrame
        Found: asked (number of the image), row; by asked, the best first. Not found: asked,
        error; by asked.
    """
    kind = kind_of(names) or "image_id"
    asked = images.with_row_index("asked").drop("row", strict=False)
    if kind == "image_id":
        pairs = asked.join(names, on="image_id", how="inner")
    elif kind == "file":
        stem = pl.col("file").str.extract(r"([^/\\]*?)(?:\.[^./\\]*)?$")
        named = names.select("row", image_id=stem)
        if files is not None:
            named = pl.concat([named, files.select("row", "image_id")]).unique()
        pairs = asked.join(named, on="image_id", how="inner")
    else:
        return _by_view(asked, names, kind)
    found = pairs.select("asked", "row").sort("asked", "row")
    missing = asked.join(found, on="asked", how="anti").select("asked", error=pl.lit(WHOSE[kind]))
    return found, missing


def rows_of_files(names: pl.DataFrame, files: Iterable[str]) -> pl.DataFrame:
    """Find the vectors of files, whose paths may begin elsewhere.

    A vector is of the file whose whole path ends its own (`whole_paths`). Where none does, it is of
    the one file whose path its own ends (`ends_of_paths`).

    Parameters
    ----------
    names
        Whose the vectors are: row and file.
    files
        All files there are, relative to their folder; whether they are asked about or not.

    Returns
    -------
    pl.DataFrame
        file, row; by file and row.
    """
    named, there = names.select("row", name="file"), list(files)
    whole = whole_paths(named, there)
    ends = ends_of_paths(named.join(whole, on="row", how="anti"), there)
    return pl.concat([whole, ends]).sort("file", "row")


def _by_view(
    asked: pl.DataFrame, names: pl.DataFrame, kind: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Match by panorama or place, month and heading."""
    views = asked.select("asked", kind, "captured_on", heading_deg=turned(asked["heading_deg"]))
    named = names.select("row", kind, month="captured_on", heading="heading_deg")
    month = pl.col("month").fill_null(UNKNOWN_DATE)
    is_any = (month == UNKNOWN_DATE) | (pl.col("captured_on") == UNKNOWN_DATE)
    pairs = views.join(named, on=kind, how="inner").with_columns(
        in_month=is_any | (month == pl.col("captured_on")),
        is_exact=(pl.col("month") == pl.col("captured_on")).fill_null(False),
        in_heading=pl.col("heading").is_null()
        | (pl.col("heading") == pl.col("heading_deg").fill_null(float("nan"))),
    )
    found = (
        pairs.filter(pl.col("in_month") & pl.col("in_heading"))
        .sort("asked", pl.col("heading").is_null(), ~pl.col("is_exact"), "row")
        .select("asked", "row")
    )
    missing = views.join(found, on="asked", how="anti")
    known = (
        pairs.join(missing, on="asked", how="semi")
        .group_by("asked")
        .agg(pl.col("in_month").any(), pl.col("month").drop_nulls().unique().sort())
    )
    of = "panorama" if kind == "panorama_id" else "place"
    months = pl.col("month").list.eval(pl.element().dt.strftime("%Y-%m")).list.join(", ")
    asked_for = pl.col("captured_on").dt.strftime("%Y-%m")
    degrees = pl.col("heading_deg").map_elements("{:g}".format, pl.String)
    why = (
        pl.when(pl.col("in_month").is_null())
        .then(pl.lit(WHOSE[kind]))
        .when(~pl.col("in_month"))
        .then(pl.format(f"the vectors of this {of} are as of {{}}, not of {{}}", months, asked_for))
        .when(pl.col("heading_deg").is_null())
        .then(pl.lit(HEADING_UNKNOWN))
        .otherwise(pl.format(f"no vector of this {of} is in the heading {{}}", degrees))
    )
    told = missing.join(known, on="asked", how="left", maintain_order="left")
    return found, told.select("asked", error=why)


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
