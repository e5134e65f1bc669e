"""By what a file of vectors made elsewhere names their images: ids, panoramas, places, files."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.vector_file import wrong
from streetview_assets.points.places import point_ids, rounded

NAMES = pl.Schema(
    {
        "row": pl.Int64(),
        "image_id": pl.String(),
        "panorama_id": pl.String(),
        "point_id": pl.String(),
        "file": pl.String(),
        "captured_on": pl.Date(),
        "heading_deg": pl.Float64(),
    }
)
"""Whose vector stands in each row; null where the file does not say."""

KINDS = ("image_id", "panorama_id", "file", "point_id")
"""By what images are named; where several are there, the first goes before the others."""

ALIASES: dict[str, tuple[str, ...]] = {
    "image_id": ("image_id", "image_ids"),
    "panorama_id": ("panorama_id", "panorama_ids", "pano_id", "panoid", "pano_ids"),
    "file": (
        *(
            "file",
            "files",
            "path",
            "paths",
            "image_path",
            "image_paths",
            "image_file",
            "image_files",
        ),
        *("file_name", "filename", "filenames", "panorama_path", "url"),
    ),
    "captured_on": ("captured_on", "captured_at", "date"),
    "heading_deg": ("heading_deg", "heading", "headings", "headings_deg", "compass_angle"),
    "longitude": ("longitude", "lon", "lng", "gsv_lng", "gsv_lon"),
    "latitude": ("latitude", "lat", "gsv_lat"),
}
"""Columns by the names under which others write them, in any case of letters."""

ANY_NAME = ("ids", "id", "names", "name", "images", "image", "key", "keys")
"""Columns that may name an image by its id or its file; heeded where no other does."""

EXPECTED = (
    "expected a column image_id; panorama_id, with heading_deg where a panorama has several "
    "images; file, the path of the image; or latitude and longitude"
)

_DECIMALS = 6


def found_columns(there: list[str]) -> dict[str, str]:
    """Find the columns that say whose the vectors are.

    Parameters
    ----------
    there
        Names of columns.

    Returns
    -------
    dict
        The column of each meaning that is there.
    """
    by_lower = {name.lower(): name for name in reversed(there)}
    known = {
        meaning: [by_lower[alias] for alias in aliases if alias in by_lower]
        for meaning, aliases in ALIASES.items()
    }
    if not any(known[meaning] for meaning in (*KINDS, "longitude") if meaning in known):
        known["file"] = [by_lower[alias] for alias in ANY_NAME if alias in by_lower]
    return {meaning: columns[0] for meaning, columns in known.items() if columns}


def read_names(columns: Mapping[str, pl.Series], path: Path) -> pl.DataFrame:
    """Read whose the vectors are.

    Parameters
    ----------
    columns
        By meaning, as `found_columns` gives them; one value a vector.
    path
        The file, for messages.

    Returns
    -------
    pl.DataFrame
        Columns `NAMES`; row counts from 0.

    Raises
    ------
    StudyError
        Where nothing names the images, a row has no name, a heading is no number, or a date no
        month.
    """
    count = max((len(values) for values in columns.values()), default=0)
    told = {name: read(columns[name], path) for name, read in _READ_AS.items() if name in columns}
    if {"longitude", "latitude"} <= columns.keys():
        told["point_id"] = _points(columns["longitude"], columns["latitude"])
    names = pl.DataFrame({"row": np.arange(count), **told})
    names = names.match_to_schema(NAMES, missing_columns="insert")
    kind = kind_of(names)
    if kind is None:
        raise wrong(path, f"nothing says whose the vectors are; {EXPECTED}")
    nameless = names.filter(pl.col(kind).is_null())
    if nameless.height:
        raise wrong(path, f"row {nameless['row'][0]} has no {kind}; fill it in, or take it out")
    return names


def kind_of(names: pl.DataFrame) -> str | None:
    """Say by what the images are named; None where nothing names them.

    A panorama without a heading is named by its files, where the file has them too.
    """
    told = [kind for kind in KINDS if names[kind].null_count() < names.height]
    has_heading = names["heading_deg"].null_count() < names.height
    if told[:1] == ["panorama_id"] and "file" in told and not has_heading:
        return "file"
    return told[0] if told else None


def _texts(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Binary:
        values = pl.Series(values.name, [None if v is None else v.decode() for v in values])
    texts = values.cast(pl.String).str.strip_chars("\0 \t\r\n")
    return texts.set(texts == "", None)


def _points(longitude: pl.Series, latitude: pl.Series) -> pl.Series:
    numbers = [values.cast(pl.Float64, strict=False) for values in (longitude, latitude)]
    degrees = np.column_stack([values.fill_null(np.nan) for values in numbers])
    is_nowhere = pl.Series(~np.isfinite(degrees).all(axis=1))
    return pl.Series(point_ids(rounded(degrees)), dtype=pl.String).set(is_nowhere, None)


def _months(values: pl.Series, path: Path) -> pl.Series:
    """Read days, times or 'YYYY-MM…' as the first of the month."""
    texts = _texts(values)
    texts = texts.set(texts.str.to_lowercase().is_in(["nan", "nat", "none"]), None)
    months = texts.str.extract(r"^(\d{4}-(?:0[1-9]|1[0-2]))(?:$|[-T ])")
    days = (months + "-01").str.to_date("%Y-%m-%d", strict=False)
    odd = texts.is_not_null() & days.is_null()
    if odd.any():
        row = odd.to_list().index(True)
        raise wrong(path, f"the date in row {row} is {texts[row]!r}; expected YYYY-MM, or nothing")
    return days


def _headings(values: pl.Series, path: Path) -> pl.Series:
    if values.dtype == pl.String:
        values = _texts(values)
    degrees = values.cast(pl.Float64, strict=False).fill_nan(None)
    odd = values.is_not_null() & degrees.is_null()
    if values.dtype.is_float():
        odd &= values.is_not_nan()
    if odd.any():
        row = odd.to_list().index(True)
        raise wrong(path, f"the heading in row {row} is {values[row]!r}; expected degrees")
    return turned(degrees)


def turned(degrees: pl.Series) -> pl.Series:
    """Give headings from 0 up to 360, to six decimals."""
    return ((degrees % 360).round(_DECIMALS) % 360).alias("heading_deg")


_READ_AS: dict[str, Callable[[pl.Series, Path], pl.Series]] = {
    **dict.fromkeys(("image_id", "panorama_id", "file"), lambda values, _: _texts(values)),
    "captured_on": _months,
    "heading_deg": _headings,
}
"""How the columns of a meaning are read."""
