"""Rows of the table `perception_scores`: how well each model tells what people say."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from streetview_assets.metrics import REGRESSION, Metric, resampled_scores
from streetview_assets.models.metrics.bootstrap import Resamples, resample_weights
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.models.results.rows import Row, metric_rows, score_row
from streetview_assets.perception.prediction.predictors import CHOSEN, Predictions
from streetview_assets.perception.prediction.rated import RatedImages, unit_means

RESAMPLES = 1_000
UNKNOWN_CEILING = "how far people agree is not known: see rating_agreement"


def _mse(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.asarray(REGRESSION["rmse"].compute(observed, predicted, weight) ** 2)


METRICS: Mapping[str, Metric] = {
    "r2": REGRESSION["r2"],
    "mse": Metric("mse", "MSE", "mean square error", _mse, higher_is_better=False),
    "rmse": REGRESSION["rmse"],
    "spearman": REGRESSION["spearman"],
}


@dataclass(frozen=True)
class Ceiling:
    """What R² a perfect model would reach against these scores, and the ends of its interval.

    Attributes
    ----------
    value, lower, upper
        Each None where it is not known; then the note says why.
    note
        Why there is none.
    """

    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    note: str = UNKNOWN_CEILING


@dataclass(frozen=True)
class Scored:
    """What rows of scores are labelled with, and drawn by.

    Attributes
    ----------
    quality, group_name, encoder, features
        The columns of that name.
    level
        Of intervals, 0 to 1.
    seed
        Of the resamples.
    ceiling
        Of this quality and group.
    """

    quality: str
    group_name: str
    encoder: str
    features: str
    level: float
    seed: int
    ceiling: Ceiling = Ceiling()

    def about(self, validation: str, image_count: int, model: str = CHOSEN, k: int = 0) -> Row:
        """Say what a row is of.

        Parameters
        ----------
        validation, image_count, model, k
            The columns of that name.
        """
        return {
            "quality": self.quality,
            "group_name": self.group_name,
            "encoder": self.encoder,
            "features": self.features,
            "model": model,
            "k": k,
            "validation": validation,
            "interval_level": self.level,
            "image_count": image_count,
        }

    def no_score(
        self, validation: str, why: str, image_count: int, *, model: str = CHOSEN, k: int = 0
    ) -> Row:
        """Make the row that says why there is no score; parameters as the columns.

        Parameters
        ----------
        validation, image_count, model, k
            The columns of that name.
        why
            The note.
        """
        return score_row(self.about(validation, image_count, model, k), "r2", None, 0, note=why)


def score_rows(
    scored: Scored,
    rated: RatedImages,
    predictions: Predictions,
    validation: str,
    *,
    groups: np.ndarray | None = None,
    note: str | None = None,
) -> list[Row]:
    """Score predictions out of fold; where several images stand for what was rated, their mean.

    Parameters
    ----------
    scored
        What the rows are labelled with.
    rated
        The images, with the scores that predictions are held against.
    predictions
        Of every model, (n,); NaN where an image was not predicted.
    validation
        How they were held out.
    groups
        What was held out as a whole and is what is independent, (n,), where that is few and large.
    note
        What is to be told of every row.
    """
    rows: list[Row] = []
    resamples = _resamples(scored, rated, predictions[CHOSEN, 0], groups)
    for (model, k), predicted in predictions.items():
        known = np.isfinite(predicted)
        about = scored.about(validation, int(known.sum()), model, k)
        if known.sum() < 2:
            why = "no image has what this model looks at"
            rows.append(score_row(about, "r2", None, 0, note=why))
            continue
        rows += _rows_of(about, rated.take(known), predicted[known], resamples, rated.units, note)
        rows.append(_share_of_ceiling(rows[-len(METRICS)], scored.ceiling, validation))
    return rows


def interval_rows(
    scored: Scored,
    rated: RatedImages,
    ends: tuple[np.ndarray, np.ndarray],
    is_unlike: np.ndarray,
    validation: str,
) -> list[Row]:
    """Say how often intervals hold, how wide they are, and of how many images nothing is told.

    Parameters
    ----------
    scored
        What the rows are labelled with.
    rated
        The images.
    ends
        Lower and upper ends of their intervals, (n,) each; NaN where there is none.
    is_unlike
        Which are unlike all that were learned from, 1 or 0, (n,); NaN where not held out.
    validation
        How they were held out.
    """
    measures = {
        "coverage": inside(rated.scores, *ends),
        "interval_width": ends[1] - ends[0],
        "abstained_share": is_unlike,
    }
    rows = []
    for name, values in measures.items():
        known = np.isfinite(values)
        about = scored.about(validation, int(known.sum()))
        if not known.any():
            rows.append(score_row(about, name, None, 0, note="too few images for intervals"))
            continue
        some = unit_means(values[known], rated.units[known])
        resamples = _resamples(scored, rated.take(known), None, None)
        draws = (resamples.weights * some).mean(axis=1) if resamples.note is None else None
        row = score_row(about, name, float(some.mean()), len(some), draws=draws)
        rows.append(_within(row, 0.0, np.inf if name == "interval_width" else 1.0))
    return rows


def _rows_of(
    about: Row,
    rated: RatedImages,
    predicted: np.ndarray,
    resamples: Resamples,
    units: np.ndarray,
    note: str | None,
) -> list[Row]:
    observed, told = (unit_means(each, rated.units) for each in (rated.scores, predicted))
    draws = None
    if resamples.note is None:
        weights = resamples.weights[:, np.isin(np.unique(units), rated.units)]
        draws = resampled_scores(observed, told, weights, METRICS)
    notes = "; ".join(filter(None, (note, resamples.note))) or None
    return metric_rows(about, observed, told, METRICS, draws=draws, note=notes)


def _resamples(
    scored: Scored, rated: RatedImages, predicted: np.ndarray | None, groups: np.ndarray | None
) -> Resamples:
    """Draw weights of units, near ones alike where errors are: the same for every model."""
    _, first = np.unique(rated.units, return_index=True)
    place_m = unit_means(rated.place_m, rated.units)
    residuals = None
    if predicted is not None and np.isfinite(place_m).all():
        missed = unit_means(rated.scores - predicted, rated.units)
        residuals = np.where(np.isfinite(missed), missed, 0.0)
    return resample_weights(
        np.nan_to_num(place_m),
        residuals,
        RESAMPLES,
        scored.seed,
        groups=None if groups is None else groups[first],
    )


def _share_of_ceiling(of_r2: Row, ceiling: Ceiling, validation: str) -> Row:
    """Divide R² by what a perfect model would reach; the ends by the ends that make it widest."""
    row = of_r2 | {"metric": "ceiling_share", "value": None, "lower": None, "upper": None}
    if validation == "raters":
        return row | {"note": "the ceiling is of means of all raters, this of those held out"}
    if ceiling.value is None or ceiling.value <= 0 or of_r2["value"] is None:
        return row | {"note": ceiling.note if ceiling.value is None else of_r2["note"]}
    row["value"] = of_r2["value"] / ceiling.value
    if of_r2["lower"] is not None and ceiling.lower and ceiling.upper and ceiling.lower > 0:
        ends = [
            end / each
            for end in (of_r2["lower"], of_r2["upper"])
            for each in (ceiling.lower, ceiling.upper)
        ]
        row |= {"lower": min(ends), "upper": max(ends)}
    else:
        row |= {"interval_level": None}
    return row


def _within(row: Row, least: float, most: float) -> Row:
    ends = {name: row[name] for name in ("lower", "upper") if row[name] is not None}
    return row | {name: float(np.clip(end, least, most)) for name, end in ends.items()}
