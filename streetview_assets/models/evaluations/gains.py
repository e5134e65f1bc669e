"""What one set of features adds to another: paired gains of R², foremost of images over place.

Both predicted the same areas from the same areas, so that their difference is surer than either
score: both are scored under the same random weights of areas (a paired bootstrap).

That takes predictions as given, but each area is learned from in the other folds too: with other
errors, models would have said something else of its neighbours. Where it is known how each area
had a hand in those predictions (`OutOfFold.influence`), of place and of place with images, the
interval has that in it: the gain varies as its derivatives by the areas' values say, through test
and training part at once (the delta method; the infinitesimal jackknife of Jaeckel 1972, Bell Labs
MM 72-1215-11, with errors that are alike where areas are near). That cross-validated scores vary
more than their folds show for this reason: Nadeau and Bengio 2003, Machine Learning 52: 239-281;
Bates, Hastie and Tibshirani 2024, JASA 119: 1434-1445. Derivatives are taken where values came
out, not at their mean, so that an interval never is too narrow on average for being of first order,
and where a gain is all chance up to 1.4 times too wide.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import polars as pl
from scipy.stats import t

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.metrics import REGRESSION, measure, resampled_scores, why_undefined
from streetview_assets.models.candidates.baselines import BASELINES, PLACE, PLACE_AND_IMAGES
from streetview_assets.models.candidates.composite import COMPOSITE, SHRUNK
from streetview_assets.models.candidates.other_features import (
    DESCRIPTIONS,
    IMAGES_AND_SATELLITE,
    OF_DESCRIPTIONS,
    OF_SATELLITE,
    PLACE_AND_SATELLITE,
    PLACE_DESCRIBED,
    PLACE_DESCRIBED_AND_IMAGES,
    PLACE_IMAGES_AND_SATELLITE,
    SATELLITE,
    place_and,
    place_images_and,
)
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.bootstrap import (
    HEAVY_TAILS,
    LEAST_FREEDOM,
    Resamples,
    interval_of,
    resample_weights,
)
from streetview_assets.models.results.rows import Row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.study.areas import DESCRIPTIONS as DESCRIPTIONS_OF_PLACE
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import AUTHORITIES

IMAGES = "images"
"""What images tell by themselves: the model `tuned`."""
AT_RANDOM = "images_at_random"
"""The same, of the same areas, under random folds: what a random split flatters by."""
NOTHING = "nothing"
"""What a score is compared with that stands by itself: its gain is the R²."""
WITH_SATELLITE = (
    (IMAGES, SATELLITE),
    (IMAGES_AND_SATELLITE, SATELLITE),
    (IMAGES_AND_SATELLITE, IMAGES),
    (PLACE_AND_SATELLITE, PLACE),
    (PLACE_AND_SATELLITE, SATELLITE),
    (PLACE_IMAGES_AND_SATELLITE, PLACE),
    (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE),
    (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_IMAGES),
    (PLACE_IMAGES_AND_SATELLITE, IMAGES_AND_SATELLITE),
)
"""What each of images, satellite and place adds to the others."""
WITH_DESCRIPTIONS = (
    (IMAGES, DESCRIPTIONS),
    (PLACE_DESCRIBED, PLACE),
    (PLACE_DESCRIBED_AND_IMAGES, PLACE_DESCRIBED),
    (PLACE_DESCRIBED_AND_IMAGES, PLACE_AND_IMAGES),
    *((place_and(one), PLACE) for one in DESCRIPTIONS_OF_PLACE),
    *((place_images_and(one), PLACE_AND_IMAGES) for one in DESCRIPTIONS_OF_PLACE),
)
"""What describes a place adds to where it lies, and images to both."""
BESIDE = (*OF_SATELLITE, *OF_DESCRIPTIONS, *(one for pair in WITH_DESCRIPTIONS[4:] for one in pair))
"""Names of models that see more than images and coordinates."""
RESAMPLES = 1_000
Score = tuple[float, np.ndarray]
"""Of the areas as they are, and of each resample."""
Influences = tuple[np.ndarray, np.ndarray]
"""Of areas on the errors of both models, each (repeats, n)."""
_R2 = {"r2": REGRESSION["r2"]}


@dataclass(frozen=True)
class Predicted:
    """Out-of-fold predictions under one validation, by what they are made of.

    Attributes
    ----------
    by
        Features to predictions, shape (repeats, n).
    observed
        Values, shape (n,).
    place_m
        Easting and northing, metres; shape (n, 2).
    groups
        Authority of each area, where whole ones were held out; else None.
    influence
        As of `OutOfFold`, shape (repeats, n), by what predictions are made of, where it is known.
    """

    by: dict[str, np.ndarray]
    observed: np.ndarray
    place_m: np.ndarray
    groups: np.ndarray | None = None
    influence: dict[str, np.ndarray] = field(default_factory=dict)

    def influences(self, features: str, against: str) -> Influences | None:
        """Give the influence on both; None where that on one is not known."""
        if {features, against} <= set(self.influence):
            return self.influence[features], self.influence[against]
        return None


@dataclass(frozen=True)
class Gain:
    """A difference of two R², with its interval; None where it is not defined."""

    value: float | None
    lower: float | None
    upper: float | None
    draws: int
    note: str | None


def predicted_under(predictions: pl.DataFrame, areas: pl.DataFrame, crs: str) -> Predicted:
    """Put the predictions of one validation side by side.

    Parameters
    ----------
    predictions
        Rows of the table `predictions` or `held_out_predictions`: of one target, encoder, set of
        features and validation.
    areas
        The table `areas`.
    crs
        A CRS in metres.
    """
    by_area = predictions.sort("model", "repeat", "area_code")
    first = by_area.head(by_area["area_code"].n_unique())
    where = first.select("area_code").join(areas, on="area_code", maintain_order="left")
    whole_authorities = first["validation"][0] == AUTHORITIES
    of_models = {
        IMAGES if model == TUNED else str(model): rows
        for (model,), rows in by_area.group_by("model", maintain_order=True)
    }
    return Predicted(
        by={name: _by_repeat(rows["predicted"], first.height) for name, rows in of_models.items()},
        observed=first["observed"].to_numpy(),
        place_m=points_in_metres(where, crs),
        groups=where["authority_code"].to_numpy() if whole_authorities else None,
        influence={
            name: _by_repeat(rows["influence"], first.height)
            for name, rows in of_models.items()
            if not rows["influence"].has_nulls()
        },
    )


def compared(features: Collection[str]) -> list[tuple[str, str]]:
    """Name the pairs that a reader would ask for: features, and what they are compared with.

    Parameters
    ----------
    features
        Those that there are predictions by.
    """
    own = {*CANDIDATES, *BASELINES, IMAGES, AT_RANDOM, PLACE_AND_IMAGES}
    own |= {COMPOSITE, *SHRUNK, *BESIDE}
    rivals = [*BASELINES, *sorted(set(features) - own)]
    asked = [(PLACE_AND_IMAGES, PLACE), (PLACE_AND_IMAGES, IMAGES)]
    asked += [(IMAGES, rival) for rival in rivals]
    asked += [(AT_RANDOM, IMAGES), *WITH_SATELLITE, *WITH_DESCRIPTIONS]
    by_themselves = dict.fromkeys((IMAGES, PLACE, PLACE_AND_IMAGES, *BESIDE))
    asked += [(one, NOTHING) for one in by_themselves]
    return [(one, other) for one, other in asked if {one, other} <= {NOTHING, *features}]


def paired_gain(
    observed: np.ndarray,
    one: np.ndarray,
    other: np.ndarray | None,
    resamples: Resamples,
    level: float,
    influences: Influences | None = None,
) -> Gain:
    """Compare the R² of two predictions, over several repeats on average.

    Parameters
    ----------
    observed
        Values, shape (n,).
    one, other
        Predictions, each (repeats, n); None, to be compared with nothing.
    resamples
        Weights of the areas, the same for both and in every repeat.
    level
        Of the interval, 0 to 1.
    influences
        Of areas on the errors of both, where that is known: then the interval knows that models
        learned from the same areas.
    """
    mine = _mean_r2(observed, one, resamples)
    its = None if other is None else _mean_r2(observed, other, resamples)
    gain = _difference(observed, mine, its, resamples, level)
    if other is None or influences is None:
        return gain
    return _by_slopes(gain, slopes_of_gain(observed, (one, other), influences), resamples, level)


def slopes_of_gain(
    observed: np.ndarray, predicted: tuple[np.ndarray, np.ndarray], influences: Influences
) -> np.ndarray:
    """Say how fast a gain rises with each area's value, predictions of other areas with it.

    Parameters
    ----------
    observed
        Values, shape (n,).
    predicted
        By both models, each (repeats, n).
    influences
        Of areas on the errors of both.

    Returns
    -------
    numpy.ndarray
        Mean over repeats, shape (n,), per unit of the target.
    """
    off = observed - observed.mean()
    (one, other), (of_one, of_other) = predicted, influences
    gain = ((observed - other) ** 2 - (observed - one) ** 2).sum(axis=1) / (off @ off)
    slopes = one + of_one - other - of_other - gain[:, None] * off
    return np.asarray(2 * slopes.mean(axis=0) / (off @ off))


def paired_gains(
    predictions: pl.DataFrame, areas: pl.DataFrame, scoring: Scoring, crs: str
) -> pl.DataFrame:
    """Compare the R² of features with that of others, under every validation.

    Parameters
    ----------
    predictions
        The tables `predictions` and `held_out_predictions`, one below the other.
    areas
        The table `areas`.
    scoring
        What the rows are labelled with; its seed is that of the resamples.
    crs
        A CRS in metres.

    Returns
    -------
    polars.DataFrame
        Table `gains`; authorities that were held out count together.
    """
    mine = predictions.filter(
        target=scoring.target, encoder=scoring.encoder, features=scoring.features
    )
    at_random = mine.filter(validation="random", model=TUNED)
    rows: list[Row] = []
    for (validation,), part in mine.sort("validation").group_by("validation", maintain_order=True):
        if validation != "random":
            part = pl.concat([part, _of_same_areas(at_random, part)])
        rows += gain_rows(scoring, predicted_under(part, areas, crs), str(validation))
    return TABLES["gains"].frame(rows).sort(TABLES["gains"].key)


def _of_same_areas(at_random: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    """Give the predictions at random of the areas and repeats of another validation."""
    repeats = part.select("repeat").unique()
    once = at_random.filter(repeat=1).drop("repeat").join(repeats, how="cross")
    wanted = part.select("area_code", "repeat").unique()
    found = once.join(wanted, on=["area_code", "repeat"]).with_columns(model=pl.lit(AT_RANDOM))
    return found.select(part.columns) if found.height == wanted.height else part.clear()


def _by_repeat(numbers: pl.Series, area_count: int) -> np.ndarray:
    return numbers.to_numpy().reshape(-1, area_count)


def gain_rows(scoring: Scoring, under: Predicted, validation: str) -> list[Row]:
    """Compare every pair; areas are weighted, and features scored by those weights, once.

    Parameters
    ----------
    scoring
        What the rows are labelled with; its seed is that of the resamples.
    under
        Predictions of the same areas.
    validation
        How they were held out.
    """
    level, seed = scoring.settings.interval_level, seed_of(scoring.seed, "gains", validation)

    @cache
    def weighted(by: str) -> Resamples:
        told = under.by[by].mean(axis=0)
        errors = under.observed - told
        return resample_weights(
            under.place_m, errors, RESAMPLES, seed, groups=under.groups, told=told
        )

    @cache
    def scored(features: str, by: str) -> Score:
        return _mean_r2(under.observed, under.by[features], weighted(by))

    rows: list[Row] = []
    for features, against in compared(under.by):
        by = against if features == AT_RANDOM else features
        its = None if against == NOTHING else scored(against, by)
        gain = _difference(under.observed, scored(features, by), its, weighted(by), level)
        if influences := under.influences(features, against):
            both = under.by[features], under.by[against]
            slopes = slopes_of_gain(under.observed, both, influences)
            gain = _by_slopes(gain, slopes, weighted(by), level)
        rows.append(gain_row(scoring, validation, (features, against), len(under.observed), gain))
    return rows


def gain_row(
    scoring: Scoring, validation: str, pair: tuple[str, str], area_count: int, gain: Gain
) -> Row:
    """Write a gain as a row.

    Parameters
    ----------
    scoring
        What the row is labelled with.
    validation
        How areas were held out.
    pair
        What predicts, and what it is compared with.
    area_count
        Areas that were predicted.
    gain
        The comparison.
    """
    features, against = pair
    return {
        "target": scoring.target,
        "encoder": scoring.encoder,
        "image_features": scoring.features,
        "validation": validation,
        "features": features,
        "against": against,
        "area_count": area_count,
        "interval_level": None if gain.lower is None else scoring.settings.interval_level,
        **vars(gain),
    }


def _difference(
    observed: np.ndarray, mine: Score, its: Score | None, resamples: Resamples, level: float
) -> Gain:
    value, drawn = mine if its is None else (mine[0] - its[0], mine[1] - its[1])
    if not np.isfinite(value):
        return Gain(None, None, None, 0, why_undefined(observed, observed))
    lower, upper = interval_of(drawn, level, value) if len(drawn) else (None, None)
    return Gain(value, lower, upper, len(drawn), resamples.note)


def _by_slopes(gain: Gain, slopes: np.ndarray, resamples: Resamples, level: float) -> Gain:
    """Give a gain the interval that its derivatives tell, where it may have one."""
    is_known = bool(np.isfinite(slopes).all())  # of very many areas, influence is not
    if gain.value is None or gain.lower is None or resamples.errors is None or not is_known:
        return gain
    freedom = max(resamples.independent_count / HEAVY_TAILS, LEAST_FREEDOM)
    reach = float(t.ppf((1 + level) / 2, freedom)) * resamples.errors.standard_error(slopes)
    return replace(gain, lower=gain.value - reach, upper=gain.value + reach, draws=0)


def _mean_r2(observed: np.ndarray, predicted: np.ndarray, resamples: Resamples) -> Score:
    """Give R², over repeats on average: of the areas as they are, and of each resample."""
    scores = [measure(observed, one, _R2)["r2"] for one in predicted]
    drawn = [resampled_scores(observed, one, resamples.weights, _R2)["r2"] for one in predicted]
    value = np.mean([np.nan if score is None else score for score in scores])
    return float(value), np.mean(drawn, axis=0)
