"""How often images are said to add to place where they do not, where they do, and how surely.

    python -m streetview_assets_tests.simulations.gains --draws 25
    python -m streetview_assets_tests.simulations.gains --places leeds.npz

The truths: features that are functions of coordinates alone (waves, polynomials, bumps) on fields
that nobody knows; a value of 50 % place, 35 % images, 15 % noise; and one of a quarter place, a
quarter images that are alike over 2.5 km, and half noise. The gain is measured in blocks of 3 km,
with a buffer or without.

An interval is to hold the gain that comes out on average when what models cannot tell comes out
otherwise, in the same town, with the same images and folds. So a town has one field of place, of
which the best prediction from outside its blocks stays, and what that leaves, and the noise, are
drawn anew. Nothing is scaled to what it comes out at, for that, too, is chance. With
`--redrawn all` the whole field is drawn anew, of which one town knows little: over a town two
ranges wide it is as uncertain as ten areas.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.evaluations.gains import Gain, paired_gain
from streetview_assets.models.metrics.bootstrap import resample_weights
from streetview_assets.models.results.verdict_sentences import LEAST_GAIN
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.inner_folds import inner_splits
from streetview_assets.models.validation.out_of_fold import folds_of
from streetview_assets.models.validation.tuning import fitting_context, tune_baseline
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import (
    centres,
    correlation,
    dataset,
    gaussian_field,
    gaussian_fields,
    shown_by_images,
)

LEVEL, FOLDS = 0.9, 1
SETTINGS = Models(block_km=3.0, buffer_km=0.0, candidates=("ridge",))
Town = tuple[np.ndarray, Callable[[np.random.Generator], np.ndarray]]
"""What is seen of its areas, and how their value is drawn."""


def functions_of_place(place_m: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw 64 functions of easting and northing: waves, polynomials or bumps; shape (n, 64)."""
    centred = (place_m - place_m.mean(axis=0)) / 1_000
    kind = rng.integers(3)
    if kind == 0:
        frequency = rng.normal(size=(2, 64)) / rng.uniform(0.7, 6, 64)
        return np.asarray(np.cos(centred @ frequency + rng.uniform(0, 2 * np.pi, 64)))
    if kind == 1:
        powers = [(i, j) for i in range(7) for j in range(7 - i)]
        terms = [(centred[:, 0] / 10) ** i * (centred[:, 1] / 10) ** j for i, j in powers]
        return np.asarray(np.column_stack(terms) @ rng.normal(size=(len(powers), 64)))
    knots = place_m[rng.choice(len(place_m), 64, replace=False)]
    return np.asarray(np.exp(-(cdist(place_m, knots) ** 2) / 2 / rng.uniform(700, 4_000, 64) ** 2))


def only_place(place_m: np.ndarray, rng: np.random.Generator, redrawn: str) -> Town:
    """Give a field of some range and smoothness, and features that are functions of place."""
    kind = str(rng.choice(["exponential", "spherical", "gaussian"]))
    parts = Parts(rng.uniform(0.4, 0.8), rng.uniform(2_000, 9_000), 0.0, kind)
    features = functions_of_place(place_m, rng)
    return features, shown(place_m, np.zeros(len(place_m)), parts, rng, redrawn)


def place_and_images(place_m: np.ndarray, rng: np.random.Generator, redrawn: str) -> Town:
    """Give values of 50 % place, 35 % of what images show, 15 % noise, all independent."""
    signal = rng.normal(size=(len(place_m), 3))
    return seen(place_m, signal, Parts(0.5, 5_000, 0.35), rng, redrawn)


def alike_images(place_m: np.ndarray, rng: np.random.Generator, redrawn: str) -> Town:
    """Give values of 25 % place, 25 % of what images show, alike where areas are near."""
    signal = gaussian_fields(place_m, 2_500, 3, rng).T
    return seen(place_m, signal, Parts(0.25, 4_000, 0.25), rng, redrawn)


@dataclass(frozen=True)
class Parts:
    """Shares of place and of images in a value, what is left being noise; place's field."""

    place: float
    range_m: float
    images: float
    kind: str = "exponential"


def seen(
    place_m: np.ndarray, signal: np.ndarray, parts: Parts, rng: np.random.Generator, redrawn: str
) -> Town:
    """Hide a signal in images; draw values that show it."""
    told = np.sqrt(parts.images / signal.shape[1]) * signal.sum(axis=1)
    draw = shown(place_m, told, parts, rng, redrawn)
    return shown_by_images(signal, 64, rng), draw


def shown(
    place_m: np.ndarray, told: np.ndarray, parts: Parts, rng: np.random.Generator, redrawn: str
) -> Callable[[np.random.Generator], np.ndarray]:
    """Give what draws values: of what images tell, a field of place, and noise."""
    noise = 1 - parts.place - parts.images
    known = best_prediction(place_m, parts, noise / parts.place)
    stays = known @ gaussian_field(place_m, parts.range_m, rng, kind=parts.kind)

    def value(rng: np.random.Generator) -> np.ndarray:
        field = gaussian_field(place_m, parts.range_m, rng, kind=parts.kind)
        if redrawn == "errors":
            field = stays + field - known @ field
        unknown = np.sqrt(noise) * rng.normal(size=len(place_m))
        return np.asarray(np.sqrt(parts.place) * field + told + unknown)

    return value


def best_prediction(place_m: np.ndarray, parts: Parts, noise: float) -> np.ndarray:
    """Give the weights, (n, n), by which areas outside a block's fold best predict the field."""
    covariance = correlation(place_m, parts.range_m, parts.kind)
    weights = np.zeros_like(covariance)
    data = dataset(place_m, np.zeros((len(place_m), 1)), np.zeros(len(place_m)))
    for fold in folds_of(data, "blocks", SETTINGS, FOLDS):
        learned = covariance[np.ix_(fold.learning, fold.learning)]
        learned = learned + noise * np.eye(len(learned))
        beside = covariance[np.ix_(fold.learning, fold.held_out)]
        weights[np.ix_(fold.held_out, fold.learning)] = np.linalg.solve(learned, beside).T
    return weights


def gain_over_place(
    place_m: np.ndarray, value: np.ndarray, features: np.ndarray, buffer_km: float, seed: int
) -> Gain:
    """Measure what features add to place, out of fold in spatial blocks, as a study does."""
    data = dataset(place_m, features, value)
    settings = SETTINGS.model_copy(update={"buffer_km": buffer_km})
    rivals = [one for one in competitors_for(data, settings).baselines if one.estimate]
    predicted = {one.name: np.empty((1, len(value))) for one in rivals}
    influence = {one.name: np.zeros((1, len(value))) for one in rivals}
    with fitting_context(len(data)):
        for fold in folds_of(data, "blocks", settings, FOLDS):
            train, test = data.take(fold.learning), data.take(fold.held_out)
            inner = inner_splits(train, "blocks", settings, fold.seed)
            for one in rivals:
                tuned = tune_baseline(one, train, inner, fold.seed)
                fitted = tuned.fit(train, fold.seed)
                found = tuned.predict(fitted, test)
                pull = tuned.influence(fitted, test, test.observed - found)
                assert pull is not None, "both are processes of place"
                predicted[one.name][0, fold.held_out] = found
                influence[one.name][0, fold.learning] += pull
    both, alone = predicted[PLACE_AND_IMAGES], predicted[PLACE]
    resamples = resample_weights(place_m, value - both[0], 1_000, seed, told=both[0])
    influences = influence[PLACE_AND_IMAGES], influence[PLACE]
    return paired_gain(value, both, alone, resamples, LEVEL, influences)


def gains_of(truth: Callable[..., Town], given: argparse.Namespace, town: int) -> list[Gain]:
    """Draw one town's values so often, and measure the gain of each."""
    rng = np.random.default_rng([given.seed, town])
    known = np.load(given.places) if given.places else None
    place_m = centres(given.areas, town) if known is None else known["place_m"]
    features, draw = truth(place_m, rng, given.redrawn)
    found = []
    for number in range(given.draws):
        value = draw(np.random.default_rng([given.seed, town, 1 + number]))
        if known is not None and truth is only_place:
            value = known["value"]
        seed = given.seed * 1_000 + town * given.draws + number
        found.append(gain_over_place(place_m, value, features, given.buffer_km, seed))
    return found


def report(name: str, towns: list[list[Gain]]) -> None:
    """Print how often features are said to add, and how often intervals hold the town's gain.

    That is the mean over the town's draws. One draw is a part of it, and so lies nearer to it than
    to the mean of many: by a factor of which the interval has to hold it.
    """
    values = np.array([[gain.value for gain in town] for town in towns])
    gains = [gain for town in towns for gain in town]
    told = np.array([gain.lower is not None for gain in gains])
    ends = [(gain.lower, gain.upper) for gain in gains if gain.lower is not None]
    lower, upper = np.array(ends, dtype=float).reshape(-1, 2).T
    draws = values.shape[1]
    off = (values - values.mean(axis=1, keepdims=True)) * np.sqrt(draws / max(draws - 1, 1))
    truth, spread = (values - off).ravel()[told], np.sqrt(np.mean(off**2))
    adds, holds = lower > LEAST_GAIN, (lower <= truth) & (truth <= upper)
    error = [np.sqrt(max(one.mean() * (1 - one.mean()), 0.01) / len(one)) for one in (adds, holds)]
    print(
        f"{name:18s} draws {len(gains)} ({len(gains) - len(ends)} without interval)  "
        f"gain {values.mean():.3f} (sd {spread:.3f}, half a width {np.mean(upper - lower) / 2:.3f})"
        f"  adds {adds.mean():.3f} ± {error[0]:.3f}  holds {holds.mean():.3f} ± {error[1]:.3f}",
        flush=True,
    )


def main() -> None:
    """Draw, measure, print."""
    truths = (only_place, place_and_images, alike_images)
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--towns", type=int, default=8)
    asked.add_argument("--draws", type=int, default=25, help="of each town's values")
    asked.add_argument("--areas", type=int, default=484)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--places", help="npz with `place_m` and `value` in place of made-up ones")
    asked.add_argument("--truths", nargs="+", default=[one.__name__ for one in truths])
    asked.add_argument("--redrawn", choices=("errors", "all"), default="errors")
    asked.add_argument("--buffer-km", type=float, default=0.0)
    given = asked.parse_args()
    for truth in truths:
        if truth.__name__ in given.truths:
            towns = [gains_of(truth, given, town) for town in range(given.towns)]
            report(truth.__name__, towns)


if __name__ == "__main__":
    main()
