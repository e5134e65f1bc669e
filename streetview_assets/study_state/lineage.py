"""What each asset is made from: the study keys and tables it reads, the tables it writes.

Fingerprints, the dependencies of the asset graph, the order of runs and the code versions shown in
the UI come from here. Each asset is registered by the decorator of its function, in
`orchestration/assets`; those are imported when they are first asked for, which takes seconds.
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
from streetview_assets.tables.contract import STAGES, Stage
from streetview_assets.tables.registry import TABLES

MADE_OF = {
    VECTORS: {"image_embeddings", "panorama_embeddings"},
    INCLUDED: {"images", "image_exclusions"},
}
"""What may stand behind a name that is no table's."""

ASSETS = "streetview_assets.orchestration.assets"
"""The package of the asset functions, imported by its name: it stands above this one."""

Refresh = Literal["eager", "by_hand", "weekly"]
"""When automation makes an asset again: as soon as what it reads has changed, never, weekly."""


Reason = Callable[[Study], str | None]
"""Says why a study does not ask for an asset; None where it does."""


def nothing(study: Study) -> tuple[str, ...]:
    """Name no tables or keys, in any study."""
    return ()


@dataclass(frozen=True)
class AssetSpec:
    """How one asset comes to be.

    Attributes
    ----------
    asset, stage
        Its key, and its group in the UI.
    make
        The function that makes it.
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
    code_version
        Version of its code, raised whenever that gives another result for the same input.
    study_wide
        Whether there is one of it for the whole study.
    reads_all
        Whether one by authority reads the parts of all.
    refresh
        When automation makes it again.
    pool
        What at most one run at a time may use, in a given study.
    kind
        The library that the UI shows beside it.
    unless
        Reasons for which a study does not ask for it; then there is no such asset, and its tables
        are empty.
    """

    asset: str
    stage: Stage
    make: Callable[..., Any] = field(repr=False)
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reads_for: Callable[[Study], tuple[str, ...]] = field(default=nothing, repr=False)
    keys_for: Callable[[Study], tuple[str, ...]] = field(default=nothing, repr=False)
    code_version: int = 1
    study_wide: bool = False
    reads_all: bool = False
    refresh: Refresh = "eager"
    pool: str | Callable[[Study], str | None] | None = None
    kind: str | None = None
    unless: tuple[Reason, ...] = ()

    @property
    def reads_every_authority(self) -> bool:
        """Whether it reads the parts of all authorities of a table."""
        return self.study_wide or self.reads_all

    def pool_of(self, study: Study) -> str | None:
        """Name the pool whose one slot it takes in a study; None where it takes none."""
        return self.pool(study) if callable(self.pool) else self.pool

    def why_unasked(self, study: Study) -> str | None:
        """Say why a study does not ask for it; None where it does."""
        return next(filter(None, (reason(study) for reason in self.unless)), None)


_registered: dict[str, AssetSpec] = {}


def register(spec: AssetSpec) -> None:
    """Take an asset in; called by its decorator."""
    _registered[spec.asset] = spec


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
    unwritten = {name for name, table in TABLES.items() if not table.in_ledger} - set(found)
    if unwritten or len(found) < len(writers):
        raise ValueError(f"tables that no asset writes: {unwritten}; of writers: {writers}")
    return MappingProxyType(found)


def spec_for(asset: str, study: Study) -> AssetSpec:
    """Give an asset's registration with all the tables and keys that it reads in a study."""
    spec = specs()[asset]
    reads = (*spec.reads, *spec.reads_for(study))
    keys = (*spec.keys, *spec.keys_for(study))
    if INCLUDED in reads and study.drops_images:
        # Of a panorama that is left out all views are, whoever reads them.
        reads, keys = (*reads, "image_exclusions"), (*keys, "encoder.views")
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
        if not (ready := [spec for spec in waiting if not unmade & set(spec.reads)]):
            raise ValueError(f"assets that read one another: {[spec.asset for spec in waiting]}")
        ordered.append(ready[0])
        waiting = [spec for spec in waiting if spec is not ready[0]]
    return ordered
