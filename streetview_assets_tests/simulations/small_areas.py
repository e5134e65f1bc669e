"""What shrinking towards place gains areas of few images, and whether their intervals hold.

Towns of five authorities whose images show two signals the better the more of them there are; part
of the target is a field that no image shows. A tenth of the areas has no image at all: place alone
predicts them, with intervals from areas that were held out as if they had none.
"""

import argparse
from dataclasses import replace

import numpy as np

from streetview_assets.models.candidates.baselines import PLACE, baselines_for
from streetview_assets.models.candidates.composite import COMPOSITE, vectors_around
from streetview_assets.models.candidates.linear import build_ridge
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.evaluations.small_areas import small_areas
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import TUNED, OutOfFold, cross_validate
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.prediction_intervals import CLASSES, town

SETTINGS = Models(
    task="fill gaps", candidates=("ridge",), trials=1, block_km=2, buffer_km=0, deals=1
)
WITHOUT_IMAGES = 0.1


def validated(data: AreaDataset, validation: str, seed: int) -> OutOfFold:
    """Predict held-out areas by ridge, by place, and by both put together."""
    baselines, _ = baselines_for(data)
    place = [one for one in baselines if one.name == PLACE]
    competing = Competitors([CANDIDATES["ridge"]], place, {})
    return cross_validate(competing, data, SETTINGS, validation, seed)


def by_class(split: OutOfFold) -> list[list[float]]:
    """Give by class of image count the RMSE of images, place and both, and coverage of both."""
    observed, counts = split.areas.observed, split.areas.image_counts
    held = inside(observed, split.lower[COMPOSITE], split.upper[COMPOSITE])
    rows = []
    for least, most in CLASSES:
        mine = (counts >= least) & (counts <= most)
        rmse = [
            float(np.sqrt(np.mean((observed - split.predicted[model])[mine] ** 2)))
            for model in (TUNED, PLACE, COMPOSITE)
        ]
        rows.append([*rmse, 1 - rmse[2] / rmse[0], float(held[mine].mean())])
    return rows


def without_images(split: OutOfFold, known: AreaDataset, gaps: AreaDataset) -> list[float]:
    """Give RMSE, gain over the mean of all, and coverage, of areas without any image."""
    found = small_areas(known, split.predicted, SETTINGS.interval_level, seed=1)
    ridge = build_ridge({"alpha": known.vectors.shape[1]}, 0).fit(known.vectors, known.observed)
    around = vectors_around(known.vectors, known.image_counts, known.place_m, gaps.place_m)
    nothing, none = np.full(len(gaps), np.nan), np.zeros(len(gaps), dtype=np.int64)
    made, lower, upper = found.predict(gaps.place_m, nothing, ridge.predict(around), none)
    rmse = float(np.sqrt(np.mean((gaps.observed - made) ** 2)))
    of_mean = float(np.sqrt(np.mean((gaps.observed - known.observed.mean()) ** 2)))
    held = float(inside(gaps.observed, lower, upper).mean())
    return [np.nan, rmse, rmse, 1 - rmse / of_mean, held]


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
                data = town(truth, asked.areas, 0.2, seed)
                gap = np.random.default_rng(seed).random(len(data)) < WITHOUT_IMAGES
                gaps = data.take(gap)
                known = replace(data.take(~gap), unsampled_m=gaps.place_m)
                split = validated(known, validation, seed)
                drawn.append([without_images(split, known, gaps), *by_class(split)])
            mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(asked.draws)
            print(f"\n{truth}, {validation}: {asked.draws} draws (0 images: less by, of the mean)")
            print("images   RMSE images   place  composite         less by        coverage")
            for name, m, e in zip(names, mean, error, strict=True):
                cells = f"{m[0]:11.4g} {m[1]:9.4g} {m[2]:9.4g}"
                print(f"{name:8}{cells}   {m[3]:6.3f} ({e[3]:.3f})  {m[4]:6.3f} ({e[4]:.3f})")


if __name__ == "__main__":
    main()
