"""The provider `hdf5`: the images of a store that a group has made before, taken as they are."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.errors import StreetviewError, StudyError
from streetview_assets.files.reading import reading
from streetview_assets.images.providers.base import (
    UNKNOWN_DATE,
    VIEWS,
    FetchedImage,
    Row,
    not_found,
    there,
)
from streetview_assets.images.providers.own_images import OwnImagesProvider
from streetview_assets.images.providers.terms import own_terms
from streetview_assets.points.distance import distance_m
from streetview_assets.points.imported.location_features import (
    Slots,
    is_location_features,
    read_points_of,
    slots_of,
)
from streetview_assets.points.imported.store_file import PATHS, opened, text_of
from streetview_assets.points.imported.street_data import StreetData
from streetview_assets.study.images import Images
from streetview_assets.study.study_file import Study

if TYPE_CHECKING:
    import h5py

KEY = "images.path"
NO_IMAGE = "the store has no image in this slot"

_PANORAMA_ID = re.compile(r"[A-Za-z0-9_:=.+-]{1,200}")
_CHARACTERS_SHOWN = 60
_OF_VIEW = ["panorama_id", "captured_on", "heading_deg"]


class Hdf5Provider(OwnImagesProvider):
    """Gives the images of a store, one for each slot whose heading the study wants.

    A store may be features of locations with their labels (`location_features`): it then has no
    images, and those of which it has the features are there without a file.

    Where headings differ from point to point or are not known, and the study names none, all are
    wanted. What was captured outside of the dates wanted, or of which the store itself says that
    there is nothing, is `no_imagery`, with the reason; several ids at one place are all kept.
    A panorama is named by the store's own id, or by the external id of its point. What the store
    says of its points is read at the first question, an image when it is its turn.
    """

    name = "hdf5"
    terms = own_terms("images of an HDF5 store")
    as_taken = "The images come from an HDF5 store, each as it was taken."
    points_from = "path"
    may_grow = True
    file_keys = (KEY,)
    _why_nothing = "the store has no point at this place"

    @classmethod
    def check_wishes(cls, images: Images) -> None:
        """Refuse images of no store."""
        path = images.path
        if path is None or not (path.is_file() or is_location_features(path, KEY)):
            raise ValueError(
                "provider hdf5 needs `path`: the store (street_data.h5), or features with labels "
                "(features.h5, or a folder of npz files)"
            )

    @classmethod
    def check_inputs(cls, study: Study) -> None:
        """Refuse a store that cannot give what a study asks of it.

        Raises
        ------
        StudyError
            Where `check` says so, or where the store has no images and the study asks for an
            encoder that needs them.
        """
        provider = cls(study.images)
        provider.check()
        if study.encoder.name == "import":
            return
        with slots_of(provider.path, KEY) as (images, _):
            has_none = not holds_images(images)
        if has_none:
            raise StudyError(
                f"{KEY}: {provider.path} holds no images, and encoder {study.encoder.name} needs "
                "them. Take the vectors of the store instead: encoder: {name: import, path: …}."
            )

    def check(self) -> None:
        """Refuse a store of another form, or one without any heading that is wanted.

        Raises
        ------
        StudyError
            With the file, the data set or the headings, and what was expected.
        """
        if self._slots.is_empty() and self._store.points.height:
            there = ", ".join(f"{heading:g}" for heading in np.unique(self._store.headings_deg))
            wanted = ", ".join(f"{heading:g}" for heading in self.images.headings_deg)
            raise StudyError(
                f"images.headings_deg: {self.path} has no image in a heading that is wanted "
                f"({wanted}); it has {there}."
            )

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the slots of each panorama in wanted headings, and the paths that they came from."""
        shown = self._slots.join(there(panoramas), on=["panorama_id", "captured_on"], how="semi")
        slots = shown.unique(_OF_VIEW, keep="first", maintain_order=True)
        return slots.with_columns(category=None).select(VIEWS.names()).cast(VIEWS)

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Read the images of views out of the store, one by one, in the order of the store."""
        slots = (
            views.select("image_id", *_OF_VIEW)
            .join(self._slots, on=_OF_VIEW, how="left", nulls_equal=True)
            .sort("row", "slot", nulls_last=True)
            .group_by("image_id", maintain_order=True)
            .agg("row", "slot")
        )
        with slots_of(self.path, KEY) as (stored, vectors):
            keeps_images = holds_images(stored)
            for image_id, rows, columns in slots.iter_rows():
                places = [place for place in zip(rows, columns, strict=True) if None not in place]
                yield _image(stored if keeps_images else vectors, image_id, places, keeps_images)

    def names_of_files(self) -> list[str]:
        """List the paths under which images were kept before they came into the store."""
        return list(self._paths.values())

    def files_of(self, images: pl.DataFrame) -> pl.DataFrame:
        """Say under which path each image was kept before it came into the store."""
        wanted = images.select("image_id", *_OF_VIEW)
        slots = self._slots.join(wanted, on=_OF_VIEW, how="inner", nulls_equal=True)
        return slots.select("image_id", file="source_path").drop_nulls("file")

    @cached_property
    def _paths(self) -> Mapping[tuple[int, int], str]:
        """Path of each slot, of those that have one."""
        if self.path.is_dir():
            return MappingProxyType({})
        with opened(self.path, KEY) as file:
            paths = file[PATHS][:] if PATHS in file else np.empty((0, 0))
        told = {place: text_of(path) for place, path in np.ndenumerate(paths)}
        return MappingProxyType({place: path for place, path in told.items() if path})

    @cached_property
    def _store(self) -> StreetData:
        return read_points_of(self.path, KEY)

    @cached_property
    def _slots(self) -> pl.DataFrame:
        is_asked = "headings_deg" in self.images.model_fields_set
        is_filtered = is_asked or not self._store.has_own_headings
        slots = self._store.slots(self.images.headings_deg if is_filtered else None)
        paths = [self._paths.get(place) for place in slots.select("row", "slot").iter_rows()]
        return slots.with_columns(
            pl.col("captured_on").fill_null(UNKNOWN_DATE),
            source_path=pl.Series(paths, dtype=pl.String),
        )

    def _at_hand(self, points: pl.DataFrame) -> pl.DataFrame:
        self.check()
        wanted = points["point_id"].unique().implode()
        return self._store.points.filter(pl.col("point_id").is_in(wanted))

    def _found(self, one: Row) -> Row:
        captured_on = one["captured_on"] or UNKNOWN_DATE
        if unwanted := self._unwanted(one, captured_on):
            return not_found(one["point_id"], unwanted)
        if one["pano_id"] is not None and not _PANORAMA_ID.fullmatch(one["pano_id"]):
            said = f"the store's pano_id {one['pano_id'][:_CHARACTERS_SHOWN]!r} is no panorama id"
            return not_found(one["point_id"], said, "failed")
        here = one["longitude"], one["latitude"]
        there = one["panorama_longitude"], one["panorama_latitude"]
        at = here if None in there else there
        unread = one["date"] is not None and one["captured_on"] is None
        return {
            "point_id": one["point_id"],
            "panorama_id": one["panorama_id"],
            "captured_on": captured_on,
            "status": "ok",
            "longitude": at[0],
            "latitude": at[1],
            "distance_m": distance_m(*here, *at),
            "copyright": one["copyright"],
            "error": f"the store's date {one['date']!r} is no month" if unread else None,
        }

    def _unwanted(self, one: Row, captured_on: date) -> str | None:
        status = one["status"]
        if status and status.upper() != "OK" and not one["has_image"]:
            return f"the store says: {status}"
        if self.images.wants(captured_on):
            return None
        if captured_on == UNKNOWN_DATE:
            return "the store says nothing of its date"
        return f"the store's images are of {captured_on:%Y-%m}"


def holds_images(stored: "h5py.Dataset | None") -> bool:
    """Say whether a store holds any image at all, or vectors alone."""
    if stored is None:
        return False
    rows = range(stored.shape[0])
    return any(len(content) > 0 for row in rows for content in stored[row])


def _image(
    data: "Slots | None", image_id: str, places: list[tuple[int, int]], keeps_images: bool
) -> FetchedImage:
    """Take an image from the first of its places that has one, or the vector alone."""
    if data is None:
        return FetchedImage(image_id, None, "missing", NO_IMAGE)
    try:
        with reading("this slot of the store", "an image or a vector", error=_SlotError):
            for place in places:
                content = data[place]
                if keeps_images and len(content):
                    return FetchedImage(image_id, content.tobytes())
                if not keeps_images and np.isfinite(content).all() and np.any(content):
                    return FetchedImage(image_id, is_elsewhere=True)
    except _SlotError as error:
        return FetchedImage(image_id, None, "failed", str(error))
    return FetchedImage(image_id, None, "missing", NO_IMAGE)


class _SlotError(StreetviewError):
    """One slot of a store is broken: a row with its reason, not the end."""


PROVIDER = Hdf5Provider
