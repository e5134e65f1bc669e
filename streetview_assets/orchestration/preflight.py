"""What can be found wrong before anything runs or is written: every input is looked at once."""

from dataclasses import replace

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.embeddings.catalogue import check_encoder
from streetview_assets.images.catalogue import open_provider
from streetview_assets.lake.open_study import OpenStudy
from streetview_assets.points.roads import check_areas_meet_roads, read_roads, road_bounds
from streetview_assets.study import Roads


def check_inputs(opened: OpenStudy) -> None:
    """Read every input of a study without writing anything.

    Raises
    ------
    StudyError
        With the file, the place and the remedy.
    """
    study = opened.study
    sources = replace(opened.sources, keep=False, _memory={})
    check_encoder(study.encoder)
    open_provider(study, {})
    if study.areas:
        sources.boundaries()
    if study.targets:
        sources.targets()
    if study.roads and study.areas:
        box = tuple(to_geoframe(sources.areas()).total_bounds)
        check_areas_meet_roads(study.areas.path, box, study.roads, _road_box(study.roads))
    if study.points.path:
        sources.imported_points()
    if study.images.provider == "folder":
        sources.picture_positions()


def _road_box(roads: Roads) -> tuple[float, float, float, float] | None:
    """Give the box of the roads; formats that do not say it quickly are read."""
    box = road_bounds(roads)
    if box is None and roads.path is not None:
        west, south, east, north = read_roads(roads).total_bounds
        box = (float(west), float(south), float(east), float(north))
    return box
