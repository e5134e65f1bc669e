"""The protocol that every imagery provider keeps: look up, name the views wanted, fetch them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import polars as pl

from streetview_assets.images.quality_metrics import Pixels

UNKNOWN_DATE = date(1, 1, 1)
"""Stands for a capture date that is not known, since keys are never null."""

FOUND = pl.Schema(
    {
        "point_id": pl.String(),
        "panorama_id": pl.String(),
        "captured_on": pl.Date(),
        "status": pl.String(),
        "longitude": pl.Float64(),
        "latitude": pl.Float64(),
        "distance_m": pl.Float64(),
        "copyright": pl.String(),
        "error": pl.String(),
        "is_panoramic": pl.Boolean(),
        "heading_deg": pl.Float64(),
        "is_third_party": pl.Boolean(),
        "creator": pl.String(),
        "licence": pl.String(),
    }
)
"""Columns of what a look-up gives."""

VIEWS = pl.Schema(
    {
        "panorama_id": pl.String(),
        "captured_on": pl.Date(),
        "heading_deg": pl.Float64(),
        "category": pl.String(),
    }
)
"""Columns of the views that are wanted of panoramas."""

ImageStatus = Literal["ok", "missing", "failed"]


def _nothing() -> None:
    """Stand in where nobody waits to be told."""


@dataclass(frozen=True)
class FetchedImage:
    """What a provider gives for one view.

    Attributes
    ----------
    image_id
        The view that was asked for.
    content
        The bytes of an image file; None where there is none.
    status
        ``missing`` where the provider says that it has no such image, ``failed`` where it could
        not give it this time.
    error
        Why there is no content.
    pixels
        What the content shows, where the provider had to look at it already.
    release
        To be called once the image is safe on disk, or is not going to be: until then it counts
        as under way.
    is_elsewhere
        Whether the provider knows the image and has no pixels of it: a store from which the
        images were taken out, and that has their vectors. It is ``ok``, without a file.
    """

    image_id: str
    content: bytes | None
    status: ImageStatus
    error: str | None
    pixels: Pixels | None = None
    release: Callable[[], None] = _nothing
    is_elsewhere: bool = False


class Provider(Protocol):
    """Who has street-level images.

    One item that fails is a row with a status and an error. A provider that refuses all service
    (a wrong key, a spent budget) raises `ImageryError`.

    Attributes
    ----------
    name
        As `images.provider` has it.
    id_names_one_capture
        Whether a panorama id stands for what was taken at one time, so that another date of it is a
        correction; otherwise a new date is a new capture under the old id.
    """

    name: str
    id_names_one_capture: bool

    def look_up(
        self, points: pl.DataFrame, on_progress: Callable[[int, int], None] | None = None
    ) -> pl.DataFrame:
        """Say what there is near each point of table ``sample_points``.

        Parameters
        ----------
        points
            Rows of the table ``sample_points``: longitude and latitude in degrees (WGS 84).
        on_progress
            Told how many points are done, and of how many.

        Returns
        -------
        polars.DataFrame
            Columns `FOUND`, one or more rows a point. Where there is no imagery or the look-up
            failed, panorama_id is empty and captured_on is `UNKNOWN_DATE`.
        """
        ...

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the views wanted of rows of table ``panoramas``.

        Returns
        -------
        polars.DataFrame
            Columns `VIEWS`, no row twice; heading_deg is null where it is not known. Of files of
            one's own also source_path, their paths as their owner knows them.
        """
        ...

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Give one image for each of the views, in any order, as they come.

        The provider chooses how many it fetches at once, and fetches no further ahead than it
        can keep in memory: whoever iterates may be slower.

        Parameters
        ----------
        views
            As `wanted_images` gives them: columns `VIEWS` with image_id and point_id.
        """
        ...
