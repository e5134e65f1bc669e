"""The models that may be chosen, each with what there is to tune and the areas it can take.

Scalers, components and the scaling of the target are steps of the pipeline, so that they are
fitted where the pipeline is: inside a fold.
"""

from collections.abc import Sequence

from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.candidates.kernel import (
    GAUSSIAN_PROCESS,
    KERNEL_RIDGE,
    NEAREST_NEIGHBOURS,
    SUPPORT_VECTORS,
)
from streetview_assets.models.candidates.linear import PLS, RIDGE
from streetview_assets.models.candidates.published_recipe import PUBLISHED
from streetview_assets.models.candidates.stack import stack_of
from streetview_assets.models.candidates.tree_ensembles import (
    GRADIENT_BOOSTING,
    RANDOM_FOREST,
    XGBOOST,
)
from streetview_assets.text.counted import counted

CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        RIDGE,
        KERNEL_RIDGE,
        PLS,
        GRADIENT_BOOSTING,
        SUPPORT_VECTORS,
        GAUSSIAN_PROCESS,
        NEAREST_NEIGHBOURS,
        RANDOM_FOREST,
        XGBOOST,
        PUBLISHED,
    )
}
CANDIDATES["stack"] = stack_of(CANDIDATES)


def candidates_for(names: Sequence[str], area_count: int) -> tuple[list[Candidate], dict[str, str]]:
    """Pick candidates by name, and leave out those that cannot take so many areas.

    Parameters
    ----------
    names
        Of `models.candidates`.
    area_count
        All areas with imagery and a value.

    Returns
    -------
    tuple
        The candidates, and for each that is left out the reason.
    """
    areas = counted(area_count, "area")
    picked = [CANDIDATES[name] for name in names]
    left_out = {
        candidate.name: f"left out: {areas}, it takes at most {candidate.most_areas:,}"
        for candidate in picked
        if area_count > candidate.most_areas
    }
    usable = [candidate for candidate in picked if candidate.name not in left_out]
    if all(candidate.stacks for candidate in usable):
        left_out |= {
            candidate.name: "left out: no other candidate to stack" for candidate in usable
        }
        usable = []
    return usable, left_out
