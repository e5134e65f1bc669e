"""Map of what a model missed: observed minus predicted, area by area, held out."""

import polars as pl

from streetview_assets.areas.map import draw_areas
from streetview_assets.figures import Figure
from streetview_assets.models.validation.nested_cv import TUNED
from streetview_assets.validations import VALIDATIONS


def draw_residual_map(
    areas: pl.DataFrame,
    predictions: pl.DataFrame,
    *,
    title: str,
    model: str = TUNED,
    validation: str,
    credit: str = "",
) -> Figure:
    """Draw the residuals of a model on held-out areas; areas without one are hatched.

    Parameters
    ----------
    areas
        Table `areas`.
    predictions
        Table `predictions` or `held_out_predictions`.
    title
        Names the target.
    model, validation
        Whose residuals are drawn.
    credit
        Whom to name at the foot.
    """
    drawn = predictions.filter(model=model, validation=validation, repeat=1)
    return draw_areas(
        areas,
        dict(zip(drawn["area_code"], drawn["residual"], strict=True)),
        title=f"{title}, residuals under {VALIDATIONS[validation].symbol}",
        label="observed minus predicted, in units of the target",
        credit=credit,
        diverging=True,
    )
