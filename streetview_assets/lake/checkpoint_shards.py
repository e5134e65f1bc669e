"""Shards: what a long stage has done so far, so that a killed run goes on where it was."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import polars as pl

from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.parquet_lake import is_whole, plain, read_part
from streetview_assets.lake.seal import write_sealed
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.safe_name import safe_name


@dataclass(frozen=True)
class Shards:
    """Finished pieces of one table of one authority, under `cache/`."""

    folder: Path
    table: str

    def append(self, frame: pl.DataFrame) -> str:
        """Keep a finished piece, which survives a kill from here on; give the name of its file."""
        number = len(list(self.folder.glob("*.parquet")))
        name = f"{number:06d}-{uuid4().hex[:8]}.parquet"
        with written_aside(self.folder / name) as aside:
            write_sealed(plain(frame.to_arrow()), aside)
        return name

    def piece(self, name: str) -> pl.DataFrame:
        """Read the piece of a file."""
        return read_part(self.folder / name, TABLES[self.table].schema)

    def read(self) -> pl.DataFrame:
        """Read all pieces, in the order in which they were finished; a damaged one is none."""
        found = [path for path in sorted(self.folder.glob("*.parquet")) if is_whole(path)]
        return pl.concat([TABLES[self.table].frame(), *(self.piece(path.name) for path in found)])

    def finish(self, pieces: Iterable[pl.DataFrame], done: pl.DataFrame) -> pl.DataFrame:
        """Keep each piece as it comes, then merge all with the rows that were done."""
        made = []
        for piece in pieces:
            self.append(piece)
            made.append(piece)
        return latest([done, *made], self.table)

    def clear(self) -> None:
        """Throw the pieces away, after they were merged into the table's file."""
        shutil.rmtree(self.folder, ignore_errors=True)


def shards_of(folder: Path, authority: str, table: str) -> Shards:
    """Name the pieces of one authority.

    Parameters
    ----------
    folder
        Where those of all authorities lie, beneath `cache/`.
    authority
        Its code, whatever text that is.
    table
        The table that is made of them.
    """
    return Shards(folder / safe_name(authority), table)


def latest(frames: list[pl.DataFrame], table: str) -> pl.DataFrame:
    """Merge frames of a table; of rows with the same key the last one wins.

    Parameters
    ----------
    frames
        From the earliest to the latest.
    table
        Name of the table, whose key counts.
    """
    contract = TABLES[table]
    merged = pl.concat([contract.frame(), *frames])
    return merged.unique(subset=contract.key, keep="last", maintain_order=True).sort(contract.key)
