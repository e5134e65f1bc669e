"""Points: the road network and the places sampled on it."""

from dataclasses import asdict
from typing import Any

import polars as pl

from streetview_assets.images.providers.registry import provider_class
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.assets.areas import place, warning
from streetview_assets.orchestration.missing_parts import no_own_images, no_roads
from streetview_assets.points.roads.openstreetmap import roads_credit
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, study_asset


def keys_of_own_images(study: Study) -> tuple[str, ...]:
    """Name the keys of images of one's own, in a study whose points they place."""
    placed = study.points.origin == "images"
    return provider_class(study.images.provider).file_keys if placed else ()


def keys_of_points(study: Study) -> tuple[str, ...]:
    """Name the keys of points by where they come from."""
    if study.points.origin == "images":
        return (*keys_of_own_images(study), "sources.areas")
    return ("sources.areas",) if study.points.path else ("crs", "seed")


@study_asset(
    "points",
    writes=("road_network",),
    reads=("areas",),
    keys=("roads", "crs"),
    code_version=2,
    unless=(no_roads,),
)
def road_network(work: AssetContext) -> AssetResult:
    """The roads inside the authority, each piece of street once."""
    from streetview_assets.points.roads.clipping import clip_roads

    mine = work.read("areas")
    clipped = clip_roads(work.sources.roads(mine), mine, work.sources.crs())
    length_m = clipped.group_by("road_class").agg(pl.col("length_m").sum()).sort("road_class")
    return AssetResult(
        {"road_network": clipped},
        {
            "road_km": float(clipped["length_m"].sum()) / 1000,
            "length_m by class": dict(length_m.iter_rows()),
        },
    )


@study_asset(
    "points",
    writes=("sample_points",),
    reads=("areas", "road_network"),
    keys=("points",),
    keys_for=keys_of_points,
    code_version=5,
)
def sample_points(work: AssetContext) -> AssetResult:
    """The places at which images are wanted, each in exactly one area."""
    if work.study.points.origin == "images":
        return _points_of_images(work)
    if work.study.points.path is not None:
        return _points_of_file(work)
    return _points_on_roads(work)


def _points_of_images(work: AssetContext) -> AssetResult:
    """Take the places at which one's own images were taken."""
    from streetview_assets.points.own_images.positions import points_from_images

    positions = work.sources.image_positions()
    taken = points_from_images(positions.frame, work.sources.areas())
    mine = taken.points.filter(authority_code=work.authority)
    found = {"images outside all areas": taken.outside_count}
    return AssetResult({"sample_points": mine}, {**work.drawn({"sample_points": mine}), **found})


def _points_of_file(work: AssetContext) -> AssetResult:
    """Take the places that a file names."""
    imported = work.sources.imported_points()
    mine = imported.points.filter(authority_code=work.authority)
    found = {
        "outside all areas": imported.outside_count,
        "rows at a place that another has too": imported.duplicate_count,
    }
    return AssetResult({"sample_points": mine}, {**work.drawn({"sample_points": mine}), **found})


def _points_on_roads(work: AssetContext) -> AssetResult:
    """Place points along the roads of each area, and report how evenly they lie."""
    from streetview_assets.points.report import report_points
    from streetview_assets.points.sampling import sample_points as sample

    points, crs = work.study.points, work.sources.crs()
    roads, mine = work.read("road_network"), work.read("areas")
    placed = sample(roads, mine, points, crs, work.study.seed)
    report = report_points(
        roads,
        mine,
        placed,
        points.spacing_m,
        crs,
        min_per_area=points.min_per_area if points.rule == "even" else 0,
    )
    metadata = {
        **work.drawn({"sample_points": placed}),
        "report": asdict(report),
        "points_per_km": report.points_per_km,
    }
    return AssetResult({"sample_points": placed}, metadata)


@study_asset(
    "points",
    writes=("image_files",),
    keys=("images.captured_between", "sources.areas"),
    code_version=2,
    keys_for=keys_of_own_images,
    study_wide=True,
    refresh="once_made",
    unless=(no_own_images,),
)
def image_files(work: AssetContext) -> AssetResult:
    """Each file of one's own images: taken, or left out and why."""
    from streetview_assets.points.own_images.files_table import files_table, left_out
    from streetview_assets.points.own_images.positions import left_out_line

    images = work.study.images
    positions = work.sources.image_positions()
    table = files_table(positions, work.sources.areas(), images)
    not_taken = left_out(table)
    counts = not_taken["reason"].value_counts(sort=True)
    return AssetResult(
        {"image_files": table},
        {"images": table.height - not_taken.height, "left out": dict(counts.iter_rows())},
        note=left_out_line(not_taken),
    )


@figures_of(sample_points)
def _map(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.points.map import draw_points

    points = work.read("sample_points")
    if points.is_empty():
        return {}
    areas = work.read("areas")
    drawn = draw_points(
        areas,
        work.read("road_network"),
        points,
        title=work.titled(whose=place(work, areas)),
        credit=". ".join(filter(None, (roads_credit(work.study.roads), warning(work)))),
    )
    return {"map": work.figure("points", drawn)}
