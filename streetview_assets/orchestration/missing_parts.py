"""Why a study does not ask for an asset: it has no part that the asset is for."""

from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import Reason


def no_part(name: str) -> Reason:
    """Give the reason of studies without a part.

    Parameters
    ----------
    name
        Key of the study file, at its top.
    """
    return lambda study: (
        f"the study file has no part `{name}`" if getattr(study, name) is None else None
    )


def no_labels(study: Study) -> str | None:
    """Say that a study names no labels, where that is so."""
    return "the study names no labels" if study.labels is None else None


def no_own_images(study: Study) -> str | None:
    """Say that a study's images are no files of one's own, where that is so."""
    return None if study.points.origin == "images" else "its images are no files of one's own"


def no_categories(study: Study) -> str | None:
    """Say that images of the study's provider have no categories, where that is so."""
    return "the images came without categories" if no_own_images(study) else None


def views_are_separate(study: Study) -> str | None:
    """Say that no views are put together to panoramas, where that is so."""
    return "encoder.views is separate" if study.encoder.views == "separate" else None


def images_are_kept(study: Study) -> str | None:
    """Say that no pixels are deleted, where that is so."""
    return "images.keep_images is not false" if study.images.keeps_images else None
