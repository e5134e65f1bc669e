"""Vectors made elsewhere as features of locations (HDF5, n × views × d) beside a file of labels."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.image_keys import (
    found_columns,
    kind_of,
    read_names,
)
from streetview_assets.embeddings.encoders.imported.parquet import name_columns, readable_parquet
from streetview_assets.embeddings.encoders.imported.street_data_h5 import Slots, told_models
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    VectorFile,
    hash_of_files,
    wrong,
)
from streetview_assets.files import pickled
from streetview_assets.files.labels import labels_beside as files_beside
from streetview_assets.files.labels import labels_of
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.store_file import bounded, opened
from streetview_assets.points.imported.street_data import FOUR_HEADINGS
from streetview_assets.text.spreadsheet_text import unguarded

FEATURES = "features"
OF_LOCATIONS = ("panorama_id", "longitude", "latitude", "captured_on")


def is_features(path: Path) -> bool:
    """Say whether an HDF5 file holds features of locations, and is no store of points."""
    with opened(path, KEY) as file:
        return FEATURES in file and "point_id" not in file


def labels_beside(path: Path) -> Path:
    """Find the labels of features: the file of the same name, or else `labels.csv`.

    Raises
    ------
    StudyError
        Where there are none.
    """
    found = files_beside(path)
    if found is None:
        raise wrong(
            path,
            f"nothing beside it says whose the features are; expected {labels_of(path)[0].name} "
            "with a row for each location: panorama_id, or latitude and longitude",
        )
    return found


def open_features(path: Path) -> VectorFile:
    """Open features, with the labels beside them.

    Views of a location are in the headings of the attribute `headings`; four without it are 0, 90,
    180 and 270.

    Raises
    ------
    StudyError
        Where the form is another, or labels and features differ in number: rows then stand beside
        each other that are not of one location.
    """
    labels = labels_beside(path)
    with opened(path, KEY) as file:
        stored = file[FEATURES]
        if getattr(stored, "ndim", 0) != 3 or stored.dtype.kind != "f":
            form = f"{getattr(stored, 'shape', 'a group')}"
            raise wrong(path, f"data set {FEATURES!r} is {form}; expected (n, views, d), float32")
        shape = count, views, _ = bounded(stored, f"{KEY}: {path}").shape
        vectors = Slots(path, FEATURES, shape, stored.dtype)
        models = told_models(file, FEATURES)
        headings = np.array(file.attrs.get("headings", FOUR_HEADINGS), dtype=np.float64) % 360
    if headings.shape != (views,):
        raise wrong(
            path, f"there are {views} views, and headings {headings.tolist()}; expected one a view"
        )
    names = _names(labels)
    if names.height != count:
        raise wrong(
            labels,
            f"{names.height} rows for the {count} locations of {path.name}; leave out of both what "
            "one of them lacks",
        )
    return VectorFile(
        path=path,
        names=names.drop("heading_deg")
        .join(pl.DataFrame({"heading_deg": headings}), how="cross", maintain_order="left_right")
        .with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
        .select(names.columns),
        vectors=vectors,
        models=models,
        content=partial(_content, vectors, labels),
    )


def _content(vectors: Slots, labels: Path) -> str:
    known = f"{vectors.sha256()} {hash_of_files([labels])}"
    return hashlib.sha256(known.encode()).hexdigest()


def _names(labels: Path) -> pl.DataFrame:
    """Read whose the features are; a location is named by its panorama or its place."""
    if labels.suffix.lower() in pickled.SUFFIXES:
        with pickled.as_parquet(labels, f"{KEY}: {labels}") as parquet:
            return _names(parquet)
    if labels.suffix == ".parquet":
        with readable_parquet(labels) as file:
            columns = name_columns(file)
    else:
        separator = "\t" if labels.suffix == ".tsv" else ","
        with reading(f"{KEY}: {labels}", "CSV"):
            # As text, so that an id keeps its zeros.
            table = pl.read_csv(labels, separator=separator, infer_schema=False, glob=False)
        columns = {
            meaning: table[name].map_elements(unguarded, pl.String)
            for meaning, name in found_columns(table.columns).items()
        }
    of_locations = {meaning: columns[meaning] for meaning in OF_LOCATIONS if meaning in columns}
    if "panorama_id" not in of_locations and not {"longitude", "latitude"} <= of_locations.keys():
        raise wrong(
            labels,
            "nothing says which locations these are; expected a column panorama_id, or latitude "
            "and longitude (gsv_lat, gsv_lng)",
        )
    names = read_names(of_locations, labels)
    assert kind_of(names) in ("panorama_id", "point_id"), "no other column was given"
    return names
