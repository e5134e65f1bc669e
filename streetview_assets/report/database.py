"""What the report reads: the published database; a table that is not there counts as empty."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from streetview_assets.images.providers.terms import credit
from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import specs, written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES


@dataclass(frozen=True)
class Published:
    """The published database of a study, asked table by table.

    Attributes
    ----------
    opened
        The study.
    """

    opened: OpenStudy

    @property
    def study(self) -> Study:
        """The study file."""
        return self.opened.study

    @cached_property
    def names(self) -> frozenset[str]:
        """The tables, marts and views that are there."""
        found = self.opened.sql(
            "select table_name from information_schema.tables where table_catalog = 'streetview'"
        )
        return frozenset(found["table_name"])

    @cached_property
    def about(self) -> dict[str, Any]:
        """The one row of `about`."""
        return self.opened.sql("from about").row(0, named=True)

    @cached_property
    def credit(self) -> str:
        """The line for the foot of a figure."""
        return credit(self.study.images.provider)

    @property
    def target(self) -> str | None:
        """Name of the target that the models predict."""
        return self.study.target.name if self.study.target else None

    def table(self, name: str, where: str = "true") -> pl.DataFrame:
        """Read the rows of a table that meet a condition.

        A database published by an earlier version lacks some tables; they count as empty.
        """
        if name in self.names:
            return self.opened.sql(f"from {name} where {where}")
        return TABLES[name].frame() if name in TABLES else pl.DataFrame()

    def of_encoder(self, name: str) -> pl.DataFrame:
        """Read the rows of a table that are of the study's encoder."""
        return self.table(name).filter(pl.col("encoder") == self.opened.encoder)

    def ask(self, reads: str, query: str) -> pl.DataFrame:
        """Ask a query of one table; an empty frame without columns where it is not there."""
        return self.opened.sql(query) if reads in self.names else pl.DataFrame()

    @cached_property
    def lake(self) -> Lake:
        """The lake beside the published file, of the authorities that are in it."""
        return Lake(self.opened.root, tuple(self.about["authorities"]))

    def why_empty(self, name: str) -> str:
        """Say why a table of the lake has no rows, as its making noted; empty where it did not."""
        if why := specs()[written_by()[name]].why_unasked(self.study):
            return why
        contract = TABLES[name]
        encoder = self.opened.encoder if contract.by_encoder else None
        parts = self.about["authorities"] if contract.by_authority else [None]
        provenances = [self.lake.provenance(name, part, encoder) for part in parts]
        notes = Counter(one.note for one in provenances if one is not None and one.note)
        return max(sorted(notes), key=notes.__getitem__, default="")

    @cached_property
    def areas(self) -> pl.DataFrame:
        """Table `areas`."""
        return self.table("areas")

    @cached_property
    def profile(self) -> pl.DataFrame:
        """Mart `area_profile`, without outlines."""
        return self.ask("area_profile", "select * exclude (geometry) from area_profile")

    @cached_property
    def coverage(self) -> pl.DataFrame:
        """Mart `authority_coverage`."""
        return self.table("authority_coverage")

    @cached_property
    def authority_names(self) -> dict[str, str]:
        """Authorities by code: their names, or the code where there is none."""
        rows = self.coverage.select("authority_code", "authority_name").iter_rows()
        return {
            code: "all places" if code == WITHOUT_AREAS else name or code for code, name in rows
        }
