"""What satellites see of each area, beside its images."""

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas, no_part
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import study_asset

if TYPE_CHECKING:
    from streetview_assets.satellite.embeddings import Spread


def _points(study: Study) -> tuple[str, ...]:
    of_points = study.satellite is not None and study.satellite.sampled == "points"
    return ("sample_points",) if of_points else ()


@study_asset(
    "pooling",
    writes=("satellite_embeddings",),
    reads=("areas",),
    keys=("satellite", "sources.areas"),
    reads_for=_points,
    unless=(no_areas, no_part("satellite")),
)
def satellite_embeddings(work: AssetContext) -> AssetResult:
    """What satellites see of each area as one vector: of a raster's pixels, or of a table."""
    from streetview_assets.satellite.embeddings import satellite_vectors

    satellite = work.study.satellite
    assert satellite is not None, "built only where the study asks for it"
    progress, spread = work.progress("areas"), _spread(work)
    points = work.read("sample_points") if satellite.sampled == "points" else None
    found = satellite_vectors(
        satellite, work.read("areas"), work.sources.areas, progress, spread=spread, points=points
    )
    once = found.unique("area_code")
    why = once["reason"].drop_nulls().value_counts().sort("reason")
    return AssetResult(
        {"satellite_embeddings": found},
        {
            "areas with a vector": int(once["reason"].null_count()),
            "areas without": dict(why.iter_rows()) or "none",
            "numbers": _width(found),
            "attribution": satellite.credit,
        },
    )


def _spread(work: AssetContext) -> "Spread":
    """Say where a raster's pixels are pooled: here, or where the study's engine has it done."""
    from streetview_assets.embeddings.ray_map import map_on_ray
    from streetview_assets.satellite.embeddings import here

    engine, satellite = work.study.engine, work.study.satellite
    if engine is None or satellite is None:
        return here
    files = [path for path in satellite.path if path.is_file()]
    return partial(map_on_ray, engine=engine, root=work.opened.root, files=files)


def _width(found: pl.DataFrame) -> int:
    """Say how long the vectors are; 0 where there are none."""
    known = found["embedding"].drop_nulls()
    return len(known[0]) if len(known) else 0
