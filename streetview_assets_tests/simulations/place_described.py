"""How often descriptions of place are said to add to where areas lie, by what is true.

    python -m streetview_assets_tests.simulations.place_described --draws 100

A value is place (40 %), how dense areas are (25 %), what images show (20 %) and noise; or density
is no part of it and noise in its stead, while it is described all the same. Density is a field that
varies within 2.5 km, and four numbers of the `outline` show it beside four that show nothing;
`streets` are six fields, as smooth as place, that have no part in anything. Held out are blocks of
3 km, and a gain counts as found where the lower end of its interval (90 %) is above a hundredth of
R², as in the sentences of a study.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.candidates.other_features import (
    PLACE_DESCRIBED,
    PLACE_DESCRIBED_AND_IMAGES,
    place_and,
    place_images_and,
)
from streetview_assets.models.data.dataset import AreaDataset
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

AREAS, LEVEL = 324, 0.9
SETTINGS = Models(block_km=3.0, buffer_km=0, candidates=("ridge",), trials=8)
TRUTHS = ("density", "nothing")
OF_DENSITY = (
    (PLACE_DESCRIBED, PLACE),
    (place_and("outline"), PLACE),
    (PLACE_DESCRIBED_AND_IMAGES, PLACE_AND_IMAGES),
    (place_images_and("outline"), PLACE_AND_IMAGES),
)
OF_NOTHING = ((place_and("streets"), PLACE), (place_images_and("streets"), PLACE_AND_IMAGES))
OF_IMAGES = ((PLACE_DESCRIBED_AND_IMAGES, PLACE_DESCRIBED), (PLACE_AND_IMAGES, PLACE))
Pairs = Sequence[tuple[str, str]]
PAIRS = (*OF_DENSITY, *OF_NOTHING, *OF_IMAGES)


def areas_of(truth: str, draw: int, count: int = AREAS, share: float = 0.25) -> AreaDataset:
    """Draw areas whose value has density as such a part of it, or has not."""
    rng = np.random.default_rng([draw, TRUTHS.index(truth)])
    place_m, signal = centres(count, draw), rng.normal(size=(count, 3))
    density = gaussian_field(place_m, 2_500, rng)
    others = [gaussian_field(place_m, 5_000, rng) for _ in range(6)]
    of_density = density if truth == "density" else rng.normal(size=count)
    parts = [
        (0.4, gaussian_field(place_m, 5_000, rng)),
        (share, of_density),
        (0.2, signal.sum(axis=1)),
        (0.4 - share, rng.normal(size=count)),
    ]
    outline = rng.normal(size=(count, 8))
    outline[:, :4] = 0.5 * outline[:, :4] + density[:, None]
    data = dataset(place_m, shown_by_images(signal, 32, rng), mixed(parts))
    told = {"outline": outline, "streets": np.column_stack(others)}
    return replace(data, descriptions=told)


def gains_of(data: AreaDataset, seed: int, pairs: Pairs = PAIRS) -> dict[tuple[str, str], Gain]:
    """Measure gains of descriptions and of images, in the folds that a study has."""
    named = {name for pair in pairs for name in pair}
    rivals = [one for one in competitors_for(data, SETTINGS).baselines if one.name in named]
    predicted = {one.name: np.empty((1, len(data))) for one in rivals}
    influence = {one.name: np.zeros((1, len(data))) for one in rivals}
    with fitting_context(len(data)):
        for fold in folds_of(data, "blocks", SETTINGS, seed):
            train, test = data.take(fold.learning), data.take(fold.held_out)
            inner = inner_splits(train, "blocks", SETTINGS, fold.seed)
            for one in rivals:
                tuned = tune_baseline(one, train, inner, fold.seed)
                fitted = tuned.fit(train, fold.seed)
                found = tuned.predict(fitted, test)
                pull = tuned.influence(fitted, test, test.observed - found)
                assert pull is not None, "all are processes of place"
                predicted[one.name][0, fold.held_out] = found
                influence[one.name][0, fold.learning] += pull
    gains = {}
    for one, other in pairs:
        errors = data.observed - predicted[one][0]
        resamples = resample_weights(data.place_m, errors, 1_000, seed, told=predicted[one][0])
        mine, its = predicted[one], predicted[other]
        both = influence[one], influence[other]
        gains[one, other] = paired_gain(data.observed, mine, its, resamples, LEVEL, both)
    return gains


def is_found(gain: Gain) -> bool:
    """Whether a study would say that something is added."""
    return gain.lower is not None and gain.lower > LEAST_GAIN


def main() -> None:
    """Draw, measure, print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=20)
    asked.add_argument("--areas", type=int, default=AREAS, help="a square number")
    asked.add_argument("--truth", choices=TRUTHS, default=None)
    given = asked.parse_args()
    for truth in (given.truth,) if given.truth else TRUTHS:
        found: dict[tuple[str, str], list[Gain]] = defaultdict(list)
        for draw in range(given.draws):
            for pair, gain in gains_of(areas_of(truth, draw, given.areas), draw).items():
                found[pair].append(gain)
        for (one, other), gains in found.items():
            share = np.mean([is_found(gain) for gain in gains])
            error = np.sqrt(max(share * (1 - share), 0.01) / len(gains))
            values = np.array([gain.value for gain in gains])
            print(
                f"{truth:8s} {one:27s} over {other:17s} draws {len(gains)}  "
                f"gain {values.mean():.3f} (sd {values.std():.3f})  "
                f"found {share:.3f} ± {error:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
