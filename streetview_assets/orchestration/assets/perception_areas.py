"""What people see in areas, and how that goes with the targets."""

from typing import Any

import polars as pl

from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import NO_TARGETS, no_areas, no_part
from streetview_assets.study.models import Models
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.tables.registry import TABLES


@study_asset(
    "perception",
    writes=("area_perception",),
    reads=("image_perception", "perception_predictions", "rated_embeddings", "areas", INCLUDED),
    keys=("models.interval_level",),
    code_version=2,
    unless=(no_part("perception"), no_areas),
)
def area_perception(work: AssetContext) -> AssetResult:
    """What people see in each area: the mean over its images, with an interval, or why none."""
    from streetview_assets.perception.areas.area_perception import area_perception as area_rows
    from streetview_assets.perception.areas.area_perception import radius_of
    from streetview_assets.perception.areas.shared_errors import shared_errors

    areas = work.read("areas")
    errors = shared_errors(
        work.opened.read("perception_predictions"),
        work.opened.read("rated_embeddings"),
        radius_of(areas),
    )
    images = work.looked_at(current_images(work.read(INCLUDED)))
    level = work.study.models.interval_level
    rows = area_rows(work.read("image_perception"), images, areas, errors, level=level)
    counts = rows.group_by("quality").agg(pl.col("mean").count()).sort("quality")
    told = {f"{quality}: areas with a mean": count for quality, count in counts.rows()}
    return AssetResult({"area_perception": rows}, told)


@study_asset(
    "perception",
    writes=("perception_relations",),
    reads=("area_perception", "area_embeddings", "areas", "targets"),
    keys=(
        *("models.target", "models.interval_level", "models.folds", "models.deals"),
        *("models.block_km", "models.buffer_km", "pooling.statistic", "crs", "seed"),
    ),
    code_version=5,
    study_wide=True,
    unless=(no_part("perception"), no_areas),
)
def perception_relations(work: AssetContext) -> AssetResult:
    """How what people see in areas goes with the targets, and where they see it: a map."""
    from streetview_assets.perception.areas.target_relations import (
        perception_relations as relations,
    )

    perceived, areas = work.read_all("area_perception"), work.read_all("areas")
    told = work.drawn({})
    if not work.study.targets:
        empty = TABLES["perception_relations"].frame()
        return AssetResult({"perception_relations": empty}, told, note=NO_TARGETS)
    targets = work.read_all("targets")
    directions = _directions(work, perceived, targets, areas)
    gains = _gains(work, perceived, targets, areas)
    rows = relations(perceived, targets, areas, [*directions, *gains])
    return AssetResult({"perception_relations": rows}, told)


@figures_of(perception_relations)
def _map(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.perception.areas.map import draw_perception_maps

    perceived, areas = work.read_all("area_perception"), work.read_all("areas")
    if not perceived["mean"].count():
        return {}
    drawn = draw_perception_maps(perceived, areas, title=work.titled(), credit=work.credit)
    return {"map": work.figure("perception_map", drawn)}


def _directions(
    work: AssetContext, perceived: pl.DataFrame, targets: pl.DataFrame, areas: pl.DataFrame
) -> list[dict[str, Any]]:
    from streetview_assets.perception.areas.directions import direction_cosines

    study, encoder = work.study, work.opened.encoder
    vectors = work.read_all("area_embeddings")
    rows = direction_cosines(
        perceived.filter(encoder=encoder),
        vectors.filter(statistic=study.pooling.statistic, encoder=encoder),
        targets.filter(target=work.target.name),
        areas,
        more_is=work.target.more_is,
        crs=work.sources.crs(),
        level=study.models.interval_level,
        seed=study.seed,
    )
    return [row | {"target": work.target.name, "encoder": encoder} for row in rows]


def _gains(
    work: AssetContext, perceived: pl.DataFrame, targets: pl.DataFrame, areas: pl.DataFrame
) -> list[dict[str, Any]]:
    from streetview_assets.perception.areas.gain_over_place import gains_over_place

    study, encoder, models = work.study, work.opened.encoder, work.study.models
    settings = Models(
        folds=models.folds,
        deals=models.deals,
        block_km=models.block_km,
        buffer_km=models.buffer_km,
        interval_level=models.interval_level,
    )
    own, crs = perceived.filter(encoder=encoder), work.sources.crs()
    rows = gains_over_place(own, targets, areas, settings, crs=crs, seed=study.seed)
    return [row | {"encoder": encoder} for row in rows]
