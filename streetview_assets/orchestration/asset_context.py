"""One materialisation, as an asset sees it: what to read, whom to tell, what came of it."""

import base64
import io
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.clusters.names.user_groups import as_categories
from streetview_assets.embeddings.encoders.text_encoder import (
    TextEncoder,
    check_same_weights,
    load_text_encoder,
)
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS, called
from streetview_assets.figures import Figure, figures_folder, shrink_to_webp, to_png, to_vectors
from streetview_assets.images.budget.ledger import Ledger
from streetview_assets.images.budget.prices import is_paid, required_budget_usd
from streetview_assets.images.budget.reservations import Budget
from streetview_assets.images.providers.terms import credit, may_show_sample
from streetview_assets.lake.atomic_write import make_way, written_aside
from streetview_assets.lake.parquet_lake import Provenance, note_told
from streetview_assets.orchestration.progress import tell
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.study_file import Study
from streetview_assets.study.targets import Target
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.purchases import check_ledger
from streetview_assets.study_state.sources import Sources
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.visible_text import in_one_line

if TYPE_CHECKING:
    import dagster as dg

    from streetview_assets.orchestration.tracking.mlflow_resource import Tracking

PARTITION_FIGURE_BYTES = 18_000
STUDY_FIGURE_BYTES = 145_000
"""Limits of figures in metadata, before base64: 25 kB for a partition, 200 kB for the rest."""

SECONDS_BETWEEN_LINES = 10.0
_VECTORS = ("svg", "pdf")


@dataclass(frozen=True)
class AssetResult:
    """What an asset made: its tables, and what a person should see of them.

    Attributes
    ----------
    frames, metadata
        The tables by name, and what the UI shows beside them.
    note, applies, reuse
        See `Provenance`, which each of the tables gets.
    """

    frames: dict[str, pl.DataFrame]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    reuse: str = ""
    applies: bool = True

    def provenance(self, origin: str, inputs: str = "", took_s: float | None = None) -> Provenance:
        """Say what the tables were made from, and what there is to know of them.

        Parameters
        ----------
        origin, inputs, took_s
            As of `Provenance`: all that they were made from, each thing by its name, and seconds.
        """
        return Provenance(
            origin,
            reuse=self.reuse,
            note=self.note,
            inputs=inputs,
            applies=self.applies,
            took_s=took_s,
        )


@dataclass(frozen=True)
class AssetContext:
    """One materialisation of an asset, for one authority or for the whole study.

    Attributes
    ----------
    retry
        Whether rows that failed before are tried again.
    anew
        Whether rows that are there already are made again too, where that costs but time.
    made
        Tables that the asset has made and that are not written yet, by name.
    """

    opened: OpenStudy
    asset: str
    authority_code: str | None
    run_id: str
    retry: bool
    anew: bool
    tracking: "Tracking"
    log: logging.Logger
    made: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse from now on what the asset does not declare to read."""
        object.__setattr__(self, "opened", self.opened.as_read_by(self.asset))

    @property
    def study(self) -> Study:
        """The study."""
        return self.opened.study

    @property
    def target(self) -> Target:
        """The target that the models predict; only for assets of studies that have one."""
        target = self.study.target
        assert target is not None, "built only where the study names a target"
        return target

    @property
    def sources(self) -> Sources:
        """The converted source files of the study."""
        return self.opened.sources

    @property
    def authority(self) -> str:
        """Code of the authority; only for assets by authority."""
        if self.authority_code is None:
            raise ValueError(f"{self.asset} is made for the whole study, not by authority")
        return self.authority_code

    @property
    def title(self) -> str:
        """What stands above an image: the study, and the authority where it has any."""
        if self.authority_code in (None, WITHOUT_AREAS):
            return self.study.name
        return in_one_line(f"{self.study.name}, {self.authority_code}")

    def titled(self, what: str = "", whose: str | None = None) -> str:
        """Say what stands above a figure: what it shows, after its owner where the study asks.

        Parameters
        ----------
        what
            What it shows.
        whose
            Whose it is; default: the study, and the authority where it has any.
        """
        owner = (self.title if whose is None else whose) if self.study.figures.titles else ""
        return ": ".join(filter(None, (owner, what)))

    def read(self, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read this authority's part of a table; see `read_all` for names that are no table's."""
        return self._read(table, self.authority, columns)

    def read_all(self, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read the parts of all authorities that are there: all columns, or some.

        `vectors` are those of what is looked at: images or panoramas. `included_images` are the
        table `images`, in which those that the study drops are not current.
        """
        return self._read(table, None, columns)

    def looked_at(self, images: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of `images` that are looked at: all, or each panorama's first view."""
        return self.opened.looked_at(images)

    def categorised(self, images: pl.DataFrame) -> pl.DataFrame:
        """Give images with what the study takes for their categories (`categories_from`)."""
        if self.study.categories_from == "images":
            return images
        return as_categories(images, self.read_all("user_groups"))

    @property
    def called(self) -> str:
        """What is looked at, in a word."""
        return called(self.study.encoder.views)

    def _read(
        self, table: str, authority: str | None, columns: Sequence[str] | None
    ) -> pl.DataFrame:
        if table in self.made:
            return self.made[table] if columns is None else self.made[table].select(columns)
        named = {VECTORS: self.opened.vectors, INCLUDED: self.opened.included_images}
        if table in named:
            return named[table](authority, columns)
        return self.opened.read(table, authority, columns)

    def text_encoder(self) -> TextEncoder:
        """Load what reads words as the study's encoder does, with the weights of its vectors."""
        encoder = load_text_encoder(self.study.encoder)
        check_same_weights(encoder, self.opened.read("encoders"))
        return encoder

    def resumption(self, reuse: str = "") -> Resumption:
        """Say what earlier runs have done of this asset's one table."""
        return Resumption(self.opened, self.asset, self.authority, reuse)

    @property
    def ledger(self) -> Ledger:
        """Where money is counted, and images whose pixels were deleted."""
        return self.opened.ledger

    @property
    def deleted_images(self) -> dict[str, datetime]:
        """When pixels of this authority's images were deleted on purpose, by image_id."""
        return self.opened.deleted_images(self.authority)

    def budget(self) -> Budget | None:
        """Open what a paid provider is paid from; None where images cost nothing.

        Raises
        ------
        StudyError
            Where the provider costs money and the study has no budget.
        LedgerError
            Where the ledger does not know all that was bought.
        """
        images = self.study.images
        budget_usd = required_budget_usd(images)
        if budget_usd is None:
            return None
        check_ledger(self.opened, [self.authority])
        return self.ledger.budget(
            authority_code=self.authority,
            provider=images.provider,
            budget_usd=budget_usd,
            free_per_month=images.free_per_month,
        )

    def spending(self) -> dict[str, str]:
        """Say what the study has spent so far, where its images cost money."""
        images = self.study.images
        if not is_paid(images.provider):
            return {}
        return {"spent": f"{self.ledger.spent_usd():.2f} of {images.budget_usd or 0:.2f} US$"}

    def progress(self, unit: str) -> Callable[[int, int], None]:
        """Make a callback that reports progress, in the terminal and as lines in the log."""
        started = time.monotonic()
        last_line = started

        def report(done: int, total: int) -> None:
            nonlocal last_line
            tell(self.asset, self.authority_code, done, total)
            now = time.monotonic()
            if now - last_line >= SECONDS_BETWEEN_LINES:
                last_line = now
                rate = done / (now - started)
                self.log.info(f"{self.asset}: {done:,} of {total:,} {unit}, {rate:,.0f} a second")

        return report

    @property
    def credit(self) -> str:
        """Whom to name below a figure of images."""
        return credit(self.study.images.provider)

    @property
    def whole_credit(self) -> str:
        """Whom to name below a figure of images and of what satellites see, where a study does."""
        beside = [self.study.satellite.credit] if self.study.satellite else []
        return "; ".join(filter(None, [self.credit, *beside]))

    @property
    def shows_images(self) -> bool:
        """Whether the provider's terms let images be shown."""
        return may_show_sample(self.study.images)

    def drawn(self, frames: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """Draw the asset's figures of the tables that it has made, where the study asks for any.

        Parameters
        ----------
        frames
            These tables by name.

        Returns
        -------
        dict
            What the UI shows.
        """
        drawing = specs()[self.asset].drawing
        assert drawing is not None, "registered by `figures_of`"
        if not self.study.figures.draw:
            self.forget("*")
            return {}
        return dict(drawing.draw(replace(self, made=frames)))

    def figure(
        self, name: str, drawn: bytes | Figure, *, max_bytes: int | None = None
    ) -> "dg.MarkdownMetadataValue":
        """Keep a figure under `figures/`, and make a small one for the metadata.

        Parameters
        ----------
        name
            Of its file, without the ending.
        drawn
            A chart, or a sheet of images as PNG.
        max_bytes
            Of the small one; None: what the metadata of a partition, or of a whole study, may
            hold.
        """
        import dagster as dg

        path = self.opened.root / self.keep(name, drawn)
        png = path.read_bytes()
        limit = PARTITION_FIGURE_BYTES if self.authority_code else STUDY_FIGURE_BYTES
        small = base64.b64encode(shrink_to_webp(png, max_bytes or limit)).decode()
        return dg.MetadataValue.md(f"![{name}](data:image/webp;base64,{small})")

    def forget(self, *patterns: str) -> None:
        """Remove figures that an earlier study file asked for, by patterns of their names."""
        for pattern in patterns:
            for kind in ("png", *_VECTORS):
                for stale in self.figures.glob(f"{pattern}.{kind}"):
                    stale.unlink(missing_ok=True)

    def keep(self, name: str, drawn: bytes | Figure) -> str:
        """Keep a figure under `figures/`, a chart in all formats that the study asks for.

        Parameters
        ----------
        name
            Of its file, without the ending.
        drawn
            A chart, or a sheet of images as PNG.

        Returns
        -------
        str
            The path of the PNG, relative to the folder of data.
        """
        asked = self.study.figures
        if isinstance(drawn, bytes):
            return self._put(f"{name}.png", drawn)
        for kind in _VECTORS:
            if kind in asked.formats:
                self._put(f"{name}.{kind}", to_vectors(drawn, kind, asked.dpi))
            else:
                (self.figures / f"{name}.{kind}").unlink(missing_ok=True)
        return self._put(f"{name}.png", to_png(drawn, asked.dpi))

    def keep_data(self, name: str, rows: pl.DataFrame) -> None:
        """Keep beside a figure, as Parquet, what it shows and no table has.

        Parameters
        ----------
        name
            Of the figure.
        rows
            All that it shows.
        """
        buffer = io.BytesIO()
        rows.write_parquet(buffer)
        self._put(f"{name}.parquet", buffer.getvalue())

    def data_of(self, name: str) -> pl.DataFrame | None:
        """Read what was kept beside a figure; None where nothing was.

        Parameters
        ----------
        name
            Of the figure.
        """
        path = self.figures / f"{name}.parquet"
        return pl.read_parquet(path, glob=False) if path.is_file() else None

    def _put(self, file: str, content: bytes) -> str:
        path = self.figures / file
        make_way(path)
        with written_aside(path) as aside:
            aside.write_bytes(content)
        return path.relative_to(self.opened.root).as_posix()

    @property
    def figures(self) -> Path:
        """The folder of this materialisation's figures."""
        return figures_folder(self.opened.root, self.authority_code)

    def not_applicable(self, why: str) -> AssetResult:
        """Make empty tables, where there is no input in this study: a result, no failure."""
        frames = {table: TABLES[table].frame() for table in specs()[self.asset].writes}
        told = {"note": note_told(why, applies=False)}
        return AssetResult(frames, told, note=why, applies=False)
