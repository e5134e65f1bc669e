"""Going on where an earlier run was: rows that are done, and shards for rows to come."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from streetview_assets.lake.checkpoint_shards import Shards, latest, shards_of
from streetview_assets.lake.parquet_lake import Provenance, read_part
from streetview_assets.lake.row_statistics import has_none
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.safe_name import safe_name


@dataclass(frozen=True)
class Resumption:
    """The state of one table of one authority while it is being made piece by piece.

    Attributes
    ----------
    opened
        The study.
    table
        Name of the table.
    authority
        Code of the authority; empty of a table that is one for the whole study.
    reuse
        Names what rows depend on beside their key; rows made under another name are not kept.
    """

    opened: OpenStudy
    table: str
    authority: str
    reuse: str = ""

    @cached_property
    def shards(self) -> Shards:
        """Pieces finished since the table's file was last written."""
        return shards_of(self._folder / self.reuse[:16], self.authority, self.table)

    @property
    def _folder(self) -> Path:
        folder = self.opened.root / "cache" / self.table
        if TABLES[self.table].by_encoder:
            folder /= f"encoder={self.opened.encoder}"
        return folder

    def done(self, retry: bool = False) -> pl.DataFrame:
        """Read the rows that need not be made again; with `retry`, failed ones are not among them.

        The file's own rows come first, then the shards': the latest row of a key wins. What failed
        in an attempt that never ended is tried again by the next.
        """
        provenance = self.opened.provenance(self.table, self.authority)
        kept = [self.opened.read(self.table, self.authority)] if self._reusable(provenance) else []
        unfinished = _without_failed(self.shards.read())
        rows = latest([*kept, unfinished], self.table)
        return _without_failed(rows) if retry else rows

    def finish(self, pieces: Iterable[pl.DataFrame], done: pl.DataFrame) -> pl.DataFrame:
        """Keep each piece as it comes, then merge all."""
        return self.shards.finish(pieces, done)

    def clear(self) -> None:
        """Throw all pieces away, whatever they were made from: the table's file is whole."""
        for shards in self._kept():
            shards.clear()

    @property
    def is_unfinished(self) -> bool:
        """Whether an attempt to make the table has left pieces and has not written it."""
        return bool(self._kept())

    def failed(self) -> pl.DataFrame:
        """Read the rows that failed and are not superseded by now, wherever they are kept.

        An attempt that never came to write the table has left its failures in pieces alone.

        Returns
        -------
        polars.DataFrame
            The key of the table and ``error``.
        """
        contract, kept = TABLES[self.table], self._kept()
        marks = [name for name in ("status", "is_current") if name in contract.schema]
        columns = list(dict.fromkeys([*contract.key, *marks, "error"]))
        rows = contract.frame().select(columns)
        if self._may_have_failed(kept):
            rows = read_part(self._file, rows.schema)
        if kept:
            rows = pl.concat([rows, *(shards.read().select(columns) for shards in kept)])
            rows = rows.unique(contract.key, keep="last", maintain_order=True)
        failed = rows.filter(status="failed")
        if "is_current" in columns:
            failed = failed.filter("is_current")
        return failed.select(*contract.key, "error")

    def _may_have_failed(self, kept: list[Shards]) -> bool:
        """Whether the table's file is to be read for failures; a whole country's seldom is."""
        there = self.opened.provenance(self.table, self.authority) is not None
        return there and (bool(kept) or not has_none(self._file, "status", "failed"))

    @property
    def _file(self) -> Path:
        return self.opened.lake.path(self.table, self.authority, self.opened.encoder)

    def _kept(self) -> list[Shards]:
        """List the pieces of this authority, whatever they were made from."""
        if not self._folder.is_dir():
            return []
        found = [folder / safe_name(self.authority) for folder in sorted(self._folder.iterdir())]
        return [Shards(folder, self.table) for folder in found if folder.is_dir()]

    def _reusable(self, provenance: Provenance | None) -> bool:
        return provenance is not None and provenance.reuse == self.reuse


def _without_failed(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows that failed, of a table in which rows can."""
    return rows.filter(pl.col("status") != "failed") if "status" in rows.columns else rows
