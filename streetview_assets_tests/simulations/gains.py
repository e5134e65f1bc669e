"""How often images are said to add to place where they do not, where they do, and how surely.

    python -m streetview_assets_tests.simulations.gains --draws 200
    python -m streetview_assets_tests.simulations.gains --draws 200 --places leeds.npz

The truths: features that are functions of coordinates alone (waves, polynomials, bumps) on fields
that nobody knows; and a value of 50 % place, 35 % images, 15 % noise. The gain is measured in
blocks of 3 km, with a buffer or without. Its interval is held against the mean gain of all draws.
"""

import argparse
from collections.abc import Sequence

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
    dataset,
    gaussian_field,
    mixed,
    shown_by_images,
)

BLOCK_KM, LEVEL, AREAS = 3.0, 0.9, 484


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


def only_place(place_m: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a field of some range and smoothness, and features that are functions of place."""
    kind = str(rng.choice(["exponential", "spherical", "gaussian"]))
    field = gaussian_field(place_m, rng.uniform(2_000, 9_000), rng, kind=kind)
    share = rng.uniform(0.4, 0.8)
    value = mixed([(share, field), (1 - share, rng.normal(size=len(place_m)))])
    return value, functions_of_place(place_m, rng)


def place_and_images(
    place_m: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a value of 50 % place, 35 % of what images show, 15 % noise, all independent."""
    signal = rng.normal(size=(len(place_m), 3))
    parts = [
        (0.5, gaussian_field(place_m, 5_000, rng)),
        (0.35, signal.sum(axis=1)),
        (0.15, rng.normal(size=len(place_m))),
    ]
    return mixed(parts), shown_by_images(signal, 64, rng)


def gain_over_place(
    place_m: np.ndarray, value: np.ndarray, features: np.ndarray, buffer_km: float, seed: int
) -> Gain:
    """Measure what features add to place, out of fold in spatial blocks, as a study does."""
    data = dataset(place_m, features, value)
    settings = Models(block_km=BLOCK_KM, buffer_km=buffer_km, candidates=("ridge",))
    rivals = [one for one in competitors_for(data, settings).baselines if one.estimate]
    predicted = {one.name: np.empty((1, len(value))) for one in rivals}
    with fitting_context(len(data)):
        for fold in folds_of(data, "blocks", settings, seed):
            train, test = data.take(fold.learning), data.take(fold.held_out)
            inner = inner_splits(train, "blocks", settings, fold.seed)
            for one in rivals:
                tuned = tune_baseline(one, train, inner, fold.seed)
                found = tuned.predict(tuned.fit(train, fold.seed), test)
                predicted[one.name][0, fold.held_out] = found
    both, alone = predicted[PLACE_AND_IMAGES], predicted[PLACE]
    resamples = resample_weights(place_m, value - both[0], 1_000, seed, told=both[0])
    return paired_gain(value, both, alone, resamples, LEVEL)


def report(name: str, gains: Sequence[Gain]) -> None:
    """Print how often features are said to add, and how often intervals hold the mean gain."""
    values = np.array([gain.value for gain in gains])
    ends = [(gain.lower, gain.upper) for gain in gains if gain.lower is not None]
    lower, upper = np.array(ends, dtype=float).reshape(-1, 2).T
    adds, holds = lower > LEAST_GAIN, (lower <= values.mean()) & (values.mean() <= upper)
    error = [np.sqrt(max(one.mean() * (1 - one.mean()), 0.01) / len(one)) for one in (adds, holds)]
    print(
        f"{name:32s} draws {len(gains)} ({len(gains) - len(ends)} without interval)  "
        f"gain {values.mean():.3f} (sd {values.std():.3f})  "
        f"adds {adds.mean():.3f} ± {error[0]:.3f}  holds {holds.mean():.3f} ± {error[1]:.3f}",
        flush=True,
    )


def main() -> None:
    """Draw, measure, print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=40)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--places", help="npz with `place_m` and `value` in place of made-up ones")
    asked.add_argument("--truth", choices=("only_place", "place_and_images"), default=None)
    asked.add_argument("--buffer-km", type=float, default=0.0)
    given = asked.parse_args()
    known = np.load(given.places) if given.places else None
    for truth in (only_place, place_and_images):
        if given.truth not in (None, truth.__name__):
            continue
        gains = []
        for draw in range(given.draws):
            rng = np.random.default_rng([given.seed, draw])
            place_m = centres(AREAS, draw) if known is None else known["place_m"]
            value, features = truth(place_m, rng)
            if known is not None and truth is only_place:
                value = known["value"]
            seed = given.seed * 1_000 + draw
            gains.append(gain_over_place(place_m, value, features, given.buffer_km, seed))
        report(truth.__name__, gains)


if __name__ == "__main__":
    main()
