"""What a table of scores says, in words: honest ones, for people who read no tables."""

from collections.abc import Callable, Mapping

import polars as pl

from streetview_assets.models.results.coverage_rows import coverage_failures
from streetview_assets.models.results.rows import Row
from streetview_assets.models.results.tail_rows import OBSERVED
from streetview_assets.models.results.tail_sentences import heavy_tails, regression_to_the_mean
from streetview_assets.models.results.wording import interval as _interval
from streetview_assets.models.results.wording import number as _number
from streetview_assets.models.scoring import POOLED
from streetview_assets.models.validation.nested_cv import TUNED

Find = Callable[..., Row | None]

SPATIAL = {
    "knndm": "with areas held out as far away as those to be predicted",
    "blocks": "with whole spatial blocks held out",
    "authorities": "with whole authorities held out",
}
WAYS = {"random": "under random folds", "holdout": "on the hold-out", **SPATIAL}
NOTICEABLE = 0.05
"""A difference of R² that is worth a word."""
CLOSE = 0.03
"""So far above its level may the coverage of intervals lie, sampling aside."""
CANNOT_TELL = 0.1
"""Where coverage may as well be so far below its level, nothing can be told of it."""
MOST_NAMED = 5
CHANCE = 0.05


def summary_sentences(scores: pl.DataFrame) -> list[str]:
    """Say what the scores of a selection mean, one sentence a finding.

    Parameters
    ----------
    scores
        Rows of the table `model_scores`, `authority_scores` or `held_out_scores`: of one target,
        one encoder, one set of features and, of the latter two, one authority. What has no row
        is not spoken of.

    Returns
    -------
    list of str
        How well the model does where it counts, how much a random split flatters, whether it
        beats the best baseline and whether place alone explains it, whether residuals still
        cluster, and whether intervals hold. Why there is no score, where there is none.
    """
    rows = _pooled(scores)
    spatial = next((name for name in SPATIAL if ("r2", name, TUNED) in rows), None)
    find = _finder(rows)
    if spatial is None or find("r2", spatial) is None:
        said = [_no_score(scores, spatial), *(_plain(find, name) for name in WAYS)]
        return [sentence for sentence in said if sentence]
    sentences = [
        _plain(find, spatial),
        heavy_tails(find, spatial),
        regression_to_the_mean(find, spatial),
        _flattery(find, spatial),
        _plain(find, "holdout"),
        _against_baseline(find, spatial),
        _place_alone(find, spatial),
        _residuals(find, spatial),
        _intervals(scores, rows.get(("coverage", spatial, TUNED)), spatial),
    ]
    return [sentence for sentence in sentences if sentence]


def _pooled(scores: pl.DataFrame) -> dict[tuple[str, str, str], Row]:
    """Give the rows of all areas and folds, by metric, validation and model."""
    pooled = scores.filter(**POOLED).to_dicts()
    return {(row["metric"], row["validation"], row["model"]): row for row in pooled}


def _finder(rows: Mapping[tuple[str, str, str], Row]) -> Find:
    """Find rows that have a value."""

    def find(metric: str, validation: str, model: str = TUNED) -> Row | None:
        row = rows.get((metric, validation, model))
        return None if row is None or row["value"] is None else row

    return find


def _value(row: Row | None) -> float | None:
    return None if row is None else row["value"]


def _no_score(scores: pl.DataFrame, spatial: str | None) -> str:
    about = scores.filter(model=TUNED, metric="r2", fold=0)
    about = about.filter(validation=spatial) if spatial else about
    reasons = about["note"].drop_nulls().unique(maintain_order=True).to_list()
    return "There is no score that counts: " + ("; ".join(reasons) or "nothing was scored") + "."


def _plain(find: Find, validation: str) -> str:
    row = find("r2", validation)
    if row is None:
        return ""
    share = row["value"]
    meaning = f"tells {share:.0%} of the variance" if share > 0 else "tells nothing"
    way = WAYS[validation]
    areas = f"{row['area_count']:,} areas"
    return (
        f"{way[0].upper()}{way[1:]}, the model {meaning}: "
        f"R² {_number(row['value'])} ({_interval(row)}, {areas})."
    )


def _flattery(find: Find, spatial: str) -> str:
    random, strict = _value(find("r2", "random")), _value(find("r2", spatial))
    if random is None or strict is None:
        return ""
    gap = random - strict
    if gap < NOTICEABLE:
        return f"A random split does not flatter it: R² {_number(random)} under random folds."
    sentence = (
        f"A random split flatters it by {_number(gap)}: R² {_number(random)} under random folds, "
        "where the neighbours of an area are learned from."
    )
    if strict <= 0 < NOTICEABLE < random:
        sentence += " All that it scores there comes from neighbours."
    return sentence


def _against_baseline(find: Find, spatial: str) -> str:
    gain = find("r2_gain_over_baseline", spatial)
    if gain is None:
        return ""
    name = (gain["note"] or "").removeprefix("best baseline: ").replace("_", " ")
    best = f"the best baseline ({name})" if name else "the best baseline"
    amount = f"{_number(gain['value'])} in R² ({_interval(gain)})"
    if gain["lower"] is not None and gain["lower"] > 0:
        return f"It beats {best} by {amount}."
    if gain["upper"] is not None and gain["upper"] < 0:
        return f"It is worse than {best}: {amount}."
    return f"It does not beat {best} beyond chance: {amount}."


def _place_alone(find: Find, spatial: str) -> str:
    place = _value(find("r2", spatial, "place"))
    model = _value(find("r2", spatial))
    gain = find("r2_gain_over_place", spatial)
    if place is None or model is None:
        return ""
    beaten = gain is not None and gain["lower"] is not None and gain["lower"] > 0
    if beaten:
        return f"Where an area lies does not explain all of it: coordinates reach {_number(place)}."
    at_random = _value(find("r2", "random", "place"))
    beside = f", {_number(at_random)} under random folds" if at_random is not None else ""
    worse = gain is not None and gain["upper"] is not None and gain["upper"] < 0
    return (
        f"Coordinates alone do {'better' if worse else 'as well, chance aside'} "
        f"(R² {_number(place)}{beside}): the images are not shown to tell more than where an "
        "area lies."
    )


def _residuals(find: Find, spatial: str) -> str:
    i, p = _value(find("morans_i", spatial)), _value(find("morans_p", spatial))
    if i is None or p is None:
        return ""
    target = _value(find("morans_i", spatial, OBSERVED))
    beside = f" (the target's own is {_number(target)})" if target is not None else ""
    if p <= CHANCE and i > 0:
        return (
            f"Its errors still cluster in space: Moran's I {_number(i)}, p {p:.3f}{beside}; "
            "something that lies in space is missed."
        )
    return f"Its errors do not cluster in space beyond chance: Moran's I {_number(i)}, p {p:.3f}."


def _intervals(scores: pl.DataFrame, row: Row | None, spatial: str) -> str:
    """Say that they hold only where no test of any group of areas says otherwise."""
    if row is None:
        return ""
    if row["value"] is None:
        return "There are too few areas for prediction intervals."
    held = f"{row['value']:.1%} of {row['area_count']:,} areas"
    level = _level(scores)
    if level is None or row["lower"] is None:
        return f"Its prediction intervals hold {held}."
    held += f" ({_interval(row)}), {level:.0%} meant"
    if short := coverage_failures(scores, spatial):
        named = [f"{one['group_name']} ({one['value']:.0%})" for one in short]
        named = [name for name in named if not name.startswith("all (")]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        where = f"; too few in {', '.join(named[:MOST_NAMED])}{more}" if named else ""
        return f"Its prediction intervals do not hold what they promise: {held}{where}."
    if row["lower"] < level - CANNOT_TELL:
        return f"Of so few areas it cannot be told whether its prediction intervals hold: {held}."
    if row["lower"] > level + CLOSE:
        return f"Its prediction intervals are wider than need be: they hold {held}."
    return (
        f"Its prediction intervals hold what they promise: {held}, and beyond chance no fewer in "
        "any authority, class of image count or tenth of the target that has areas enough to tell."
    )


def _level(scores: pl.DataFrame) -> float | None:
    level = scores["interval_level"].max()
    return float(level) if isinstance(level, float) else None
