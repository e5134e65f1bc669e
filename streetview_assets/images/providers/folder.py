"""The provider `folder`: images of one's own, read where they lie and never changed."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property

import polars as pl

from streetview_assets.files.file_state import file_sha256
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
from streetview_assets.points.own_images.positions import image_point_ids, read_image_positions
from streetview_assets.study.images import Images


class FolderProvider(OwnImagesProvider):
    """Gives the images of a folder: one view each, or as many as its folder has of a location.

    An image's panorama is named by its file: a hash of its path within the folder and of its
    content; where several files are views of one panorama, by all of them. So two files are two
    images, be they equal to the byte: each has its own place, heading and category
    (`duplicate_of` finds the equal ones). Positions are read at the first question, and only the
    files at the points that are asked about are hashed. A file that cannot be read is a failed row
    of its point; one outside of the capture dates wanted is left out.

    Parameters
    ----------
    images
        The study's part that names the folder, its positions and columns, and the capture dates
        wanted.
    """

    name = "folder"
    terms = own_terms("images of a folder")
    id_names_one_capture = True
    as_taken = "The images are files of a folder, each as it was taken."
    points_from = "images"
    file_keys = ("images.path", "images.positions", "images.columns")

    def __init__(self, images: Images) -> None:
        super().__init__(images)
        self._names: dict[str, str] = {}

    @classmethod
    def check_wishes(cls, images: Images) -> None:
        """Refuse images of no folder."""
        if images.path is None:
            raise ValueError("provider folder needs `path`, the folder of the images")

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the one view of each image: its heading where that is known, category and file."""
        files = self._named(self._files_at(panoramas["point_id"]))
        shown = files.join(there(panoramas), on=["panorama_id", "captured_on"], how="semi")
        return shown.with_columns(source_path="file").select(VIEWS.names())

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Read the files of views, in their order, as they are."""
        there = set(self._named(self._files_at(views["point_id"]))["file", "panorama_id"].rows())
        wanted = views.select("image_id", "source_path", "panorama_id")
        for image_id, file, panorama_id in wanted.iter_rows():
            yield self._image(image_id, file if (file, panorama_id) in there else None)

    def names_of_files(self) -> list[str]:
        """List all files that have a place, relative to the folder."""
        return self._positions["file"].to_list()

    def files_of(self, images: pl.DataFrame) -> pl.DataFrame:
        """Say what the files of images are called."""
        return images.select("image_id", file="source_path").drop_nulls("file")

    @cached_property
    def _positions(self) -> pl.DataFrame:
        frame = read_image_positions(self.images).frame
        return frame.with_columns(
            point_id=image_point_ids(frame),
            captured_on=pl.col("captured_on").fill_null(UNKNOWN_DATE),
        )

    def _files_at(self, point_ids: pl.Series) -> pl.DataFrame:
        return self._positions.filter(pl.col("point_id").is_in(point_ids.unique().implode()))

    def _at_hand(self, points: pl.DataFrame) -> pl.DataFrame:
        is_wanted = pl.col("captured_on").is_between(*self.images.captured_within)
        return self._files_at(points["point_id"]).filter(is_wanted)

    def _found(self, one: Row) -> Row:
        try:
            panorama_id = self._panorama_id(one["file"], one["panorama"])
        except OSError as error:
            return not_found(one["point_id"], f"{one['file']}: {error.strerror}", "failed")
        known = ("point_id", "captured_on", "longitude", "latitude", "copyright")
        return {name: one[name] for name in known} | {
            "panorama_id": panorama_id,
            "status": "ok",
            "distance_m": 0.0,
        }

    def _named(self, files: pl.DataFrame) -> pl.DataFrame:
        """Add the panorama of each file; files that are gone or cannot be read are left out."""
        names: list[str | None] = []
        for file, panorama in files.select("file", "panorama").iter_rows():
            try:
                names.append(self._panorama_id(file, panorama))
            except OSError:
                names.append(None)
        return files.with_columns(panorama_id=pl.Series(names, dtype=pl.String)).drop_nulls(
            "panorama_id"
        )

    def _panorama_id(self, file: str, panorama: str | None) -> str:
        """Name the panorama of a file: itself, or all files that can be read and are its views."""
        name = self._name(file)
        if panorama is None:
            return name
        names = []
        for view in self._views_of[panorama]:
            with suppress(OSError):
                names.append(self._name(view))
        return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()

    @cached_property
    def _views_of(self) -> dict[str, list[str]]:
        grouped = self._positions.drop_nulls("panorama").group_by("panorama").agg("file")
        return dict(grouped.iter_rows())

    def _name(self, file: str) -> str:
        if file not in self._names:
            self._names[file] = name_of_file(file, file_sha256(self.path / file))
        return self._names[file]

    def _image(self, image_id: str, file: str | None) -> FetchedImage:
        if file is None:
            return FetchedImage(image_id, None, "missing", "the file is no longer in the folder")
        try:
            content = (self.path / file).read_bytes()
        except OSError as error:
            return FetchedImage(image_id, None, "failed", f"{error.strerror}")
        if name_of_file(file, hashlib.sha256(content).hexdigest()) != self._name(file):
            return FetchedImage(image_id, None, "failed", "the file changed since it was looked up")
        return FetchedImage(image_id, content)


def name_of_file(file: str, content_sha256: str) -> str:
    """Name the panorama of a file by its path within the folder and its content, 64 digits."""
    return hashlib.sha256(f"{file}\n{content_sha256}".encode()).hexdigest()


PROVIDER = FolderProvider
