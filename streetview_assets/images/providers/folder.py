"""The provider `folder`: images of one's own, read where they lie and never changed."""

import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.images.providers.base import FOUND, UNKNOWN_DATE, VIEWS, FetchedImage
from streetview_assets.points.own_images.positions import (
    image_point_ids,
    outside_dates,
    read_image_positions,
)
from streetview_assets.study.images import Images


class FolderProvider:
    """Gives the images of a folder, one view each.

    An image's panorama is named by its file: a hash of its path within the folder and of its
    content. So two files are two images, be they equal to the byte: each has its own place,
    heading and category (`duplicate_of` finds the equal ones). Positions are read at the first
    question, and only the files at the points that are asked about are hashed.

    Parameters
    ----------
    images
        The study's part that names the folder, its positions and columns, and the capture dates
        wanted.
    """

    name = "folder"
    id_names_one_capture = True

    def __init__(self, images: Images) -> None:
        if images.path is None:
            raise StudyError("images.path: provider folder needs the folder of the images.")
        self.images = images
        self.folder = images.path
        self._names: dict[str, str] = {}

    def look_up(
        self, points: pl.DataFrame, on_progress: Callable[[int, int], None] | None = None
    ) -> pl.DataFrame:
        """Find the images taken at each point.

        Returns
        -------
        polars.DataFrame
            Columns `FOUND`: a row for each image of a point, by point. A file that
            cannot be read is a failed row of its point. Where capture dates are wanted, an image
            outside them or without a date is left out.
        """
        unwanted = outside_dates(self.images.captured_between)
        taken = self._files_at(points["point_id"]).filter(~unwanted)
        rows: list[dict[str, object]] = []
        for done, file in enumerate(taken.iter_rows(named=True), start=1):
            rows.append(self._found(file))
            if on_progress:
                on_progress(done, taken.height)
        there = pl.DataFrame(rows, schema=FOUND)
        nothing = points.join(there, on="point_id", how="anti").select(
            "point_id",
            panorama_id=pl.lit(""),
            captured_on=pl.lit(UNKNOWN_DATE),
            status=pl.lit("no_imagery"),
        )
        return (
            pl.concat([there, nothing], how="diagonal")
            .unique(["point_id", "panorama_id", "captured_on"], keep="first", maintain_order=True)
            .sort("point_id", "panorama_id", "captured_on")
        )

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the one view of each image: its heading where that is known, category and file."""
        there = panoramas.filter(pl.col("status") == "ok").select("panorama_id", "captured_on")
        files = self._named(self._files_at(panoramas["point_id"]))
        return files.join(there.unique(), on=["panorama_id", "captured_on"], how="semi").select(
            *VIEWS.names(), source_path="file"
        )

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Read the files of views, in their order, as they are."""
        files = self._named(self._files_at(views["point_id"]))
        file_of = dict(files.select("panorama_id", "file").iter_rows())
        for image_id, panorama_id in views.select("image_id", "panorama_id").iter_rows():
            yield self._image(image_id, panorama_id, file_of.get(panorama_id))

    def names_of_files(self) -> list[str]:
        """List all files that have a place, relative to the folder."""
        return self._positions["file"].to_list()

    def files_of(self, images: pl.DataFrame) -> pl.DataFrame:
        """Say what the files of images are called.

        Parameters
        ----------
        images
            Rows of the table ``images``.

        Returns
        -------
        polars.DataFrame
            image_id, file.
        """
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

    def _found(self, file: dict[str, object]) -> dict[str, object]:
        row = {"point_id": file["point_id"], "panorama_id": "", "captured_on": UNKNOWN_DATE}
        try:
            panorama_id = self._name(str(file["file"]))
        except OSError as error:
            return row | {"status": "failed", "error": f"{file['file']}: {error.strerror}"}
        return row | {
            "panorama_id": panorama_id,
            "captured_on": file["captured_on"],
            "status": "ok",
            "longitude": file["longitude"],
            "latitude": file["latitude"],
            "distance_m": 0.0,
            "copyright": file["copyright"],
        }

    def _named(self, files: pl.DataFrame) -> pl.DataFrame:
        """Add the panorama of each file; files that are gone or cannot be read are left out."""
        names: list[str | None] = []
        for file in files["file"]:
            try:
                names.append(self._name(file))
            except OSError:
                names.append(None)
        return files.with_columns(panorama_id=pl.Series(names, dtype=pl.String)).drop_nulls(
            "panorama_id"
        )

    def _name(self, file: str) -> str:
        if file not in self._names:
            with (self.folder / file).open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            self._names[file] = name_of_file(file, content)
        return self._names[file]

    def _image(self, image_id: str, panorama_id: str, file: str | None) -> FetchedImage:
        if file is None:
            return FetchedImage(image_id, None, "missing", "the file is no longer in the folder")
        try:
            content = (self.folder / file).read_bytes()
        except OSError as error:
            return FetchedImage(image_id, None, "failed", f"{error.strerror}")
        if name_of_file(file, hashlib.sha256(content).hexdigest()) != panorama_id:
            return FetchedImage(image_id, None, "failed", "the file changed since it was looked up")
        return FetchedImage(image_id, content, "ok", None)


def name_of_file(file: str, content_sha256: str) -> str:
    """Name the panorama of a file by its path within the folder and its content, 64 digits."""
    return hashlib.sha256(f"{file}\n{content_sha256}".encode()).hexdigest()
