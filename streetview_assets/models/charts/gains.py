"""Chart of what images add to place: the scores of place, images and both, and the gain."""

from collections.abc import Sequence

import polars as pl

from streetview_assets.charts import LOWEST_SCORE, ZERO_LINE, intervals, panels
from streetview_assets.figures import COLOURS, INK, Axes, Figure
from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.evaluations.gains import IMAGES, NOTHING
from streetview_assets.validations import VALIDATIONS, mild_first

SHOWN = {PLACE: "place alone", IMAGES: "images alone", PLACE_AND_IMAGES: "place and images"}


def draw_gains(gains: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw R² by place, by images and by both, and the paired gain of both over place.

    Parameters
    ----------
    gains
        Table `gains`, of one target and encoder.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    known = gains.drop_nulls("value")
    validations = mild_first(known["validation"])
    size_in = (8.5, 1.9 + 0.55 * len(validations))
    figure, (scores, gained) = panels(2, size_in, title=title, credit=credit, sharey=True)
    for number, (features, label) in enumerate(SHOWN.items()):
        mine = known.filter(features=features, against=NOTHING)
        _add(scores, mine, validations, 0.2 * (number - 1), COLOURS[number], label)
    _add(gained, known.filter(features=PLACE_AND_IMAGES, against=PLACE), validations, 0, INK, "")
    for axes, label in ((scores, "R², pooled over held-out areas"), (gained, "gain in R²")):
        axes.axvline(0, color=ZERO_LINE, linewidth=0.8)
        axes.set_xlabel(label)
    scores.set_yticks(range(len(validations)), [VALIDATIONS[name].symbol for name in validations])
    scores.set_ylim(len(validations) - 0.5, -0.5)
    scores.legend(frameon=False, fontsize=8, loc="best")
    gained.set_title("what images add to place", fontsize=9)
    return figure


def _add(
    axes: Axes,
    rows: pl.DataFrame,
    validations: Sequence[str],
    shift: float,
    colour: str,
    label: str,
) -> None:
    height = [validations.index(name) + shift for name in rows["validation"]]
    ends = (rows["lower"], rows["upper"])
    intervals(axes, height, *ends, lowest=LOWEST_SCORE, color=colour, linewidth=1.6, alpha=0.5)
    axes.scatter(rows["value"].clip(LOWEST_SCORE), height, color=colour, s=26, label=label)
