"""What providers of images of one's own share: these are at hand, each used as it was taken."""

from abc import abstractmethod
from pathlib import Path

import polars as pl

from streetview_assets.images.providers.base import FOUND, Provider, Row, not_found
from streetview_assets.processes.on_progress import OnProgress, untold


class OwnImagesProvider(Provider):
    """Who has images that lie here already."""

    @property
    def path(self) -> Path:
        """The folder or the store: `check_wishes` refuses a study that names none."""
        assert self.images.path is not None
        return self.images.path

    def look_up(self, points: pl.DataFrame, on_progress: OnProgress = untold) -> pl.DataFrame:
        """Find what is at hand at each point.

        Returns
        -------
        polars.DataFrame
            Columns `FOUND`, by point: a row for each that is there, with the reason where it is
            not wanted or cannot be read.
        """
        at_hand = self._at_hand(points)
        rows: list[Row] = []
        for done, one in enumerate(at_hand.iter_rows(named=True), start=1):
            rows.append(self._found(one))
            on_progress(done, at_hand.height)
        told = {row["point_id"] for row in rows}
        rows += [not_found(one, self._why_nothing) for one in points["point_id"] if one not in told]
        key = ["point_id", "panorama_id", "captured_on"]
        found = pl.DataFrame(rows, schema=FOUND)
        return found.unique(key, keep="first", maintain_order=True).sort(key)

    _why_nothing: str | None = None
    """What is said of a point at which nothing is at hand."""

    @abstractmethod
    def names_of_files(self) -> list[str]:
        """List all files that images are, or were, as their owner knows them."""

    @abstractmethod
    def files_of(self, images: pl.DataFrame) -> pl.DataFrame:
        """Say what the files of images are, or were, called.

        Parameters
        ----------
        images
            Rows of the table ``images``.

        Returns
        -------
        polars.DataFrame
            image_id, file; of those of which that is known.
        """

    @abstractmethod
    def _at_hand(self, points: pl.DataFrame) -> pl.DataFrame:
        """Give what there is at points, a row each."""

    @abstractmethod
    def _found(self, one: Row) -> Row:
        """Say what is found of such a row, with columns of `FOUND`."""
