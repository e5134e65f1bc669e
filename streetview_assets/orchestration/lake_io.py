"""The one IO manager: what an asset made goes into the lake, whole or not at all."""

from dataclasses import dataclass

import dagster as dg

from streetview_assets.lake.lake import Stamp
from streetview_assets.lake.recipes import RECIPES
from streetview_assets.lake.resumption import Resumption
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.work import Made


@dataclass(frozen=True)
class Unchanged:
    """An asset that is up to date, so that nothing was made."""


class LakeIOManager(dg.ConfigurableIOManager):
    """Writes the tables of an asset, each aside and then renamed; reads an asset's one table."""

    study: dg.ResourceDependency[StudyResource]

    def handle_output(
        self, context: dg.OutputContext, obj: "tuple[Made, Stamp] | Unchanged"
    ) -> None:
        """Write all tables that an asset made, unless it was up to date."""
        if isinstance(obj, Unchanged):
            return
        made, stamp = obj
        opened = self.study.open()
        asset = context.asset_key.path[-1]
        authority = context.partition_key if context.has_asset_partitions else None
        opened.write(asset, made.frames, authority, stamp)
        if stamp.reuse:
            for table in made.frames:
                Resumption(opened, table, authority or "", stamp.reuse).shards.clear()

    def load_input(self, context: dg.InputContext) -> object:
        """Read the table of an asset that writes one."""
        asset = context.asset_key.path[-1]
        (table,) = RECIPES[asset].writes
        authority = context.partition_key if context.has_asset_partitions else None
        return self.study.open().read(table, authority)
