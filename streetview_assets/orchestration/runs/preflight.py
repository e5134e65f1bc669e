"""What can be found wrong before anything runs or is written: every input is looked at once."""

from dataclasses import replace
from pathlib import Path

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.embeddings.encoders.registry import check_encoder
from streetview_assets.embeddings.encoders.text_encoder import why_no_words
from streetview_assets.errors import StudyError
from streetview_assets.images.budget.prices import required_budget_usd
from streetview_assets.images.providers.registry import open_provider, provider_class
from streetview_assets.models.data.features import OF_LABELS
from streetview_assets.perception.ratings.rating_files import check_qualities
from streetview_assets.points.roads.files import file_bounds
from streetview_assets.points.roads.road_lines import check_areas_meet_roads
from streetview_assets.study.points import Roads
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.purchases import check_ledger
from streetview_assets.study_state.sources import Sources
from streetview_assets.text.counted import counted


def check_inputs(opened: OpenStudy, *, to_be_paid: bool = False) -> Sources:
    """Read every input of a study without writing anything.

    Parameters
    ----------
    opened
        The study.
    to_be_paid
        Whether images are about to be fetched: a provider that costs money then needs a budget.

    Returns
    -------
    Sources
        What was read; `store` writes it into the cache, so that no run reads it again.

    Raises
    ------
    StudyError
        With the study file, the place in it, the file that it names, and the remedy.
    """
    sources = replace(opened.sources, keep=False, _memory={})
    try:
        if to_be_paid:
            required_budget_usd(opened.study.images)
            check_ledger(opened)
        _look_at_inputs(opened.study, sources)
    except StudyError as error:
        raise StudyError(f"{opened.study.path}: {error}") from error
    return sources


def _look_at_inputs(study: Study, sources: Sources) -> None:
    check_encoder(study.encoder)
    _check_words(study)
    open_provider(study, {})
    if study.areas:
        sources.boundaries()
    if study.targets:
        sources.targets()
    if study.areas and study.roads and study.roads.path:
        _check_roads(study.areas.path, study.roads, sources)
    if study.points.path:
        sources.imported_points()
    if study.points.origin == "images":
        sources.image_positions()
    if study.perception:
        check_qualities(study.perception, sources.ratings(), sources.comparisons())
    provider_class(study.images.provider).check_inputs(study)


def _check_words(study: Study) -> None:
    reason = why_no_words(study.encoder)
    if reason is None:
        return
    of_labels = [name for name in study.models.features if name in OF_LABELS]
    if of_labels:
        raise StudyError(f"models.features: {of_labels[0]} needs labels, but {reason}")
    if study.explorer and study.explorer.words:
        raise StudyError(f"explorer.words: {reason}")
    if study.perception and study.perception.environment:
        raise StudyError(f"perception.environment joins sentences, but {reason}")


def _check_roads(areas_path: Path, roads: Roads, sources: Sources) -> None:
    """Refuse roads that lie elsewhere, or of which none touches an area."""
    areas = sources.areas()
    outlines = to_geoframe(areas)
    box = tuple(outlines.total_bounds)
    check_areas_meet_roads(areas_path, box, roads, file_bounds(roads.path) if roads.path else None)
    near = sources.roads(areas)
    if near.empty:
        everywhere = sources.roads(areas.head(0))
        check_areas_meet_roads(areas_path, box, roads, tuple(everywhere.total_bounds))
    if near.sindex.query(outlines.geometry, predicate="intersects").size == 0:
        raise StudyError(
            f"The areas and the roads do not meet: no road of {roads.path} lies in one of "
            f"the {counted(areas.height, 'area')} of {areas_path}, though both are of one region. "
            "Give roads of the same place (`roads.path`), name other `authorities`, or mend the "
            "CRS of one of the files."
        )
