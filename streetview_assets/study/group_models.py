"""The part `group_models` of the study file."""

from typing import Literal

from pydantic import Field

from streetview_assets.study.fields import Part

GroupModel = Literal["ridge", "chosen", "published"]


class GroupModels(Part):
    """Which model is fitted to the images of each cluster and each label, target by target."""

    model: GroupModel = Field(
        "ridge",
        description="`ridge`, its penalty by closed form; `chosen`: the best of "
        "`models.candidates`, tuned in every fold on all images of the areas learned from, fitted "
        "afresh to each group; `published`: XGBoost with the parameters of the publication, a "
        "second or two for each of some hundred fits",
    )
