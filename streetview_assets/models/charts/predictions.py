"""Charts of predictions held out: against observed values, and what was missed, on a map."""

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import metric_crs, to_geoframe
from streetview_assets.areas.map import draw_areas, draw_areas_beside
from streetview_assets.charts import panels
from streetview_assets.figures import COLOURS, Axes, Figure, lead
from streetview_assets.metrics import measure
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.text.counted import counted
from streetview_assets.validations import VALIDATIONS, mild_first


def draw_predicted_observed(
    predictions: pl.DataFrame, *, what: str, title: str, model: str = TUNED, credit: str = ""
) -> Figure:
    """Draw held-out predictions against observed values, with the prediction intervals.

    Parameters
    ----------
    predictions
        Table `predictions` or `held_out_predictions`, or the two together.
    title
        Above it.
    what
        What people call the target.
    model
        The model that is drawn.
    credit
        Whom to name at the foot.

    Raises
    ------
    ValueError
        Where there is no prediction of the model.
    """
    drawn = predictions.filter(model=model, repeat=1)
    shown = mild_first(drawn["validation"])
    if not shown:
        raise ValueError(f"there are no predictions of the model {model}")
    size_in = (4.2 * len(shown) + 0.4, 4.8)
    figure, all_axes = panels(len(shown), size_in, credit=credit, sharex=True, sharey=True)
    figure.suptitle(title)
    for axes, validation in zip(all_axes, shown, strict=True):
        _add_panel(axes, drawn.filter(validation=validation), _name(predictions, validation))
        axes.set_xlabel(f"{what}: observed")
    level = drawn["interval_level"].max()
    bars = f", with {level:.0%} intervals" if isinstance(level, float) else ""
    all_axes[0].set_ylabel(f"{what}: predicted, held out{bars}")
    return figure


def _add_panel(axes: Axes, rows: pl.DataFrame, name: str) -> None:
    observed, predicted = rows["observed"].to_numpy(), rows["predicted"].to_numpy()
    reach = [
        (rows[upper] - rows[lower]).fill_null(float("nan")).to_numpy()
        for lower, upper in (("lower", "predicted"), ("predicted", "upper"))
    ]
    dots = float(np.clip(60 / np.sqrt(len(rows)), 1, 6))
    axes.errorbar(
        observed,
        predicted,
        yerr=reach,
        fmt="o",
        markersize=dots,
        color=COLOURS[0],
        ecolor="#c9d8e6",
        elinewidth=dots / 4,
        alpha=0.8,
    )
    ends = [min(observed.min(), predicted.min()), max(observed.max(), predicted.max())]
    axes.plot(ends, ends, color="#444444", linewidth=1, linestyle="--")
    r2 = measure(observed, predicted)["r2"]
    score = "R² not defined" if r2 is None else f"R² = {r2:.2f}"
    axes.set_title(f"{name}: {score}, {counted(len(rows), 'area')}", fontsize=10)


def _name(predictions: pl.DataFrame, validation: str) -> str:
    """Name a validation; the first of several deals is drawn, whose mean is the score."""
    repeats = predictions.filter(validation=validation)["repeat"].n_unique()
    return VALIDATIONS[validation].symbol + (f", first of {repeats}" if repeats > 1 else "")


def draw_prediction_maps(
    areas: pl.DataFrame,
    predictions: pl.DataFrame,
    *,
    title: str,
    what: str,
    model: str = TUNED,
    validation: str,
    credit: str = "",
    narrow: bool = False,
) -> Figure:
    """Draw what was observed and what a model predicted of held-out areas, side by side.

    Parameters
    ----------
    areas
        Table `areas`.
    predictions
        Table `predictions` or `held_out_predictions`.
    title
        Above it.
    what
        What people call the target.
    model, validation
        Whose predictions are drawn.
    credit
        Whom to name at the foot.
    narrow
        One above the other, for a phone.
    """
    drawn = predictions.filter(model=model, validation=validation, repeat=1)
    held_out = f"predicted, held out ({VALIDATIONS[validation].symbol})"
    columns = {"observed": "observed", held_out: "predicted"}
    return draw_areas_beside(
        areas,
        {
            name: dict(zip(drawn["area_code"], drawn[column], strict=True))
            for name, column in columns.items()
        },
        title=title,
        label=what,
        credit=credit,
        narrow=narrow,
    )


def draw_residual_map(
    areas: pl.DataFrame,
    predictions: pl.DataFrame,
    *,
    title: str,
    what: str,
    model: str = TUNED,
    validation: str,
    credit: str = "",
    narrow: bool = False,
) -> Figure:
    """Draw the residuals of a model on held-out areas; areas without one are hatched.

    Parameters
    ----------
    areas
        Table `areas`.
    predictions
        Table `predictions` or `held_out_predictions`.
    title
        Above it.
    what
        What people call the target.
    model, validation
        Whose residuals are drawn.
    credit
        Whom to name at the foot.
    narrow
        For a phone.
    """
    drawn = predictions.filter(model=model, validation=validation, repeat=1)
    return draw_areas(
        areas,
        dict(zip(drawn["area_code"], drawn["residual"], strict=True)),
        title=f"{lead(title)}residuals under {VALIDATIONS[validation].symbol}",
        label=f"{what}: observed minus predicted",
        credit=credit,
        diverging=True,
        narrow=narrow,
    )


def draw_dissimilarity(
    areas: pl.DataFrame,
    predicted: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
    narrow: bool = False,
) -> Figure:
    """Draw how unlike what was learned from areas are; those the model does not apply to hatched.

    Parameters
    ----------
    areas
        Table `areas`.
    predicted
        Table `area_predictions`.
    title
        Names the target.
    credit
        Whom to name at the foot.
    narrow
        For a phone.
    """
    known = predicted.drop_nulls("dissimilarity")
    figure = draw_areas(
        areas,
        dict(zip(known["area_code"], known["dissimilarity"], strict=True)),
        title=f"{lead(title)}where the model applies",
        label="how unlike the areas learned from, in their mean distance",
        credit=credit,
        narrow=narrow,
    )
    codes = known.filter(~pl.col("is_applicable"))["area_code"]
    outside = areas.filter(pl.col("area_code").is_in(codes.implode()))
    if outside.height:
        crs = metric_crs(None, to_geoframe(areas.select("geometry")).geometry)
        outlines = to_geoframe(outside.select("geometry")).geometry.to_crs(crs)
        outlines.plot(
            ax=figure.axes[0], aspect=None, facecolor="none", edgecolor=COLOURS[5], hatch="xxx"
        )
    return figure
