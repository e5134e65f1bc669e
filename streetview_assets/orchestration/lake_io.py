"""The one IO manager: what an asset made goes into the lake, whole or not at all."""

from dataclasses import dataclass

import dagster as dg

from streetview_assets.lake.parquet_lake import Provenance
from streetview_assets.orchestration.asset_context import AssetResult
from streetview_assets.orchestration.automation.partitions import authority_of
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy

UP_TO_DATE = {"note": "up to date"}
"""Metadata of a materialisation that found all as it should be, and wrote nothing."""


@dataclass(frozen=True)
class Unchanged:
    """An asset that is up to date, so that nothing was made."""


class LakeIOManager(dg.ConfigurableIOManager):
    """Writes the tables of an asset, each aside and then renamed; reads an asset's one table."""

    study: dg.ResourceDependency[StudyResource]

    def handle_output(
        self, context: dg.OutputContext, obj: "tuple[AssetResult, Provenance] | Unchanged"
    ) -> None:
        """Write all tables that an asset made, unless it was up to date."""
        if isinstance(obj, Unchanged):
            return
        made, provenance = obj
        opened = self.study.open()
        asset = context.asset_key.path[-1]
        authority = _authority(context, opened)
        opened.write(asset, made.frames, authority, provenance)
        if provenance.reuse:
            for table in made.frames:
                Resumption(opened, table, authority or "", provenance.reuse).clear()

    def load_input(self, context: dg.InputContext) -> object:
        """Read the table of an asset that writes one."""
        asset = context.asset_key.path[-1]
        (table,) = specs()[asset].writes
        opened = self.study.open()
        return opened.read(table, _authority(context, opened))


def _authority(context: dg.InputContext | dg.OutputContext, opened: OpenStudy) -> str | None:
    """Name the authority of a partition; None for what is made of the whole study."""
    if not context.has_asset_partitions:
        return None
    return authority_of(context.partition_key, opened.authorities)
