"""What the report reads: the published database and the kept figures, and nothing else.

A table that is not there counts as empty.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.names.cluster_names import names_by_cluster
from streetview_assets.figures import figures_folder, lead
from streetview_assets.images.providers.terms import credit, terms_of
from streetview_assets.report.figures import Embedded, embedded_file
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.published_query import ask, opened_publication, published_file
from streetview_assets.warehouse.queries import queries_of

if TYPE_CHECKING:
    import duckdb


@cache
def _declared_columns() -> dict[str, dict[str, pl.DataType]]:
    """Give the columns of every table, mart and view; types of those that a contract has."""
    columns: dict[str, dict[str, pl.DataType]] = {
        table.name: {name: table.schema[name] for name in table.published_columns}
        for table in TABLES.values()
    }
    for query in queries_of("mart", "view"):
        columns[query.name] = dict.fromkeys(query.columns, pl.Null())
    return columns


@dataclass(frozen=True)
class Published:
    """The published database of a study, asked table by table, and the figures beside it.

    Attributes
    ----------
    root
        The folder that they are in.
    study
        The study file.
    """

    root: Path
    study: Study

    def sql(self, query: str) -> pl.DataFrame:
        """Ask the published database."""
        return ask(self._opened, query)

    @cached_property
    def _opened(self) -> "duckdb.DuckDBPyConnection":
        """One publication for all questions, though a run may publish another meanwhile."""
        stack = ExitStack()
        connection = stack.enter_context(opened_publication(published_file(self.root)))
        finalize(self, stack.close)
        return connection

    @cached_property
    def names(self) -> frozenset[str]:
        """The tables, marts and views that are there."""
        found = self.sql(
            "select table_name from information_schema.tables where table_catalog = 'streetview'"
        )
        return frozenset(found["table_name"])

    @cached_property
    def about(self) -> dict[str, Any]:
        """The one row of `about`."""
        return self.sql("from about").row(0, named=True)

    @cached_property
    def credit(self) -> str:
        """The line for the foot of a figure."""
        return credit(self.study.images.provider)

    @property
    def target(self) -> str | None:
        """Name of the target that the models predict, as tables have it."""
        return self.study.target.name if self.study.target else None

    @property
    def called(self) -> str:
        """What people call that target."""
        return self.study.target.called if self.study.target else "target"

    @cached_property
    def cluster_names(self) -> dict[int, str]:
        """What somebody called the study's clusters, by number."""
        settings = self.study.clusters
        fit = {"method": METHOD, "space": settings.space, "k": settings.k}
        return names_by_cluster(self.of_encoder("cluster_names").filter(**fit))

    @property
    def title(self) -> str:
        """What stands above a figure on the target."""
        return f"{lead(self.owner)}{self.called}"

    @property
    def owner(self) -> str:
        """The study's name, where it is to stand above figures."""
        return self.study.name if self.study.figures.titles else ""

    def table(self, name: str) -> pl.DataFrame:
        """Read a table or mart with all columns that it is declared with.

        A database published by an earlier version lacks some tables and columns; they count as
        empty.

        Raises
        ------
        KeyError
            Where there is no such table or mart in any version.
        """
        declared = _declared_columns()[name]
        if name not in self.names:
            return pl.DataFrame(schema=declared)
        found = self.sql(f"from {name}")
        lacking = {
            column: pl.lit(None, dtype)
            for column, dtype in declared.items()
            if column not in found.columns
        }
        return found.with_columns(**lacking)

    def of_encoder(self, name: str) -> pl.DataFrame:
        """Read the rows of a table that are of the study's encoder."""
        return self.table(name).filter(encoder=self.study.encoder.slug)

    def ask(self, reads: str, query: str) -> pl.DataFrame:
        """Ask a query of one table; an empty frame without columns where it is not there.

        Raises
        ------
        KeyError
            Where there is no such table, mart or view in any version.
        """
        _declared_columns()[reads]
        return self.sql(query) if reads in self.names else pl.DataFrame()

    def why_empty(self, name: str) -> str:
        """Say why a table has no rows, as its making noted; empty where it did not."""
        told: dict[str, str] = json.loads(self.about["table_notes"] or "{}")
        return told.get(TABLES[name].name, "")

    @cached_property
    def areas(self) -> pl.DataFrame:
        """Table `areas`."""
        return self.table("areas")

    @cached_property
    def profile(self) -> pl.DataFrame:
        """Mart `area_profile`, without outlines."""
        return self.table("area_profile").drop("geometry")

    @cached_property
    def coverage(self) -> pl.DataFrame:
        """Mart `authority_coverage`, each authority named as `named` does."""
        return self.named(self._coverage)

    @cached_property
    def _coverage(self) -> pl.DataFrame:
        return self.table("authority_coverage")

    @cached_property
    def authority_names(self) -> dict[str, str]:
        """Authorities by code: their names, or the code where there is none."""
        rows = self._coverage.select("authority_code", "authority_name").iter_rows()
        return {
            code: "all places" if code == WITHOUT_AREAS else name or code for code, name in rows
        }

    def named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Put the name of its authority beside each row, as the column `authority`."""
        code = pl.col("authority_code")
        return rows.with_columns(authority=code.replace_strict(self.authority_names, default=code))

    @property
    def why_no_images(self) -> str:
        """Say that the provider's terms keep its images off the page; empty where they do not."""
        terms = terms_of(self.study.images.provider)
        if terms.may_store:
            return ""
        return f"No image is on this page: the terms of {terms.images} restrict passing them on."

    def kept_figure(
        self, name: str, of: str | None = None, *, shows_images: bool = False
    ) -> Embedded | None:
        """Give a figure that an asset kept; None where it is not there.

        Parameters
        ----------
        name
            Its file's name, without the ending.
        of
            Code of the authority that it is of; None: of the whole study.
        shows_images
            Whether images of places are on it.
        """
        path = figures_folder(self.root, of) / f"{name}.png"
        return embedded_file(path, self.study.figures.dpi, shows_images=shows_images)
