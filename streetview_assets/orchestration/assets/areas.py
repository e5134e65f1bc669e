"""Areas: outlines and targets."""

import dagster as dg

from streetview_assets.areas.map import draw_areas
from streetview_assets.areas.targets import deprivation
from streetview_assets.figures import to_png
from streetview_assets.orchestration.work import Made, Work, not_applicable


def areas(work: Work) -> Made:
    """The authority's small areas, mended, reprojected and measured."""
    if work.study.areas is None:
        return not_applicable(work, "areas", why="the study names no areas")
    boundaries = work.sources.boundaries()
    mine = boundaries.areas.filter(authority_code=work.authority)
    title = f"{mine['authority_name'][0]}: {mine.height} areas"
    drawn = draw_areas(mine, None, title=title, synthetic=work.study.is_synthetic)
    return Made(
        {"areas": mine},
        {
            "map": work.picture("areas", to_png(drawn)),
            "crs": boundaries.crs,
            "area_km2": float(mine["area_km2"].sum()),
            "polygons mended in the whole file": boundaries.mended_count,
        },
    )


def targets(work: Work) -> Made:
    """The values to be predicted, for every area; null where the source has none."""
    if not work.study.targets:
        return not_applicable(work, "targets", why="the study names no targets")
    joined = work.sources.targets().targets.filter(authority_code=work.authority)
    without = joined.filter(joined["value"].is_null())["target"].value_counts()
    name = work.study.target.name if work.study.target else ""
    drawn = draw_areas(
        work.read("areas"),
        deprivation(joined, name),
        title=name,
        label="deprivation by rank within the authority, 1 = worst",
        synthetic=work.study.is_synthetic,
    )
    return Made(
        {"targets": joined},
        {
            "map": work.picture("target", to_png(drawn)),
            "areas without a value": dg.MetadataValue.json(dict(without.iter_rows())),
        },
    )


ASSETS = (areas, targets)
