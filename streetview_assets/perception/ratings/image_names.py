"""Which image is meant by the name that came with a rating: never by its row, never by a guess."""

from collections.abc import Callable

import polars as pl

from streetview_assets.files.file_names import IMAGE_SUFFIXES, WRITINGS, ends_of_paths, whole_paths

NAMED = pl.Schema(
    {"name": pl.String(), "image_id": pl.String(), "status": pl.String(), "reason": pl.String()}
)
"""Columns of what is found for each name."""

NO_IMAGE = "no image of the study is called so"


def match_names(names: pl.Series, images: pl.DataFrame) -> pl.DataFrame:
    """Find the image of each name: its id, its file, or the provider's id of its panorama.

    A path or URL is of the file of one's own whose whole path ends it, else of the one file called
    as its last part is. A last part without the ending of images is an image_id or a panorama_id.

    Parameters
    ----------
    names
        As they came, in any order and number.
    images
        image_id, panorama_id, source_path (null of images that are no files of one's own) and
        seen_id, the image in whose place it is looked at: itself, or its panorama's first view.

    Returns
    -------
    polars.DataFrame
        Columns `NAMED`, a row a name, sorted; image_id is a seen_id. The status is `ok`, `no_image`
        or `ambiguous`, where several images go by that name.
    """
    left = names.drop_nulls().unique().sort().to_frame("name")
    found = [pl.DataFrame(schema={"name": pl.String, "image_id": pl.String})]
    for find in (_by_id, _by_file, _by_stem, _by_panorama):
        hits = find(left, images)
        left = left.join(hits, on="name", how="anti")
        found.append(hits)
    counted = (
        pl.concat(found)
        .unique()
        .group_by("name")
        .agg(count=pl.len(), image_id=pl.col("image_id").first())
    )
    lone = counted.filter(pl.col("count") == 1).with_columns(status=pl.lit("ok"))
    several = counted.filter(pl.col("count") > 1).with_columns(
        image_id=None,
        status=pl.lit("ambiguous"),
        reason=pl.format("{} images of the study go by this name", "count"),
    )
    none = left.with_columns(status=pl.lit("no_image"), reason=pl.lit(NO_IMAGE))
    rows = pl.concat([lone, several, none], how="diagonal_relaxed")
    return rows.match_to_schema(NAMED, missing_columns="insert", extra_columns="ignore").sort(
        "name"
    )


def _by_id(names: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    return _joined(names.with_columns(meant="name"), images, "image_id")


def _by_file(names: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Match by whole paths, then by the last part, which is of all files that have it."""
    files = images.select("source_path", "seen_id").drop_nulls().unique()
    numbered = names.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    whole = whole_paths(numbered, files["source_path"])
    ends = ends_of_paths(numbered.join(whole, on="row", how="anti"), files["source_path"])
    of_paths = pl.concat([whole, ends]).join(numbered, on="row")
    found = [of_paths.join(files, left_on="file", right_on="source_path")]
    for write in WRITINGS:
        left = names.join(pl.concat([one.select("name") for one in found]), on="name", how="anti")
        if left.is_empty():
            break
        meant = _written(left, "name", write), _written(files, "source_path", write)
        found.append(meant[0].join(meant[1], on="meant"))
    return pl.concat([one.select("name", image_id="seen_id") for one in found])


def _written(frame: pl.DataFrame, column: str, write: Callable[[str], str]) -> pl.DataFrame:
    parts = frame.select(_last_part(column)).to_series()
    return frame.with_columns(pl.Series("meant", [write(part) for part in parts], dtype=pl.String))


def _by_stem(names: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    return _joined(names.with_columns(meant=_stem("name")), images, "image_id")


def _by_panorama(names: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    for meant in (pl.col("name"), _stem("name")):
        hits = _joined(names.with_columns(meant=meant), images, "panorama_id")
        if hits.height:
            return hits
    return hits


def _joined(names: pl.DataFrame, images: pl.DataFrame, by: str) -> pl.DataFrame:
    there = images.select("seen_id", meant=by).drop_nulls().unique()
    return names.join(there, on="meant").select("name", image_id="seen_id")


def _last_part(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("\\", "/", literal=True).str.split("/").list.last()


def _stem(column: str) -> pl.Expr:
    ending = rf"(?i)\.(?:{'|'.join(IMAGE_SUFFIXES)})$"
    return _last_part(column).str.replace(ending, "")
