"""Train on some towns, test on others: one model, scored in each and for the next one."""

from collections.abc import Collection

import numpy as np
import polars as pl

from streetview_assets.errors import StreetviewError
from streetview_assets.metrics import GAIN, REGRESSION, resampled_scores
from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.evaluations.by_authority import predict_held_out
from streetview_assets.models.metrics.bootstrap import resample_weights
from streetview_assets.models.results.rows import Row, metric_rows, score_row
from streetview_assets.models.results.validation_rows import RESAMPLES, no_score
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.towns.next_town import town_row
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.validations import AUTHORITIES

NEXT_TOWN = "next town"
ALL = "all"


def train_and_test(
    data: AreaDataset,
    scoring: Scoring,
    train: Collection[str],
    test: Collection[str],
    metrics: Collection[str],
) -> list[Row]:
    """Tune and train on some authorities, and score what comes out in others.

    Parameters
    ----------
    data
        Areas of all authorities with imagery and a value, in any order.
    scoring
        How they are scored.
    train, test
        Codes of authorities.
    metrics
        Those of `metrics.OF_TOWNS` that are reported.

    Returns
    -------
    list of Row
        A row a model, metric and group: each tested authority, `all` of them together, and the
        `next town`, whose interval holds what will come out there. A tested authority without
        areas has a row that says so.

    Raises
    ------
    StreetviewError
        Where there is nothing to learn from, or to test on.
    """
    data = data.by_area_code()
    codes = np.array(data.authority_codes, dtype=str)
    learning, held_out = (np.isin(codes, sorted(towns)) for towns in (train, test))
    made = predict_held_out(data, scoring, held_out, learning)
    if isinstance(made, str):
        raise StreetviewError(f"the protocol cannot be carried out: {made}")
    scoring, split = made
    found = [_town_rows(scoring, split, code, metrics) for code in sorted(test)]
    rows = [*(row for part in found for row in part), *_pooled_rows(scoring, split, metrics)]
    return [*rows, *_next_rows(scoring, [row for part in found for row in part])]


def _town_rows(
    scoring: Scoring, split: OutOfFold, code: str, metrics: Collection[str]
) -> list[Row]:
    mine = np.array(split.areas.authority_codes, dtype=str) == code
    if not mine.any():
        note = "no area of this authority has imagery and a value"
        return [no_score(scoring, AUTHORITIES, 0, note) | {"group_name": code}]
    return _scored(scoring, split, mine, code, metrics)


def _pooled_rows(scoring: Scoring, split: OutOfFold, metrics: Collection[str]) -> list[Row]:
    """Score all tested areas together: the towns, of which there are few, are what is drawn."""
    every = np.ones(len(split.areas), dtype=bool)
    return _scored(scoring, split, every, ALL, metrics)


def _scored(
    scoring: Scoring, split: OutOfFold, mine: np.ndarray, name: str, metrics: Collection[str]
) -> list[Row]:
    """Score every model in a group of areas, all under the same weights."""
    observed, areas = split.areas.observed[mine], split.areas.take(mine)
    best = split.predicted[TUNED][mine]
    groups = np.array(areas.authority_codes, dtype=str) if name == ALL else None
    drawn = resample_weights(
        areas.place_m, observed - best, RESAMPLES, seed_of(scoring.seed, "protocol", name),
        groups=groups, told=best,
    )  # fmt: skip
    asked = {key: one for key, one in REGRESSION.items() if key in {*metrics, "r2"}}
    rows: list[Row] = []
    r2: dict[str, tuple[float | None, np.ndarray]] = {}
    for model, predicted in split.predicted.items():
        about = scoring.about(model, AUTHORITIES, group_name=name)
        drawn_scores = resampled_scores(observed, predicted[mine], drawn.weights, asked)
        draws = drawn_scores if len(drawn.weights) else None
        found = metric_rows(about, observed, predicted[mine], asked, draws=draws, note=drawn.note)
        own = next(row["value"] for row in found if row["metric"] == "r2")
        r2[model] = own, drawn_scores["r2"]
        rows += [row for row in found if row["metric"] in metrics]
        if "coverage" in metrics:
            rows.append(_coverage(about, split.inside(model)[mine]))
    if GAIN in metrics and {PLACE, PLACE_AND_IMAGES} <= set(r2):
        (both, of_both), (alone, of_place) = r2[PLACE_AND_IMAGES], r2[PLACE]
        value = None if both is None or alone is None else both - alone
        gained = of_both - of_place if len(drawn.weights) else None
        about = scoring.about(PLACE_AND_IMAGES, AUTHORITIES, group_name=name)
        rows.append(score_row(about, GAIN, value, len(observed), draws=gained, note=drawn.note))
    return rows


def _coverage(about: Row, inside: np.ndarray) -> Row:
    known = inside[np.isfinite(inside)]
    value = float(known.mean()) if known.size else None
    note = None if known.size else "no prediction intervals: too few areas to learn from"
    return score_row(about, "coverage", value, int(known.size), note=note)


def _next_rows(scoring: Scoring, of_towns: list[Row]) -> list[Row]:
    """Say of every model and metric what the tested towns say of the next."""
    kept = ("model", "metric", "value", "lower", "upper", "interval_level", "area_count")
    frame = pl.DataFrame(
        [{name: row[name] for name in kept} for row in of_towns if row["value"] is not None],
        schema_overrides=dict.fromkeys(("value", "lower", "upper", "interval_level"), pl.Float64),
    )
    level = scoring.settings.interval_level
    return [
        scoring.about(str(model), AUTHORITIES, group_name=NEXT_TOWN, metric=metric)
        | town_row(str(metric), part, level)
        for (model, metric), part in frame.group_by("model", "metric", maintain_order=True)
    ]
