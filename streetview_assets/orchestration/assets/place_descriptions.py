"""Where each area is, described by more than its coordinates."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas, no_part
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import study_asset

if TYPE_CHECKING:
    from streetview_assets.place.descriptions import Measures

STREETS_AROUND_M = 500.0
"""So far beyond the areas streets are read: a junction has all its streets."""


def _keys_of_sources(study: Study) -> tuple[str, ...]:
    if study.place is None:
        return ()
    named = study.place.descriptions
    used = {
        "roads": "streets" in named,
        "environment.points_of_interest": "points_of_interest" in named
        and study.place.points_of_interest is None,
    }
    return tuple(key for key, is_used in used.items() if is_used)


@study_asset(
    "pooling",
    writes=("place_descriptions",),
    reads=("areas",),
    keys=("place", "sources.areas", "crs"),
    keys_for=_keys_of_sources,
    unless=(no_areas, no_part("place")),
)
def place_descriptions(work: AssetContext) -> AssetResult:
    """Where each area is, described: its outline, streets, what stands there, a learned code."""
    from streetview_assets.place.descriptions import described

    assert work.study.place is not None, "built only where the study asks for it"
    areas, crs = work.read("areas"), work.sources.crs()
    asked = {str(name): _measure(work, areas, name, crs) for name in work.study.place.descriptions}
    found = described(areas, work.sources.areas, crs, asked)
    told = found.group_by("description", maintain_order=True)
    return AssetResult(
        {"place_descriptions": found},
        {
            "areas": areas.height,
            "variables": dict(told.agg(pl.col("variable").n_unique()).iter_rows()),
            "not defined": dict(told.agg(pl.col("reason").count()).iter_rows()),
        },
    )


def _measure(
    work: AssetContext, areas: pl.DataFrame, name: str, crs: str
) -> "Callable[[], Measures] | None":
    """Say what measures areas in the study's sources; None where the areas alone tell."""
    from streetview_assets.place.descriptions import box_around, points_of_interest, streets
    from streetview_assets.place.points_of_interest import FARTHEST_M

    if areas.is_empty():
        return dict
    if name == "streets":
        roads = work.sources.roads_in(box_around(areas, STREETS_AROUND_M, crs))
        return partial(streets, areas, roads, crs)
    if name == "points_of_interest":
        box = box_around(areas, FARTHEST_M, crs)
        there, categories = work.sources.points_of_interest(box)
        return partial(points_of_interest, areas, there, categories, crs)
    return None
