"""How sure a study's verdict is, and where its model should not be used: a sentence each."""

import polars as pl

from streetview_assets.metrics import GAIN
from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.results.age_gap import ALL, GROWTH
from streetview_assets.models.results.rows import Row
from streetview_assets.models.results.verdict_sentences import LEAST_GAIN, interval, number
from streetview_assets.text.counted import counted
from streetview_assets.validations import AUTHORITIES, ENOUGH_AUTHORITIES

FEW_IMAGES = 2
MOST_KINDS = 3
OFF = {
    "bias": "off by {value:+.3g}",
    "slope": "slope {value:.2f}",
    "coverage": "{value:.0%} inside",
}


def how_sure(
    gains: pl.DataFrame, next_towns: pl.DataFrame, scores: pl.DataFrame, validation: str
) -> str:
    """Say how sure the gain of images over place is: here, in the next town, of single areas.

    Parameters
    ----------
    gains
        Rows of the table `gains`: of one target.
    next_towns
        Rows of `next_town_scores`, likewise.
    scores
        Rows of `model_scores` and `held_out_scores` of the model chosen, all areas, pooled.
    validation
        The one that answers to the study's task.
    """
    gain = _first(
        gains.filter(features=PLACE_AND_IMAGES, against=PLACE, validation=validation)
        .drop_nulls("value")
    )  # fmt: skip
    said = [_here(gain), _elsewhere(next_towns, validation), _of_areas(scores, validation)]
    told = "; ".join(filter(None, said))
    return f"{told[0].upper()}{told[1:]}."


def _here(gain: Row | None) -> str:
    if gain is None:
        return ""
    if gain["lower"] is None:
        return f"there is no interval of what images add ({gain['note'] or 'no reason is told'})"
    return (
        f"what images add is known to lie between {number(gain['lower'])} and "
        f"{number(gain['upper'])} "
        f"in R² ({interval(gain).split()[0]}, {counted(gain['area_count'], 'area')})"
    )


def _elsewhere(next_towns: pl.DataFrame, validation: str) -> str:
    """Say what will come out in the next authority, or why that cannot be said."""
    row = _first(next_towns.filter(model=PLACE_AND_IMAGES, metric=GAIN).drop_nulls("value"))
    if row is None:
        return "" if validation == AUTHORITIES else "no other town was tested"
    if row["lower"] is None:
        towns = counted(row["town_count"], "authority", "authorities")
        return f"of {towns} nothing can be said of another"
    few = ", so few that it is wide" if row["town_count"] < ENOUGH_AUTHORITIES else ""
    return (
        f"in the next authority it will lie between {number(row['lower'])} and "
        f"{number(row['upper'])} ({row['interval_level']:.0%}, told by {row['town_count']}{few})"
    )


def _of_areas(scores: pl.DataFrame, validation: str) -> str:
    row = _first(scores.filter(metric="coverage", validation=validation).drop_nulls("value"))
    if row is None:
        return "single areas have no prediction interval"
    level = f", {row['interval_level']:.0%} meant" if row["interval_level"] else ""
    areas = counted(row["area_count"], "area")
    return f"prediction intervals hold {row['value']:.0%} of {areas}{level}"


def not_to_be_used(
    gains: pl.DataFrame,
    validation: str,
    profile: pl.DataFrame,
    subgroups: pl.DataFrame,
    age_gaps: pl.DataFrame,
) -> str:
    """Say where the model should not be used, to go on from "Do not use it".

    Parameters
    ----------
    gains
        Rows of the table `gains`: of one target.
    validation
        The one that answers to the study's task.
    profile
        The mart `area_profile`.
    subgroups, age_gaps
        Rows of `subgroup_errors` and `age_gap_scores`: of one target and that validation.
    """
    said = [
        _in_place_of_a_map(gains, validation),
        _unlike(profile),
        _few_images(profile),
        _served_worse(subgroups),
        _old_imagery(age_gaps),
        "for persons, households or addresses",
    ]
    return f"{'; '.join(filter(None, said))}."


def _in_place_of_a_map(gains: pl.DataFrame, validation: str) -> str:
    gain = _first(gains.filter(features=PLACE_AND_IMAGES, against=PLACE, validation=validation))
    shown = gain is not None and gain["lower"] is not None and gain["lower"] > LEAST_GAIN
    return "" if shown else "where a map of the neighbouring areas is at hand"


def _unlike(profile: pl.DataFrame) -> str:
    told = profile["is_applicable"].drop_nulls()
    outside = int((~told).sum())
    if not outside:
        return ""
    return (
        f"in {outside:,} of {counted(len(told), 'area')} that look unlike all that was learned from"
    )


def _few_images(profile: pl.DataFrame) -> str:
    counts = profile["embedded_image_count"].fill_null(0)
    few = int((counts <= FEW_IMAGES).sum())
    if not few:
        return ""
    of_areas = f"{few:,} of {counted(len(counts), 'area')} with at most {FEW_IMAGES} images"
    return f"in {of_areas}, but for what is shrunk towards place"


def _served_worse(subgroups: pl.DataFrame) -> str:
    """Name the kinds of areas that lie off beyond chance; tenths of the target lean by nature."""
    off = subgroups.filter("differs").sort("grouping", "group_name", "metric").to_dicts()
    if not off:
        return ""
    named = [f"{_kind(row)} ({OFF[row['metric']].format(value=row['value'])})" for row in off]
    more = f" and {len(named) - MOST_KINDS} more" if len(named) > MOST_KINDS else ""
    listed = ", ".join(named[:MOST_KINDS])
    return f"without a look at the kinds of areas that it serves worse: {listed}{more}"


def _kind(row: Row) -> str:
    name = str(row["group_name"])
    return name if row["grouping"] == "decile" else f"{row['grouping']} {name}"


def _old_imagery(age_gaps: pl.DataFrame) -> str:
    row = _first(age_gaps.filter(group_name=ALL, metric=GROWTH).drop_nulls("lower"))
    if row is None or row["lower"] <= 0:
        return ""
    return "where images and target lie years apart, since errors grow with these"


def _first(rows: pl.DataFrame) -> Row | None:
    return rows.row(0, named=True) if rows.height else None
