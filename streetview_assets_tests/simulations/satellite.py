"""How often images and satellite are said to add to each other and to place, by what is true.

    python -m streetview_assets_tests.simulations.satellite --draws 100

A value is place (40 %), what images show (20 %), what satellites see (20 %) and noise (20 %), all
independent; or one of the last two is noise as well, while its vectors are there all the same.
Ridge is the study's candidate, held out are blocks of 3 km, and a gain counts as found where the
lower end of its interval (90 %) is above a hundredth of R², as in the sentences of a study.
"""

import argparse
from collections import defaultdict
from dataclasses import replace

import numpy as np

from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.candidates.other_features import (
    IMAGES_AND_SATELLITE,
    PLACE_AND_SATELLITE,
    PLACE_IMAGES_AND_SATELLITE,
    SATELLITE,
)
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.evaluations.gains import IMAGES, Gain, paired_gain
from streetview_assets.models.metrics.bootstrap import resample_weights
from streetview_assets.models.results.verdict_sentences import LEAST_GAIN
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import (
    centres,
    dataset,
    gaussian_field,
    mixed,
    shown_by_images,
)

AREAS, LEVEL, SETTINGS = (
    400,
    0.9,
    Models(block_km=3.0, buffer_km=0, candidates=("ridge",), trials=8),
)
PLACE_SHARE, SHARE = 0.4, 0.2
TRUTHS = {"both": (True, True), "images": (True, False), "satellite": (False, True)}
"""Whether images, and whether satellites, show a part of the value."""
OF_IMAGES = (
    (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE),
    (PLACE_AND_IMAGES, PLACE),
    (IMAGES_AND_SATELLITE, SATELLITE),
)
OF_SATELLITE = (
    (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_IMAGES),
    (PLACE_AND_SATELLITE, PLACE),
    (IMAGES_AND_SATELLITE, IMAGES),
)


def areas_of(truth: str, draw: int, count: int = AREAS, share: float = SHARE) -> AreaDataset:
    """Draw areas whose value has the parts of a truth."""
    rng = np.random.default_rng([draw, list(TRUTHS).index(truth)])
    place_m = centres(count, draw)
    seen = [rng.normal(size=(count, 3)) for _ in range(2)]
    vectors = [shown_by_images(signal, 32, rng) for signal in seen]
    parts = [(PLACE_SHARE, gaussian_field(place_m, 5_000, rng))]
    for signal, is_part in zip(seen, TRUTHS[truth], strict=True):
        parts.append((share, signal.sum(axis=1) if is_part else rng.normal(size=count)))
    noise = 1 - PLACE_SHARE - 2 * share
    value = mixed([*parts, (noise, rng.normal(size=count))])
    return replace(dataset(place_m, vectors[0], value), satellite=vectors[1])


def gains_of(data: AreaDataset, seed: int) -> dict[tuple[str, str], Gain]:
    """Measure every gain of images and of satellite, in the folds that a study has."""
    split = cross_validate(competitors_for(data, SETTINGS), data, SETTINGS, "blocks", seed)
    predicted = split.predicted | {IMAGES: split.predicted[TUNED]}
    gains = {}
    for one, other in (*OF_IMAGES, *OF_SATELLITE):
        errors = data.observed - predicted[one]
        resamples = resample_weights(data.place_m, errors, 1_000, seed, told=predicted[one])
        mine, its = predicted[one][None], predicted[other][None]
        known = {one, other} <= set(split.influence)
        both = (split.influence[one][None], split.influence[other][None]) if known else None
        gains[one, other] = paired_gain(data.observed, mine, its, resamples, LEVEL, both)
    return gains


def is_found(gain: Gain) -> bool:
    """Whether a study would say that something is added."""
    return gain.lower is not None and gain.lower > LEAST_GAIN


def main() -> None:
    """Draw, measure, print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=20)
    asked.add_argument("--truth", choices=tuple(TRUTHS), default=None)
    given = asked.parse_args()
    for truth in (given.truth,) if given.truth else TRUTHS:
        found: dict[tuple[str, str], list[Gain]] = defaultdict(list)
        for draw in range(given.draws):
            for pair, gain in gains_of(areas_of(truth, draw), draw).items():
                found[pair].append(gain)
        for (one, other), gains in found.items():
            share = np.mean([is_found(gain) for gain in gains])
            error = np.sqrt(max(share * (1 - share), 0.01) / len(gains))
            values = np.array([gain.value for gain in gains])
            print(
                f"{truth:10s} {one:27s} over {other:20s} draws {len(gains)}  "
                f"gain {values.mean():.3f} (sd {values.std():.3f})  "
                f"found {share:.3f} ± {error:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
