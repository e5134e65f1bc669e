"""What shrinking towards place gains areas of few images, and whether their intervals hold.

Towns of five authorities whose images show two signals the better the more of them there are; part
of the target is a field that no image shows. A tenth of the areas has no image at all: place and
the images around predict them, with intervals from areas that were held out as if they had none.
Where authorities are held out, an oracle stands beside: the best linear prediction by all images
and all values of the other authorities, every variance and range being known to it.
"""

import argparse
from dataclasses import replace

import numpy as np
from scipy.spatial.distance import cdist

from streetview_assets.models.candidates.baselines import PLACE, baselines_for
from streetview_assets.models.candidates.composite import COMPOSITE, with_calibrated_vectors
from streetview_assets.models.candidates.linear import build_ridge
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.regression_calibration import kriging_weights, vector_variances
from streetview_assets.models.evaluations.small_areas import small_areas
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import OutOfFold, cross_validate
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.prediction_intervals import (
    CLASSES,
    FIELD_M,
    IMAGE_SD,
    OWN_SD,
    SIGNAL_M,
    MadeUp,
    made_up,
)

SETTINGS = Models(
    task="fill gaps", candidates=("ridge",), trials=1, block_km=2, buffer_km=0, deals=1
)
WITHOUT_IMAGES, SHIFT = 0.1, 0.2


def validated(data: AreaDataset, validation: str, seed: int) -> OutOfFold:
    """Predict held-out areas by ridge, by place, and by both put together."""
    baselines, _ = baselines_for(data)
    place = [one for one in baselines if one.name == PLACE]
    competing = Competitors([CANDIDATES["ridge"]], place, {})
    return cross_validate(competing, data, SETTINGS, validation, seed)


def oracle(made: MadeUp, known: np.ndarray, shift: float) -> np.ndarray:
    """Predict each authority's areas by what is true of all, and the values of the others.

    Parameters
    ----------
    made
        The areas and what made them.
    known
        Which of them have images, (n,).
    shift
        Standard deviation of what authorities differ by.

    Returns
    -------
    numpy.ndarray
        Of the areas that are known.
    """
    data = made.data.take(known)
    lag_m, codes = cdist(data.place_m, data.place_m), np.array(data.authority_codes)
    alone, same = np.eye(len(data)), codes[:, None] == codes
    signal = 2 * (np.exp(-3 * lag_m / SIGNAL_M) + OWN_SD**2 * alone)
    shown = signal + np.diag(2 * IMAGE_SD**2 / data.image_counts)
    field = made.of_field**2 * np.exp(-3 * lag_m / FIELD_M)
    value = made.slope**2 * signal + field + made.of_noise**2 * alone + shift**2 * same
    both = np.block([[shown, made.slope * signal], [made.slope * signal, value]])
    given = np.r_[made.shown[known].sum(axis=1), data.observed]
    means = np.kron(np.eye(2), np.ones((len(data), 1)))
    predicted = np.empty(len(data))
    for code in np.unique(codes):
        seen, asked = np.r_[codes == codes, codes != code], np.flatnonzero(codes == code)
        inverse, mean = np.linalg.inv(both[np.ix_(seen, seen)]), means[seen]
        fitted = np.linalg.solve(mean.T @ inverse @ mean, mean.T @ inverse @ given[seen])
        shared = both[np.ix_(len(data) + asked, seen)]
        predicted[asked] = fitted[1] + shared @ inverse @ (given[seen] - mean @ fitted)
    return predicted


def by_class(split: OutOfFold, best: np.ndarray | None = None) -> list[list[float]]:
    """Give by class of image count the RMSE of images, place and both, and coverage of both.

    `best` is what an oracle predicts, (n,); default: it is not known.
    """
    observed, counts = split.areas.observed, split.areas.image_counts
    held = inside(observed, split.lower[COMPOSITE], split.upper[COMPOSITE])
    rows = []
    for least, most in CLASSES:
        mine = (counts >= least) & (counts <= most)
        rmse = [
            float(np.sqrt(np.mean((observed - split.predicted[model])[mine] ** 2)))
            for model in (TUNED, PLACE, COMPOSITE)
        ]
        least_rmse = np.nan if best is None else np.sqrt(np.mean((observed - best)[mine] ** 2))
        gain = 1 - rmse[2] / rmse[0]
        rows.append([*rmse, gain, float(held[mine].mean()), 1 - least_rmse / rmse[0]])
    return rows


def without_images(split: OutOfFold, known: AreaDataset, gaps: AreaDataset) -> list[float]:
    """Give RMSE, gain over the mean of all, and coverage, of areas without any image."""
    found = small_areas(known, split.predicted, SETTINGS.interval_level, seed=1)
    known = with_calibrated_vectors(known, len(known))
    ridge = build_ridge({"alpha": known.vectors.shape[1]}, 0).fit(known.calibrated, known.observed)
    about = known.image_counts, known.place_m
    variances, none = vector_variances(known.vectors, *about), np.full(len(gaps), -1)
    weights = kriging_weights(variances, *about, gaps.place_m, none, with_own=False)
    around = ridge.predict(weights @ known.vectors)
    nothing, counts = np.full(len(gaps), np.nan), np.zeros(len(gaps), dtype=np.int64)
    about = gaps.place_m, gaps.authority_codes
    made, lower, upper = found.predict(*about, nothing, around, around, counts)
    rmse = float(np.sqrt(np.mean((gaps.observed - made) ** 2)))
    of_mean = float(np.sqrt(np.mean((gaps.observed - known.observed.mean()) ** 2)))
    held = float(inside(gaps.observed, lower, upper).mean())
    return [np.nan, rmse, rmse, 1 - rmse / of_mean, held, np.nan]


def main() -> None:
    """Print errors and coverage by image count, by truth and validation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=600)
    parser.add_argument("--truths", nargs="+", default=["normal"])
    parser.add_argument("--validations", nargs="+", default=["knndm"])
    asked = parser.parse_args()
    names = ["0", *(f"{least}-{most}" for least, most in CLASSES)]
    for truth in asked.truths:
        for validation in asked.validations:
            drawn = []
            for seed in range(asked.seed * 1_000, asked.seed * 1_000 + asked.draws):
                made = made_up(truth, asked.areas, SHIFT, seed)
                data = made.data
                gap = np.random.default_rng(seed).random(len(data)) < WITHOUT_IMAGES
                gaps = data.take(gap)
                known = replace(data.take(~gap), unsampled_m=gaps.place_m)
                split = validated(known, validation, seed)
                best = oracle(made, ~gap, SHIFT) if validation == "authorities" else None
                drawn.append([without_images(split, known, gaps), *by_class(split, best)])
            mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(asked.draws)
            print(f"\n{truth}, {validation}: {asked.draws} draws (0 images: less by, of the mean)")
            print(
                "images   RMSE images   place  composite         less by        coverage   oracle"
            )
            for name, m, e in zip(names, mean, error, strict=True):
                cells = f"{m[0]:11.4g} {m[1]:9.4g} {m[2]:9.4g}"
                told = "  ".join(f"{m[at]:6.3f} ({e[at]:.3f})" for at in (3, 4, 5))
                print(f"{name:8}{cells}   {told}")


if __name__ == "__main__":
    main()
