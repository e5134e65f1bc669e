"""What each asset is made from: the study keys and tables it reads, the tables it writes.

Fingerprints, the dependencies of the asset graph, the order of runs and the code versions shown in
the UI come from here. Each asset is registered by the decorator of its function, in
`orchestration/assets`; those are imported when they are first asked for. They import what they
compute with where they compute, so that whoever only looks at a study need not wait for it.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal

from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS, vector_table
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES
from streetview_assets.tables.stages import STAGES, Stage

MADE_OF = {
    VECTORS: {"image_embeddings", "panorama_embeddings"},
    INCLUDED: {"images", "image_exclusions", "image_areas"},
}
"""What may stand behind a name that is no table's."""

ASSETS = "streetview_assets.orchestration.assets"
"""The package of the asset functions, imported by its name: it stands above this one."""

Refresh = Literal["eager", "once_made", "weekly"]
"""When automation makes an asset: as soon as what it reads has changed; the same, once somebody
has made it by hand; weekly."""


Reason = Callable[[Study], str | None]
"""Says why a study does not ask for an asset; None where it does."""

Make = Callable[..., Any]
"""Makes an asset: of an `AssetContext` an `AssetResult`, which stand above this package."""


Draw = Callable[..., Any]
"""Draws the figures of an asset from its tables: of an `AssetContext` what the UI shows."""

LOOK_OF_FIGURES = "figures"
"""The key of the study file that every figure follows."""


def _nothing(study: Study) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Drawing:
    """How the figures of an asset come to be: of tables alone, so that they can be drawn again.

    Attributes
    ----------
    draw
        Draws and keeps them.
    keys, reads
        Keys of the study file and tables that the figures follow, and no row of the asset does.
    """

    draw: Draw = field(repr=False)
    keys: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def inputs(self) -> frozenset[str]:
        """What the figures alone are made from, as `inputs_by_name` names it."""
        return frozenset(
            [*(f"key `{key}`" for key in self.keys), *(f"table `{name}`" for name in self.reads)]
        )


def figures_of(
    make: Make, *, keys: tuple[str, ...] = (), reads: tuple[str, ...] = ()
) -> Callable[[Draw], Draw]:
    """Register the function below as what draws the figures of an asset.

    Where nothing else has changed than what they follow, it draws them again and the asset is not
    made again.

    Parameters
    ----------
    make
        The asset's function.
    keys, reads
        As of `Drawing`; all figures follow the part `figures`.
    """

    def register(draw: Draw) -> Draw:
        spec = _registered[make.__name__]
        drawing = Drawing(draw, (LOOK_OF_FIGURES, *keys), reads)
        _registered[make.__name__] = replace(spec, drawing=drawing)
        return draw

    return register


@dataclass(frozen=True)
class AssetSpec:
    """How one asset comes to be: the one registration of it, as a decorator of its function.

    Attributes
    ----------
    stage
        Its group in the UI.
    writes, reads
        Tables; `vectors` are those of what is looked at, whichever table has them by
        `encoder.views`, `included_images` those that the study does not drop. Of a table by
        authority, an asset by authority reads its own authority's part, a study-wide one and one
        that `reads_all` the parts of all authorities that are there.
    keys
        Dotted keys of the study file that it reads, by what they come to; for a path, the file's
        content counts. Keys under `sources` name what is made of several.
    reads_for, keys_for
        Tables and keys that it reads besides, in a given study.
    remembers
        Tables that it reads and does not go out of date with: those made after it, of what an
        earlier run has done, and those whose rows it needs change with another that it reads.
    code_version
        Version of its code, raised whenever that gives another result for the same input.
    study_wide
        Whether there is one of it for the whole study.
    reads_all
        Whether one by authority reads the parts of all.
    refresh
        When automation makes it; default: weekly what is one for the whole study, else eagerly.
    pool
        What at most one run at a time may use, in a given study.
    unless
        Reasons for which a study does not ask for it; then there is no such asset, and its tables
        are empty.
    drawing
        How its figures are drawn, where it has any.
    asset
        Its key: the name of its function.
    make
        The function that makes it; its docstring is shown in the UI.
    """

    stage: Stage
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reads_for: Callable[[Study], tuple[str, ...]] = field(default=_nothing, repr=False)
    keys_for: Callable[[Study], tuple[str, ...]] = field(default=_nothing, repr=False)
    remembers: tuple[str, ...] = ()
    code_version: int = 1
    study_wide: bool = False
    reads_all: bool = False
    refresh: Refresh | None = None
    pool: str | Callable[[Study], str | None] | None = None
    unless: tuple[Reason, ...] = ()
    drawing: Drawing | None = None
    asset: str = ""
    make: Make = field(default=_nothing, repr=False)

    def __call__(self, make: Make) -> Make:
        """Register the function below as the asset of its name."""
        _registered[make.__name__] = replace(self, asset=make.__name__, make=make)
        return make

    @property
    def reads_every_authority(self) -> bool:
        """Whether it reads the parts of all authorities of a table."""
        return self.study_wide or self.reads_all

    @property
    def automated(self) -> Refresh:
        """When automation makes it."""
        return self.refresh or ("weekly" if self.study_wide else "eager")

    def pool_of(self, study: Study) -> str | None:
        """Name the pool whose one slot it takes in a study; None where it takes none."""
        return self.pool(study) if callable(self.pool) else self.pool

    def why_unasked(self, study: Study) -> str | None:
        """Say why a study does not ask for it; None where it does."""
        return next(filter(None, (reason(study) for reason in self.unless)), None)

    def check_declared(self, table: str) -> None:
        """Refuse to read a table that is not declared: what is made would not follow it.

        Raises
        ------
        ValueError
            It is neither read, nor remembered, nor written by the asset.
        """
        if table not in {*self.reads, *self.remembers, *self.writes}:
            raise ValueError(
                f"{self.asset} reads the table {table!r}, which it does not declare: name it in "
                f"`reads` of {self.asset}"
            )


study_asset = AssetSpec
"""The decorator of an asset's function."""

_registered: dict[str, AssetSpec] = {}


@cache
def specs() -> Mapping[str, AssetSpec]:
    """Give all assets by name, what is read before its reader."""
    for module in pkgutil.iter_modules(import_module(ASSETS).__path__):
        import_module(f"{ASSETS}.{module.name}")
    ordered = _in_order(sorted(_registered.values(), key=lambda spec: STAGES.index(spec.stage)))
    return MappingProxyType({spec.asset: spec for spec in ordered})


@cache
def written_by() -> Mapping[str, str]:
    """Say which asset writes a table; no other does.

    Raises
    ------
    ValueError
        Where two assets write a table, or none does.
    """
    writers = [(table, spec.asset) for spec in specs().values() for table in spec.writes]
    found = dict(writers)
    unwritten = {name for name, table in TABLES.items() if not table.source} - set(found)
    if unwritten or len(found) < len(writers):
        raise ValueError(f"tables that no asset writes: {unwritten}; of writers: {writers}")
    return MappingProxyType(found)


def spec_for(asset: str, study: Study) -> AssetSpec:
    """Give an asset's registration with all the tables and keys that it reads in a study."""
    spec = specs()[asset]
    reads = (*spec.reads, *spec.reads_for(study))
    keys = (*spec.keys, *spec.keys_for(study))
    if spec.drawing:
        reads, keys = (*reads, *spec.drawing.reads), (*keys, *spec.drawing.keys)
    if INCLUDED in reads and study.drops_images:
        # Of a panorama that is left out all views are, whoever reads them.
        reads, keys = (*reads, "image_exclusions"), (*keys, "encoder.views")
    if INCLUDED in reads and study.pooling.area == "looks_at":
        reads = (*reads, "image_areas")
    named = {VECTORS: vector_table(study.encoder.views), INCLUDED: "images"}
    reads = tuple(named.get(table, table) for table in reads)
    return replace(spec, reads=tuple(dict.fromkeys(reads)), keys=tuple(dict.fromkeys(keys)))


def specs_for(study: Study) -> dict[str, AssetSpec]:
    """Give the assets that a study asks for, with all that they read in it, in order."""
    asked = (spec.asset for spec in specs().values() if not spec.why_unasked(study))
    return {asset: spec_for(asset, study) for asset in asked}


def _in_order(waiting: list[AssetSpec]) -> list[AssetSpec]:
    """Put what is read before its reader, else all as they are."""
    ordered: list[AssetSpec] = []
    while waiting:
        unmade = {table for spec in waiting for table in spec.writes}
        unmade |= {name for name, tables in MADE_OF.items() if unmade & tables}
        if not (ready := [spec for spec in waiting if not unmade & _read_in_any_study(spec)]):
            raise ValueError(f"assets that read one another: {[spec.asset for spec in waiting]}")
        ordered.append(ready[0])
        waiting = [spec for spec in waiting if spec is not ready[0]]
    return ordered


def _read_in_any_study(spec: AssetSpec) -> set[str]:
    return {*spec.reads, *(spec.drawing.reads if spec.drawing else ())}
