"""The small study in a folder of its own: study file, lake, and ways to change it."""

from pathlib import Path

import polars as pl

from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.study.study_file import Study, load_study
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.queries import (
    Query,
    lake_name,
    read_queries,
    run_query,
    sql_folder,
)

ENCODER = "colour-texture"


class SmallStudy:
    """The small study in a folder of its own: study file, lake, and ways to change it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "study.yaml"
        self.study: Study = load_study(self.file)
        self.lake = Lake(folder / "data")

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Write a table, in one file an authority where it is kept so."""
        contract = TABLES[table]
        encoder = ENCODER if contract.by_encoder else None
        provenance = Provenance("made from", "fingerprint")
        if not contract.by_authority:
            self.lake.write(table, frame, provenance, encoder=encoder)
            return
        for (authority,), part in frame.group_by("authority_code", maintain_order=True):
            self.lake.write(table, part, provenance, authority=str(authority), encoder=encoder)

    def change(self, table: str, *columns: pl.Expr, where: pl.Expr | None = None) -> None:
        """Overwrite columns of a table, in the rows where a condition holds."""
        frame = self.lake.read(table)
        condition = pl.lit(True) if where is None else where
        self.write(
            table,
            frame.with_columns(
                pl.when(condition).then(column).otherwise(pl.col(name)).alias(name)
                for column in columns
                for name in [column.meta.output_name()]
            ),
        )

    def drop(self, table: str, where: pl.Expr) -> None:
        """Remove rows from a table."""
        self.write(table, self.lake.read(table).filter(~where))

    def make_marts(self) -> None:
        """Run every mart, those that others read first."""
        done: set[str] = set()
        waiting = [query for query in queries() if query.kind == "mart"]
        while waiting:
            query = next(one for one in waiting if done >= set(one.reads) - set(TABLES))
            frame = run_query(self.lake, query, self.study)
            self.write_mart(query.name, frame)
            done.add(query.name)
            waiting.remove(query)

    def write_mart(self, name: str, frame: pl.DataFrame) -> None:
        """Write a mart."""
        self.lake.write(lake_name(name), frame, Provenance("made from", "fingerprint"))

    def mart(self, name: str) -> pl.DataFrame:
        """Read a mart from the lake."""
        return self.lake.read(lake_name(name))


def queries() -> list[Query]:
    """Read the project's own SQL folder."""
    return read_queries(sql_folder())
