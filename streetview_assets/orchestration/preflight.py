"""What can be found wrong before anything runs or is written: every input is looked at once."""

from dataclasses import replace

import polars as pl

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.embeddings.catalogue import check_encoder
from streetview_assets.errors import StudyError
from streetview_assets.images.catalogue import open_provider
from streetview_assets.lake.open_study import OpenStudy
from streetview_assets.points.roads import check_areas_meet_roads, read_roads, road_bounds


def check_inputs(opened: OpenStudy) -> None:
    """Read every input of a study without writing anything.

    Raises
    ------
    StudyError
        With the study file, the place in it, the file that it names, and the remedy.
    """
    try:
        _look_at_inputs(opened)
    except StudyError as error:
        raise StudyError(f"{opened.study.path}: {error}") from error


def _look_at_inputs(opened: OpenStudy) -> None:
    study = opened.study
    sources = replace(opened.sources, keep=False, _memory={})
    check_encoder(study.encoder)
    open_provider(study, {})
    if study.areas:
        sources.boundaries()
    if study.targets:
        sources.targets()
    _check_roads(opened, sources.areas())
    if study.points.path:
        sources.imported_points()
    if study.images.provider == "folder":
        sources.picture_positions()


def _check_roads(opened: OpenStudy, areas: pl.DataFrame) -> None:
    """Refuse roads that lie elsewhere, or of which none touches an area."""
    study = opened.study
    if study.roads is None or study.areas is None:
        return
    outlines = to_geoframe(areas)
    box = tuple(outlines.total_bounds)
    check_areas_meet_roads(study.areas.path, box, study.roads, road_bounds(study.roads))
    if study.roads.path is None:
        return
    converted = opened.sources.roads_are_converted()
    lines = opened.sources.roads(areas) if converted else read_roads(study.roads)
    if not converted:
        bounds = tuple(lines.total_bounds)
        check_areas_meet_roads(study.areas.path, box, study.roads, bounds)
    if lines.sindex.query(outlines.geometry, predicate="intersects").size == 0:
        raise StudyError(
            f"The areas and the roads do not meet: no road of {study.roads.path} lies in one of "
            f"the {areas.height:,} areas of {study.areas.path}, though both are of one region. "
            "Give roads of the same place (`roads.path`), name other `authorities`, or mend the "
            "CRS of one of the files."
        )
