"""Going on where an earlier run was: rows that are done, and shards for rows to come."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from streetview_assets.lake.lake import Stamp
from streetview_assets.lake.open_study import OpenStudy
from streetview_assets.lake.shards import Shards, latest
from streetview_assets.safe_name import safe_name
from streetview_assets.tables import TABLES


@dataclass(frozen=True)
class Resumption:
    """The state of one table of one authority while it is being made piece by piece.

    Attributes
    ----------
    reuse
        Names what rows depend on beside their key; rows made under another name are not kept.
    """

    opened: OpenStudy
    table: str
    authority: str
    reuse: str

    @cached_property
    def shards(self) -> Shards:
        """Pieces finished since the table's file was last written."""
        folder = self.opened.root / "cache" / self.table
        if TABLES[self.table].by_encoder:
            folder /= f"encoder={self.opened.encoder}"
        return Shards(folder / self.reuse[:16] / safe_name(self.authority), self.table)

    def done(self, retry: bool = False) -> pl.DataFrame:
        """Read the rows that need not be made again; with `retry`, failed ones are not among them.

        The file's own rows come first, then the shards': the latest row of a key wins.
        """
        stamp = self.opened.stamp(self.table, self.authority)
        kept = [self.opened.read(self.table, self.authority)] if self._reusable(stamp) else []
        rows = latest([*kept, self.shards.read()], self.table)
        return rows.filter(pl.col("status") != "failed") if retry else rows

    def finish(self, pieces: Iterable[pl.DataFrame], done: pl.DataFrame) -> pl.DataFrame:
        """Keep each piece as it comes, then merge all."""
        made = []
        for piece in pieces:
            self.shards.append(piece)
            made.append(piece)
        return latest([done, *made], self.table)

    def _reusable(self, stamp: Stamp | None) -> bool:
        return stamp is not None and stamp.reuse == self.reuse
