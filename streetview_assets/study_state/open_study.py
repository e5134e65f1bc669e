"""A study with its lake: what every asset, the command and a notebook start from."""

import json
import os
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.embeddings.looked_at import looked_at, vector_table, vectors_of
from streetview_assets.embeddings.panoramas import PANORAMA
from streetview_assets.embeddings.zero_shot.exclusions import without_excluded
from streetview_assets.errors import StudyError
from streetview_assets.images.budget.ledger import Ledger, ledger_path
from streetview_assets.lake.content import digest
from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.study.study_file import Study, load_study
from streetview_assets.study_state.addressable import addressable
from streetview_assets.study_state.fingerprint import (
    data_version,
    input_fingerprint,
    inputs_by_name,
)
from streetview_assets.study_state.lineage import AssetSpec, spec_for, specs, specs_for
from streetview_assets.study_state.source_hashes import SourceHashes
from streetview_assets.study_state.sources import Sources
from streetview_assets.study_state.study_values import study_value
from streetview_assets.text.safe_name import ignores_case, told_apart_by_case

if TYPE_CHECKING:
    import geopandas as gpd


_TO_INCLUDE = ("authority_code", "image_id", "area_code", "is_current", *PANORAMA)
"""Columns of `images` by which it is said which are current, and in which area."""


def data_folder(study: Study) -> Path:
    """Where everything of a study lies: `$STREETVIEW_DATA/<study name>/`, default `data/`."""
    return addressable(data_root(), "STREETVIEW_DATA") / study.name


def data_root() -> Path:
    """Where the data of all studies lie: `$STREETVIEW_DATA`, default `data/`."""
    return Path(os.environ.get("STREETVIEW_DATA", "data")).expanduser().resolve()


@dataclass(frozen=True)
class OpenStudy:
    """A study, its folder of data and its lake."""

    study: Study
    root: Path

    @cached_property
    def assets(self) -> dict[str, AssetSpec]:
        """The assets that the study asks for, by name, what is read before its reader."""
        return specs_for(self.study)

    def as_read_by(self, asset: str) -> "OpenStudy":
        """Give the study as an asset sees it: a table that it does not declare is refused.

        Parameters
        ----------
        asset
            Name of the asset.
        """
        seen = copy(self)
        check = spec_for(asset, self.study).check_declared
        seen.__dict__["lake"] = replace(self.lake, on_read=check)
        return seen

    def at_a_glance(self) -> "OpenStudy":
        """Give the study as it is while nobody writes: the parts of a table are looked at once."""
        seen = copy(self)
        seen.__dict__["lake"] = replace(self.lake, seen={})
        return seen

    def drop_unasked(self) -> None:
        """Remove tables of assets that the study asked for once, so that they count as empty."""
        for spec in specs().values():
            if spec.asset not in self.assets:
                for table in spec.writes:
                    for path in self.lake.files(table, encoder=self.encoder):
                        path.unlink(missing_ok=True)

    @cached_property
    def hashes(self) -> SourceHashes:
        """Hashes of the content of source files."""
        return SourceHashes(self.root / "cache" / "source_hashes.json")

    @cached_property
    def sources(self) -> Sources:
        """The converted source files."""
        return Sources(self.study, self.root / "cache" / "sources", self.hashes)

    @cached_property
    def authorities(self) -> tuple[str, ...]:
        """The partitions.

        Raises
        ------
        StudyError
            Where the file system of the study's folder holds the folders of two for one.
        """
        codes = self.sources.authorities()
        if (alike := told_apart_by_case(codes)) and ignores_case(self.root):
            raise StudyError(
                f"{self.study.path}: authorities {' and '.join(map(repr, alike))} differ in case "
                f"alone, and the file system of {self.root} holds their folders for one: name "
                "another by STREETVIEW_DATA, or change one of the codes"
            )
        return codes

    @cached_property
    def lake(self) -> Lake:
        """The Parquet lake."""
        return Lake(self.root, self.authorities)

    @cached_property
    def ledger(self) -> Ledger:
        """Where money is counted before it is spent."""
        return Ledger(ledger_path(self.root))

    def deleted_images(self, authority: str) -> dict[str, datetime]:
        """Say when pixels were deleted on purpose, by image_id: by the ledger, or by the table."""
        told = self.lake.read("image_retention", authority, columns=["image_id", "deleted_at"])
        return {**dict(told.iter_rows()), **self.ledger.deleted()}

    @property
    def encoder(self) -> str:
        """Slug of the study's encoder."""
        return self.study.encoder.slug

    @property
    def study_hash(self) -> str:
        """Hash of the study file's values and of the files it names; not of what is kept of it."""
        values = {
            key: study_value(self.study, key, self.hashes.of)
            for key in type(self.study).model_fields
            if key not in ("publish", "owners")  # they change nothing that is published
        }
        return digest(values)

    def read(
        self, table: str, authority: str | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Read a table of one authority or all, of the study's encoder.

        Parameters
        ----------
        table
            Name of a table of the contracts.
        authority
            Code of the authority; None: of all.
        columns
            Only these; None: all.
        """
        return self.lake.read(table, authority, self.encoder, columns)

    def vectors(
        self, authority: str | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Read the vectors of what is looked at: of images, or of panoramas (see `vectors_of`).

        Parameters
        ----------
        authority
            Code of the authority; None: of all.
        columns
            Only these, which both tables of vectors have; None: all.
        """
        read = self.read(vector_table(self.study.encoder.views), authority, columns)
        return read if columns else vectors_of(read)

    def included_images(
        self, authority: str | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Read the table `images`, in which those that the study drops are not current.

        Each has the area that `pooling.area` says: the one it stands in, or the one it looks at.

        Parameters
        ----------
        authority
            Code of the authority; None: of all.
        columns
            Only these; None: all.
        """
        needed = None if columns is None else list(dict.fromkeys([*columns, *_TO_INCLUDE]))
        images = self.read("images", authority, needed)
        if self.study.pooling.area == "looks_at":
            from streetview_assets.images.areas_looked_at import in_area_looked_at

            images = in_area_looked_at(images, self.read("image_areas", authority))
        if self.study.drops_images:
            exclusions = self.read("image_exclusions", authority)
            images = without_excluded(images, exclusions, views=self.study.encoder.views)
        return images if columns is None else images.select(columns)

    def looked_at(self, images: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of `images` that are looked at: all, or each panorama's first view."""
        return looked_at(images, self.study.encoder.views)

    def provenance(self, table: str, authority: str | None) -> Provenance | None:
        """Read the provenance of a table's part.

        Parameters
        ----------
        table
            Name of a table of the contracts.
        authority
            Code of the authority; None of a table that is one for the whole study.
        """
        return self.lake.provenance(table, authority, self.encoder)

    def input_fingerprint(self, asset: str, authority: str | None) -> str:
        """Fingerprint what an asset is made from now.

        Parameters
        ----------
        asset
            Name of the asset.
        authority
            Code of the authority; None where the asset is one for the whole study.
        """
        spec = spec_for(asset, self.study)
        return input_fingerprint(spec, self.sources, self.lake, authority)

    def inputs_by_name(self, asset: str, authority: str | None) -> dict[str, str]:
        """Fingerprint each thing that an asset is made from now, by the name a person knows.

        Parameters
        ----------
        asset
            Name of the asset.
        authority
            Code of the authority; None where the asset is one for the whole study.
        """
        return inputs_by_name(spec_for(asset, self.study), self.sources, self.lake, authority)

    def changed_inputs(self, asset: str, authority: str | None) -> list[str]:
        """Name what has changed since an asset was made; nothing where that is not known.

        Parameters
        ----------
        asset
            Name of the asset.
        authority
            Code of the authority; None where the asset is one for the whole study.
        """
        made = self.provenance(specs()[asset].writes[0], authority)
        if made is None or not made.inputs:
            return []
        then, now = json.loads(made.inputs), self.inputs_by_name(asset, authority)
        return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))

    def is_but_drawn_otherwise(self, asset: str, authority: str | None) -> bool:
        """Whether all that changed since an asset was made is how its figures are drawn.

        Parameters
        ----------
        asset
            Name of the asset.
        authority
            Code of the authority; None where the asset is one for the whole study.
        """
        spec = specs()[asset]
        if spec.drawing is None or self.data_version(asset, authority) is None:
            return False
        changed = self.changed_inputs(asset, authority)
        return bool(changed) and spec.drawing.inputs.issuperset(changed)

    def is_fresh(self, asset: str, authority: str | None) -> bool:
        """Whether all tables of an asset are there, made from what there is now.

        Parameters
        ----------
        asset
            Name of the asset.
        authority
            Code of the authority; None where the asset is one for the whole study.
        """
        provenances = [self.provenance(table, authority) for table in specs()[asset].writes]
        there = {one and one.input_fingerprint for one in provenances}
        return None not in there and there == {self.input_fingerprint(asset, authority)}

    def data_version(self, asset: str, authority: str | None) -> str | None:
        """Give one hash of all that an asset has written; None where it is not all there.

        Parameters
        ----------
        asset
            Name of the asset.
        authority
            Code of the authority; None where the asset is one for the whole study.
        """
        provenances = {table: self.provenance(table, authority) for table in specs()[asset].writes}
        if None in provenances.values():
            return None
        return data_version({table: one.fingerprint for table, one in provenances.items() if one})

    def write(
        self,
        asset: str,
        frames: dict[str, pl.DataFrame],
        authority: str | None,
        provenance: Provenance,
    ) -> None:
        """Write all tables of an asset.

        Parameters
        ----------
        asset
            Name of the asset.
        frames
            Just the tables that it writes, by name.
        authority
            Code of the authority; None where the asset is one for the whole study.
        provenance
            What they are made from.

        Raises
        ------
        ValueError
            Where they are not just the tables that it writes.
        """
        if set(frames) != set(specs()[asset].writes):
            raise ValueError(f"{asset} writes {specs()[asset].writes}, not {sorted(frames)}")
        for table, frame in frames.items():
            self.lake.write(table, frame, provenance, authority=authority, encoder=self.encoder)

    def table(self, name: str) -> pl.DataFrame:
        """Read a table or mart of the published database (a polars frame).

        `frame.geo()` makes it a GeoDataFrame, where it has a geometry or a place.

        Raises
        ------
        StudyError
            Where no such table is published; with the names of those that are.
        """
        there = self.sql(
            "select table_name from information_schema.tables "
            "where table_catalog = 'streetview' order by table_name"
        )["table_name"].to_list()
        if name not in there:
            raise StudyError(f"no table {name!r} is published; there are: {', '.join(there)}")
        return self.sql(f'select * from "{name}"')

    def geo(self, name: str) -> "gpd.GeoDataFrame":
        """Read a table or mart of the published database as a GeoDataFrame, EPSG:4326."""
        from streetview_assets.areas.geoframe import to_places

        return to_places(self.table(name), name, self.read("areas"))

    def sql(self, query: str, *, with_vectors: bool = False) -> pl.DataFrame:
        """Ask the published database.

        Parameters
        ----------
        query
            One select, over the published tables.
        with_vectors
            Whether tables that are published without their vectors have them, out of the lake.
        """
        from streetview_assets.warehouse.published_query import query_published

        return query_published(self.root, query, with_vectors=with_vectors)


def open_study(path: str | Path | None = None) -> OpenStudy:
    """Open a study by its file, for a notebook or a script.

    Parameters
    ----------
    path
        The study file; default: `$STREETVIEW_STUDY`, else the bundled demo.

    Raises
    ------
    StudyError
        Where the study file is wrong.
    """
    study = load_study(study_path() if path is None else path)
    return OpenStudy(study, data_folder(study))


DEMO_STUDY = Path(__file__).parents[1] / "demo" / "study.yaml"
"""The bundled study, which stands in where no other is named."""


def study_path() -> Path:
    """Find the study file by `$STREETVIEW_STUDY`; without it, the bundled demo."""
    return Path(os.environ.get("STREETVIEW_STUDY") or DEMO_STUDY)
