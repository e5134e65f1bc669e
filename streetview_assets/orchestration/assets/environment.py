"""What lies around each point, beside its images."""

from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part
from streetview_assets.points.roads.openstreetmap import CREDIT
from streetview_assets.study_state.lineage import figures_of, study_asset

if TYPE_CHECKING:
    from streetview_assets.perception.environment.extract import Extract

NO_POINTS = "there is no point to look around"


@study_asset(
    "perception",
    writes=("environment_variables",),
    reads=("areas", "sample_points"),
    keys=("environment", "roads", "crs"),
    unless=(no_part("environment"),),
)
def environment_variables(work: AssetContext) -> AssetResult:
    """What lies around each point: places and greens in eight classes, and the streets."""
    from streetview_assets.perception.environment.variables import environment_variables as measured

    assert work.study.environment is not None, "built only where the study asks for it"
    points, radii_m = work.read("sample_points"), work.study.environment.radii_m
    if points.is_empty():
        return work.not_applicable(NO_POINTS)
    crs = work.sources.crs()
    extract, note = _surroundings(work, points, max(radii_m), crs)
    found = measured(points, extract, radii_m, crs, note=note)
    means = found.filter(radius_m=max(radii_m)).group_by("variable", maintain_order=True)
    return AssetResult(
        {"environment_variables": found},
        {
            **work.drawn({"environment_variables": found}),
            f"means within {max(radii_m):g} m": dict(means.agg(pl.col("value").mean()).iter_rows()),
            "streets": note or "of the extract",
        },
    )


@figures_of(environment_variables)
def _map(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.perception.environment.map import draw_environment

    found, points = work.read("environment_variables"), work.read("sample_points")
    widest_m = found["radius_m"].max()
    assert isinstance(widest_m, float), "there is a point, and a radius"
    how: dict[str, Any] = {"title": work.titled(), "credit": CREDIT}
    drawn = draw_environment(found, points, work.read("areas"), radius_m=widest_m, **how)
    return {"map": work.figure("environment", drawn)}


def _surroundings(
    work: AssetContext, points: pl.DataFrame, radius_m: float, crs: str
) -> "tuple[Extract, str]":
    """Read what lies around points; streets are those of the study where the extract has none."""
    from streetview_assets.perception.environment.extract import Extract
    from streetview_assets.perception.environment.variables import (
        DRIVABLE,
        box_around,
        ways_of_roads,
    )

    box = box_around(points, radius_m, crs)
    extract = work.sources.environment(box)
    if len(extract.ways) or work.study.roads is None:
        return extract, ""
    ways = ways_of_roads(work.sources.roads_in(box))
    return Extract(extract.features, ways, extract.classes), DRIVABLE
