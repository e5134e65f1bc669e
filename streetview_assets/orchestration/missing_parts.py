"""Why a study does not ask for an asset: it has no part that the asset is for."""

from collections.abc import Callable

from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import Reason

NO_AREAS = "the study names no areas"
NO_TARGETS = "the study names no targets"


def no_part(name: str) -> Reason:
    """Give the reason of studies without a part.

    Parameters
    ----------
    name
        Key of the study file, at its top.
    """
    return _without(lambda study: getattr(study, name), f"the study file has no part `{name}`")


def categories_of(study: Study) -> tuple[str, ...]:
    """Name the table that categories are of, where the images themselves do not tell them."""
    return ("user_groups",) if study.categories_from == "user_groups" else ()


def _without(part: Callable[[Study], object], why: str) -> Reason:
    return lambda study: None if part(study) else why


no_areas = _without(lambda study: study.areas, NO_AREAS)
no_roads = _without(lambda study: study.roads, "the study names no roads")
no_targets = _without(lambda study: study.targets, NO_TARGETS)
no_other_features = _without(
    lambda study: study.satellite or study.place,
    "the study file has neither a part `satellite` nor `place`",
)
no_labels = _without(lambda study: study.labels, "the study names no labels")
no_own_images = _without(
    lambda study: study.points.origin == "images", "its images are no files of one's own"
)
no_categories = _without(
    lambda study: study.points.origin == "images" or study.categories_from == "user_groups",
    "the images came without categories",
)
no_cluster_names = _without(lambda study: study.clusters.names, "no cluster has a name")
no_user_groups = _without(lambda study: study.user_groups, "nobody put images into groups")
views_are_separate = _without(
    lambda study: study.encoder.views != "separate", "encoder.views is separate"
)
images_are_kept = _without(
    lambda study: not study.images.keeps_images, "images.keep_images is not false"
)
