"""Vectors made elsewhere as features of locations, with labels: HDF5, or npz files in a folder."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from streetview_assets.embeddings.encoders.imported.image_keys import (
    found_columns,
    kind_of,
    read_names,
)
from streetview_assets.embeddings.encoders.imported.parquet import readable_parquet
from streetview_assets.embeddings.encoders.imported.street_data_h5 import Slots, told_models
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    VectorFile,
    hash_of_files,
    wrong,
)
from streetview_assets.files import pickled
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.location_features import (
    FEATURES,
    OWN,
    differ,
    labels_for,
    stored_features,
    view_headings,
)
from streetview_assets.points.imported.npz_codes import NpzCodes, npz_codes
from streetview_assets.points.imported.point_rows import IDS, PANORAMA_IDS
from streetview_assets.points.imported.store_file import opened
from streetview_assets.text.spreadsheet_text import unguarded

OF_LOCATIONS = ("panorama_id", "longitude", "latitude", "captured_on")


def open_features(path: Path) -> VectorFile:
    """Open features, with the labels that say whose they are.

    Views of a location are in the headings of the attribute `headings`; four without it are 0, 90,
    180 and 270. A location is named by its panorama; else by its own id, as the provider `hdf5`
    names it where the images come from the same file, and by its place.

    Raises
    ------
    StudyError
        Where the form is another, or labels and features differ in number: rows then stand beside
        each other that are not of one location.
    """
    labels = labels_for(path, KEY)
    ids, names = _names(labels)
    own = None if names["panorama_id"].count() or None in ids else [f"{OWN}{one}" for one in ids]
    if path.is_dir():
        codes = npz_codes(path, ids, labels, KEY)
        of_views = view_headings(None, codes.view_shape[0], path, KEY)
        files = [labels, *(file for file in codes.files if file is not None)]
        names = _by_view(names, of_views)
        return VectorFile(
            path, names, NpzRows(codes), files=files, own_ids=_of_views(own, len(of_views))
        )
    with opened(path, KEY) as file:
        stored = stored_features(file, path, KEY)
        shape = count, views, _ = stored.shape
        vectors = Slots(path, FEATURES, shape, stored.dtype)
        models = told_models(file, FEATURES)
        headings = view_headings(file.attrs.get("headings"), views, path, KEY)
    if names.height != count:
        raise differ(labels, names.height, count, path.name, KEY)
    return VectorFile(
        path=path,
        names=_by_view(names, headings),
        vectors=vectors,
        models=models,
        content=partial(_content, vectors, labels),
        own_ids=_of_views(own, views),
    )


def _by_view(names: pl.DataFrame, headings: np.ndarray) -> pl.DataFrame:
    """Name every view of every location, in the order of the vectors."""
    views = pl.DataFrame({"heading_deg": headings})
    return (
        names.drop("heading_deg")
        .join(views, how="cross", maintain_order="left_right")
        .with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
        .select(names.columns)
    )


def _of_views(own: list[str] | None, views: int) -> pl.Series | None:
    return None if own is None else pl.Series(np.repeat(own, views).tolist(), dtype=pl.String)


@dataclass(frozen=True)
class NpzRows:
    """Views of locations, numbered through, each location in a file of its own until asked for.

    Attributes
    ----------
    codes
        The files.
    """

    codes: NpzCodes

    @property
    def shape(self) -> tuple[int, int]:
        """How many views there are, and how many numbers each has."""
        count, views, dimension = self.codes.shape
        return count * views, dimension

    @property
    def dtype(self) -> np.dtype:
        """The number format in which they are kept."""
        return self.codes.dtype

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Read the vectors of views, which ascend: each file once."""
        location, view = np.divmod(rows, self.codes.view_shape[0])
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        for row in np.unique(location):
            mine = location == row
            found[mine] = self.codes.location(int(row))[view[mine]]
        return found


def _content(vectors: Slots, labels: Path) -> str:
    known = f"{vectors.sha256()} {hash_of_files([labels])}"
    return hashlib.sha256(known.encode()).hexdigest()


def _names(labels: Path) -> tuple[list[str | None], pl.DataFrame]:
    """Read whose the features are: the locations' own ids, and the names of their images."""
    if labels.suffix.lower() in pickled.SUFFIXES:
        with pickled.as_parquet(labels, f"{KEY}: {labels}") as parquet:
            return _names(parquet)
    table = _table(labels)
    columns = {
        meaning: table[name]
        for meaning, name in found_columns(table.columns).items()
        if meaning in OF_LOCATIONS
    }
    if "panorama_id" not in columns and not {"longitude", "latitude"} <= columns.keys():
        raise wrong(
            labels,
            "nothing says which locations these are; expected a column panorama_id, or latitude "
            "and longitude (gsv_lat, gsv_lng)",
        )
    own = _own_ids(table)
    names = read_names(columns, labels)
    assert kind_of(names) in ("panorama_id", "point_id"), "no other column was given"
    return own, names


def _table(labels: Path) -> pl.DataFrame:
    """Read the table as text, so that an id keeps its zeros."""
    if labels.suffix == ".parquet":
        with readable_parquet(labels), reading(f"{KEY}: {labels}", "Parquet"):
            table = pl.read_parquet(labels, glob=False)
            return table.select(~cs.nested() & ~cs.binary()).cast(pl.String)
    with reading(f"{KEY}: {labels}", "CSV"):
        separator = "\t" if labels.suffix == ".tsv" else ","
        table = pl.read_csv(labels, separator=separator, infer_schema=False, glob=False)
    return table.select(pl.all().map_elements(unguarded, pl.String))


def _own_ids(table: pl.DataFrame) -> list[str | None]:
    """Give the ids of locations as `points.path` reads them; None where there are none."""
    by_lower = {name.strip().lower(): name for name in reversed(table.columns)}
    there = [by_lower[name] for name in IDS if name in by_lower and name not in PANORAMA_IDS]
    columns = [pl.col(name).str.strip_chars().replace("", None) for name in there]
    return table.select(pl.coalesce(*columns, None).cast(pl.String)).to_series().to_list()
