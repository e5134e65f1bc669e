"""What scores and gains say, in words: honest ones, for people who read no tables."""

from collections.abc import Callable, Mapping

import polars as pl

from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.candidates.other_features import (
    DESCRIPTIONS,
    PLACE_AND_SATELLITE,
    PLACE_DESCRIBED,
    PLACE_IMAGES_AND_SATELLITE,
    SATELLITE,
)
from streetview_assets.models.evaluations.gains import AT_RANDOM, IMAGES, NOTHING
from streetview_assets.models.metrics.coverage import LOCAL_TOLERANCE, OVERALL_TOLERANCE
from streetview_assets.models.results.coverage_rows import coverage_failures
from streetview_assets.models.results.rows import Row
from streetview_assets.models.results.tail_rows import OBSERVED
from streetview_assets.models.results.validation_facts import limits_of_task
from streetview_assets.models.results.verdict_sentences import (
    added_to_description,
    added_to_place,
    added_to_satellite,
    against_baseline,
    flattery,
    heavy_tails,
    regression_to_the_mean,
    told_by_images,
)
from streetview_assets.models.results.verdict_sentences import interval as _interval
from streetview_assets.models.results.verdict_sentences import number as _number
from streetview_assets.models.scoring import POOLED, Scoring
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted
from streetview_assets.validations import VALIDATIONS, headline_validation

Find = Callable[..., Row | None]
Finding = tuple[str, str, Row | None]
"""What it is about, the sentence, and the row of a table of results that it rests on."""

CLOSE = 0.03
"""So far above its level may the coverage of intervals lie, sampling aside."""
CANNOT_TELL = 0.1
"""Where coverage may as well be so far below its level, nothing can be told of it."""
MOST_NAMED = 5
CHANCE = 0.05


def findings(
    scores: pl.DataFrame,
    gains: pl.DataFrame,
    scoring: Scoring,
    validation: str,
    facts: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Say what the scores of a study mean, a sentence a finding, with the number it rests on.

    Parameters
    ----------
    scores
        The table `model_scores`.
    gains
        The table `gains`.
    scoring
        Whose target, encoder and features are spoken of.
    validation
        The one that answers to the study's task; what has no row under it is told of the next.
    facts
        The table `validations`; without, what limits a score for a new town is not told.

    Returns
    -------
    polars.DataFrame
        Table `findings`: what images add to place, what they tell by themselves, how much a
        random split flatters, whether they beat the best baseline, whether residuals still
        cluster, and whether intervals hold; what limits a score for a new town. Why there is no
        score, where there is none.
    """
    mine = scores.filter(target=scoring.target, encoder=scoring.encoder, features=scoring.features)
    told = [*_of_gains(gains, validation), *_of_scores(mine, validation)]
    if told and facts is not None:
        told += _of_task(facts, scoring, validation)
    if not told:
        told = [("score", _no_score(mine), None)]
    about = {"target": scoring.target, "encoder": scoring.encoder}
    rows = [
        about | {"position": position, "topic": topic, "sentence": sentence} | _rests_on(row)
        for position, (topic, sentence, row) in enumerate(told, 1)
    ]
    return TABLES["findings"].frame(rows)


def _of_gains(gains: pl.DataFrame, validation: str) -> list[Finding]:
    rows = {
        (row["validation"], row["features"], row["against"]): row
        for row in gains.filter(pl.col("value").is_not_null()).to_dicts()
    }

    def find(under: str, features: str, against: str) -> Row | None:
        return rows.get((under, features, against))

    others = [way for way in VALIDATIONS if way != validation]
    baselines = sorted(
        {other for _, one, other in rows if one == IMAGES}
        - {PLACE, NOTHING, SATELLITE, DESCRIPTIONS}
    )
    over, beside = (PLACE_AND_IMAGES, PLACE), (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE)
    told: list[Finding] = [
        ("gain", added_to_place(find, validation), find(validation, *over)),
        ("satellite", added_to_satellite(find, validation), find(validation, *beside)),
        (
            "description",
            added_to_description(find, validation),
            find(validation, PLACE_DESCRIBED, PLACE),
        ),
        ("score", told_by_images(find, validation), find(validation, IMAGES, NOTHING)),
        ("flattery", flattery(find, validation), find(validation, AT_RANDOM, IMAGES)),
        ("baseline", *against_baseline(find, validation, baselines)),
        *(("gain elsewhere", added_to_place(find, way), find(way, *over)) for way in others),
    ]
    return [one for one in told if one[1]]


def _of_scores(scores: pl.DataFrame, validation: str) -> list[Finding]:
    rows = _pooled(scores)
    scored = {name for metric, name, model in rows if (metric, model) == ("r2", TUNED)}
    under = validation if validation in scored else headline_validation("new town", 1, scored)
    find = _finder(rows)
    covered, outer = rows.get(("coverage", under, TUNED)), find("bias_of_lowest_decile", under)
    told: list[Finding] = [
        ("tails", heavy_tails(find, under), find("r2_of_ranks", under)),
        ("outer deciles", regression_to_the_mean(find, under), outer),
        ("residuals", _residuals(find, under), find("morans_i", under)),
        ("intervals", _intervals(scores, covered, under), covered),
    ]
    return [one for one in told if one[1]]


def _of_task(facts: pl.DataFrame, scoring: Scoring, validation: str) -> list[Finding]:
    mine = facts.filter(
        target=scoring.target,
        encoder=scoring.encoder,
        features=scoring.features,
        validation=validation,
    )
    said = [limits_of_task(row) for row in mine.to_dicts()]
    return [("task", f"{one[0].upper()}{one[1:]}.", None) for one in said if one]


def _rests_on(row: Row | None) -> Row:
    """Give the columns of a finding that say what it rests on."""
    if row is None:
        return {}
    kept = ("validation", "value", "lower", "upper", "interval_level", "area_count", "against")
    return {
        **{name: row.get(name) for name in kept},
        "features": row.get("model") or row["features"],
        "metric": row.get("metric", "r2"),
    }


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


def _no_score(scores: pl.DataFrame) -> str:
    about = scores.filter(model=TUNED, metric="r2", fold=0)
    reasons = about["note"].drop_nulls().unique(maintain_order=True).to_list()
    return "There is no score that counts: " + ("; ".join(reasons) or "nothing was scored") + "."


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
    held = f"{row['value']:.1%} of {counted(row['area_count'], 'area')}"
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
        f"Its prediction intervals hold what they promise: {held}. Where there are areas enough to "
        f"tell, no class of image count is shown to hold under {level - OVERALL_TOLERANCE:.0%}, no "
        f"authority or tenth of the target under {level - LOCAL_TOLERANCE:.0%}."
    )


def _level(scores: pl.DataFrame) -> float | None:
    level = scores["interval_level"].max()
    return float(level) if isinstance(level, float) else None
