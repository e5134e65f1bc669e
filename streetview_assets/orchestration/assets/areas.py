"""Areas: outlines and targets."""

from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.areas.standing import deprivation
from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas, no_targets
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    pass


@study_asset(
    "areas", writes=("areas",), keys=("areas", "crs"), refresh="once_made", unless=(no_areas,)
)
def areas(work: AssetContext) -> AssetResult:
    """The authority's small areas, mended, reprojected and measured."""
    boundaries = work.sources.boundaries()
    mine = boundaries.areas.filter(authority_code=work.authority)
    told = {
        "crs": boundaries.crs,
        "area_km2": float(mine["area_km2"].sum()),
        "polygons mended in the whole file": boundaries.mended_count,
    }
    return AssetResult({"areas": mine}, {**work.drawn({"areas": mine}), **told})


@figures_of(areas)
def _outlines(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.areas.map import draw_areas

    mine = work.read("areas")
    title = work.titled(counted(mine.height, "area"), place(work, mine))
    drawn = draw_areas(mine, None, title=title, credit=warning(work))
    return {"map": work.figure("areas", drawn)}


@study_asset(
    "areas",
    writes=("area_neighbours",),
    reads=("areas",),
    keys=("crs",),
    study_wide=True,
    unless=(no_areas,),
)
def area_neighbours(work: AssetContext) -> AssetResult:
    """Which areas share a border, across authorities too; an island has the nearest."""
    from streetview_assets.areas.contiguity import count_islands, find_neighbours

    areas = work.read_all("areas")
    found = find_neighbours(areas, work.sources.crs())
    return AssetResult(
        {"area_neighbours": found},
        {
            "pairs": found.height // 2,
            "areas that share a border with none": count_islands(found),
        },
    )


def area_codes_of_ranks(study: Study) -> tuple[str, ...]:
    """Name the codes of all areas: a rank among those of the study depends on them."""
    ranked = any(target.given_as != "value" for target in study.targets)
    return ("sources.area_codes",) if ranked else ()


@study_asset(
    "areas",
    writes=("targets",),
    reads=("areas",),
    keys=("targets",),
    code_version=2,
    keys_for=area_codes_of_ranks,
    refresh="once_made",
    unless=(no_targets,),
)
def targets(work: AssetContext) -> AssetResult:
    """The values to be predicted, for every area; null where the source has none."""
    from streetview_assets.areas.targets import why_without_value

    joined = work.sources.targets().targets.filter(authority_code=work.authority)
    why = why_without_value(joined)
    without = {target: sum(counts.values()) for target, counts in why.items()}
    sources = dict(joined.select("target", "source").unique().sort("target").iter_rows())
    return AssetResult(
        {"targets": joined},
        {
            **work.drawn({"targets": joined}),
            "areas without a value": without,
            "why areas have no value": why,
            "sources": sources,
        },
    )


@figures_of(targets, keys=("targets.label", "models.target"))
def _target_map(work: AssetContext) -> dict[str, Any]:
    """Draw the target that is predicted, as deprivation."""
    from streetview_assets.areas.map import draw_areas

    mine = work.read("areas")
    drawn = draw_areas(
        mine,
        deprivation(work.read("targets"), work.target.name),
        title=work.titled(work.target.called, place(work, mine)),
        label="deprivation by rank among these areas: 0 best off, 1 worst off",
        credit=warning(work),
    )
    return {"map": work.figure("target", drawn)}


def place(work: AssetContext, areas: pl.DataFrame) -> str:
    """Name the authority as people do, for the title of a map."""
    named = areas.height > 0 and work.authority_code != WITHOUT_AREAS
    return str(areas["authority_name"][0]) if named else work.title


def warning(work: AssetContext) -> str:
    """Warn on a map, which shows no image, where the images of the study are drawn."""
    return SYNTHETIC_NOTE if work.study.is_synthetic else ""
