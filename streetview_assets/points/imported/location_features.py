"""Features of locations made elsewhere, with labels that say where these lie: a store of points.

They are an HDF5 file (data set `features`, locations × views × numbers) with a table of labels
beside it, row by row; or a folder of npz files, one a location, named by its id (array `code`,
views × numbers), with a table of labels inside, by id.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.labels import labels_beside, labels_of, tables_in
from streetview_assets.points.imported.npz_codes import NPZ, npz_codes
from streetview_assets.points.imported.point_rows import PointRow, as_id, place_of, read_rows
from streetview_assets.points.imported.store_file import IMAGES, SUFFIXES, VECTORS, bounded, opened
from streetview_assets.points.imported.street_data import (
    FOUR_HEADINGS,
    StreetData,
    month,
    read_street_data,
)
from streetview_assets.points.places import named_places
from streetview_assets.study.points import PointColumns
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    import h5py

FEATURES = "features"
OWN = "point:"
"""Begins the id of a panorama that has none but that of its location."""
DATES = ("captured_on", "captured_at", "date")


class Slots(Protocol):
    """What is kept by point and slot, in a file until it is asked for."""

    def __getitem__(self, place: tuple[int, int]) -> np.ndarray:
        """Read what stands in a slot of a point."""


def is_location_features(path: Path, key: str) -> bool:
    """Say whether a file or folder holds features of locations, and is no store of images.

    Parameters
    ----------
    path, key
        The file or folder, and the key of the study that names it.
    """
    if path.is_dir():
        return next(path.glob(f"*{NPZ}"), None) is not None
    if path.suffix.lower() not in SUFFIXES:
        return False
    with opened(path, key) as file:
        return FEATURES in file and "point_id" not in file


def read_points_of(path: Path, key: str) -> StreetData:
    """Read the points of a store of street data, or of features of locations.

    Parameters
    ----------
    path, key
        The file or folder, and the key of the study that names it.
    """
    if is_location_features(path, key):
        return read_location_features(path, key)
    return read_street_data(path, key)


def read_location_features(path: Path, key: str) -> StreetData:
    """Read which locations features are of, and check their form.

    A location is known by its id (`img_id`, `new_imgid`, …), else by its place, and has four views
    from north clockwise unless the attribute `headings` says otherwise. Several locations may lie
    at one place. One without a file of its own has no image.

    Parameters
    ----------
    path, key
        The HDF5 file or the folder, and the key of the study that names it.

    Raises
    ------
    StudyError
        Where there are no labels, features and labels differ in number, or an id is there twice.
    """
    labels = labels_for(path, key)
    points = _locations(labels, key)
    if path.is_dir():
        codes = npz_codes(path, points["source_id"].to_list(), labels, key)
        views, dimension = codes.view_shape
        headings: object = None
        is_present = np.array([[file is not None] * views for file in codes.files])
    else:
        is_present = None
        with opened(path, key) as file:
            stored = stored_features(file, path, key)
            count, views, dimension = stored.shape
            headings = file.attrs.get("headings")
        if count != points.height:
            raise differ(labels, points.height, count, path.name, key)
    return StreetData(
        path,
        points.with_columns(
            has_image=pl.lit(None, pl.Boolean)
            if is_present is None
            else pl.Series(is_present[:, 0], dtype=pl.Boolean)
        ),
        np.broadcast_to(view_headings(headings, views, path, key), (points.height, views)),
        is_present,
        dimension,
    )


def labels_for(path: Path, key: str) -> Path:
    """Find the labels of features: beside a file, the one table inside a folder.

    Raises
    ------
    StudyError
        Where there are none, or several in a folder.
    """
    expected = "expected a row for each location: its id, latitude and longitude"
    if path.is_dir():
        tables = tables_in(path)
        found = [file for file in tables if file.stem == "labels"] or tables
        if len(found) != 1:
            there = ", ".join(file.name for file in tables) or "none"
            raise StudyError(
                f"{key}: {path}: one table in the folder has to say whose the features are "
                f"({expected}), such as labels.csv. There are: {there}."
            )
        return found[0]
    beside = labels_beside(path)
    if beside is None:
        raise StudyError(
            f"{key}: {path}: nothing beside it says whose the features are; expected "
            f"{labels_of(path)[0].name} with a row for each location: its id, and latitude and "
            "longitude or panorama_id."
        )
    return beside


def stored_features(file: "h5py.File", path: Path, key: str) -> "h5py.Dataset":
    """Give the data set of features, its form checked.

    Parameters
    ----------
    file
        Open for reading.
    path, key
        The file, and the key of the study that names it, for messages.

    Raises
    ------
    StudyError
        Where it is of another form.
    """
    stored = file[FEATURES]
    if getattr(stored, "ndim", 0) != 3 or stored.dtype.kind != "f":
        form = f"{getattr(stored, 'shape', 'a group')}"
        raise StudyError(
            f"{key}: {path}: data set {FEATURES!r} is {form}; expected (n, views, d), float32."
        )
    return bounded(stored, f"{key}: {path}")


def view_headings(told: object, views: int, path: Path, key: str) -> np.ndarray:
    """Give the headings of views, 0 up to 360; four without any are 0, 90, 180 and 270.

    Parameters
    ----------
    told
        What the store says of them; None: nothing.
    views
        How many there are.
    path, key
        The store, and the key of the study that names it, for messages.

    Raises
    ------
    StudyError
        Where there is not one a view.
    """
    headings = np.array(FOUR_HEADINGS if told is None else told, dtype=np.float64) % 360
    if headings.shape != (views,):
        raise StudyError(
            f"{key}: {path}: it has {counted(views, 'view')}, and headings "
            f"{headings.tolist()}; expected one a view."
        )
    return headings


def differ(labels: Path, told: int, count: int, name: str, key: str) -> StudyError:
    """Make the error that labels are not of the features that they lie beside.

    Parameters
    ----------
    labels
        The table.
    told, count
        Rows of labels, and locations with features.
    name
        Of the file of features.
    key
        The key of the study that names it.
    """
    return StudyError(
        f"{key}: {labels}: {counted(told, 'row')} for the {counted(count, 'location')} of {name}; "
        "leave out of both what one of them lacks."
    )


@contextmanager
def slots_of(path: Path, key: str) -> Iterator[tuple["h5py.Dataset | None", "Slots | None"]]:
    """Open what a store keeps by point and slot: images, and vectors; None where it has none.

    Parameters
    ----------
    path, key
        The file or folder, and the key of the study that names it.
    """
    if path.is_dir():
        ids = _locations(labels := labels_for(path, key), key)["source_id"]
        yield None, npz_codes(path, ids.to_list(), labels, key)
        return
    name = FEATURES if is_location_features(path, key) else VECTORS
    with opened(path, key) as file:
        yield file.get(IMAGES), file.get(name)


def _locations(labels: Path, key: str) -> pl.DataFrame:
    """Make the points of a store of the rows of labels, in their order."""
    place = f"{key}: {labels}"
    rows = list(read_rows(labels, key, PointColumns()))
    if not rows:
        raise StudyError(f"{place} has no rows, so that nothing says whose the features are.")
    degrees = [place_of(row, place) for row in rows]
    ids = [as_id(row.source_id) for row in rows]
    panoramas = [as_id(row.panorama_id or row.told.get("panorama_id")) for row in rows]
    texts = {
        "source_id": [
            None if one == pano else one for one, pano in zip(ids, panoramas, strict=True)
        ],
        "pano_id": panoramas,
        "date": [_date(row) for row in rows],
        "properties": [row.properties for row in rows],
    }
    frame = named_places(
        pl.DataFrame(degrees, {"longitude": pl.Float64, "latitude": pl.Float64}, orient="row")
    ).with_columns(
        *(pl.Series(name, values, dtype=pl.String) for name, values in texts.items()),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        captured_on=pl.Series([month(one) for one in texts["date"]], dtype=pl.Date),
    )
    twice = frame.drop_nulls("source_id").filter(pl.col("source_id").is_duplicated())
    if twice.height:
        raise StudyError(
            f"{place}: the id {twice['source_id'][0]} stands in several rows; expected each once."
        )
    nothing = {name: pl.lit(None, pl.String) for name in ("copyright", "status", "city")}
    nowhere = {f"panorama_{axis}": pl.lit(None, pl.Float64) for axis in ("longitude", "latitude")}
    own = pl.format(f"{OWN}{{}}", pl.coalesce("source_id", "point_id"))
    return frame.with_columns(panorama_id=pl.coalesce("pano_id", own), **nothing, **nowhere)


def _date(row: PointRow) -> str | None:
    told = (row.told.get(name) for name in DATES)
    return next((str(value) for value in told if value not in (None, "")), None)
