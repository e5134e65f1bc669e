"""Whether the images that make a prediction are found: planted signs, and what deleting does.

Towns of areas with images; some images show a sign, and the target is the share of them, with
noise. A vector is a direction where the sign is, another by the scene (house or field), and noise
by `--noise`, in units of the sign's in each of 32 dimensions. Models are tuned and held out as
everywhere. Then areas are drawn of whose images just one shows the sign: it should be among the
tenth that raises the prediction most. Of all areas, the tenth that moves the prediction most is
deleted, and tenths by lot.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely

from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.explanations.explained_models import (
    ExplainedModel,
    fold_models,
    models_of_folds,
)
from streetview_assets.models.explanations.features_left import FeatureMaker, ImagesOfArea
from streetview_assets.models.explanations.influence import Influences, influences
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.pooling.leave_out import pooled
from streetview_assets.study.models import Models
from streetview_assets.validations import Validation

WIDTH, SIDE_M = 32, 700.0
SIGN = "sign"
VALIDATION: Validation = "random"


@dataclass(frozen=True)
class Town:
    """Areas with their images, and the directions of the sign, of houses and of fields."""

    data: AreaDataset
    areas: list[ImagesOfArea]
    maker: FeatureMaker
    directions: np.ndarray


def frame_of(vectors: np.ndarray, area: str = "A") -> pl.DataFrame:
    """Give vectors as rows that the stage pools."""
    return pl.DataFrame(
        {
            "area_code": [area] * len(vectors),
            "image_id": [f"{area}-{number:04}" for number in range(len(vectors))],
            "image_count": [1] * len(vectors),
            "embedding": vector_series("embedding", vectors),
        }
    )


def town(areas: int, images: int, noise: float, statistic: str, seed: int) -> Town:
    """Make areas whose target is the share of their images that show a sign."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(WIDTH, 3)))[0].T
    share = rng.uniform(0.05, 0.6, size=areas)
    shows_sign = [rng.random(images) < one for one in share]
    codes = [f"A{place:04}" for place in range(areas)]
    pairs = zip(codes, shows_sign, strict=True)
    made = [drawn(code, one, directions, noise, rng) for code, one in pairs]
    corners = np.stack([np.arange(areas) % 12, np.arange(areas) // 12], axis=1) * SIDE_M
    data = AreaDataset(
        area_codes=codes,
        authority_codes=["E1"] * areas,
        vectors=np.stack([pooled(one.vectors, statistic) for one in made]),
        observed=np.array([100 * one.mean() for one in shows_sign]) + 3 * rng.normal(size=areas),
        place_m=corners + SIDE_M / 2,
        image_counts=np.full(areas, images),
        mean_colour=np.zeros((areas, 6)),
        geometry=[shapely.box(x, y, x + SIDE_M, y + SIDE_M) for x, y in corners],
    )
    return Town(data, made, FeatureMaker(("pooled",), statistic), directions)


def drawn(
    code: str,
    shows_sign: np.ndarray,
    directions: np.ndarray,
    noise: float,
    rng: np.random.Generator,
) -> ImagesOfArea:
    """Draw the images of an area; `directions` are those of the sign, of houses and of fields."""
    is_house = rng.random(len(shows_sign)) < 0.5
    vectors = noise * rng.normal(size=(len(shows_sign), WIDTH))
    vectors += shows_sign[:, None] * directions[0]
    vectors += np.where(is_house[:, None], directions[1], directions[2])
    ids = tuple(f"{code}-{number:04}" for number in range(len(shows_sign)))
    scene = np.where(is_house, "house", "field")
    labels = tuple(str(one) for one in np.where(shows_sign, SIGN, scene))
    return ImagesOfArea(ids, unit(vectors), ids, labels)


def fitted(
    town: Town, candidates: Sequence[str], seed: int, trials: int
) -> tuple[list[ExplainedModel], np.ndarray]:
    """Tune candidates by folds, and fit the chosen of each again; give the fold of each area."""
    settings = Models(
        candidates=tuple(candidates),
        trials=trials * len(candidates),
        block_km=2,
        buffer_km=0,
        deals=1,
    )
    scoring = Scoring(settings, "share", "made-up", "pooled", seed)
    competing = Competitors([CANDIDATES[name] for name in candidates], [], {})
    split = cross_validate(competing, town.data, settings, VALIDATION, seed)
    taken = fold_models(split.trials, scoring)
    return models_of_folds(town.data, scoring, VALIDATION, taken), split.fold


def with_one_sign(town: Town, noise: float, rng: np.random.Generator) -> tuple[ImagesOfArea, str]:
    """Draw an area one of whose images shows the sign; give it with the id of that image."""
    shows = np.zeros(len(town.areas[0]), dtype=bool)
    shows[rng.integers(len(shows))] = True
    area = drawn("planted", shows, town.directions, noise, rng)
    return area, area.image_ids[int(np.flatnonzero(shows)[0])]


def is_found(one: Influences, image_id: str) -> bool:
    """Say whether an image is among the tenth that raises the prediction most."""
    ordered = sorted(one.of_images, key=lambda name: -one.of_images[name])
    return image_id in ordered[: max(1, round(0.1 * len(ordered)))]


@dataclass(frozen=True)
class Measured:
    """What came of a town.

    Attributes
    ----------
    moved
        Of each area how far the tenth that moves most moves the prediction, and tenths by lot;
        (n, 2).
    found
        Of each planted area whether its one image was found.
    words
        Of each area whether the sign is the word that raises the prediction most.
    """

    moved: np.ndarray
    found: np.ndarray
    words: np.ndarray

    @property
    def ratio(self) -> float:
        """How many times as far the one moves predictions as the other, over all areas."""
        return float(self.moved[:, 0].sum() / self.moved[:, 1].sum())


def measured(
    town: Town,
    candidates: Sequence[str],
    noise: float,
    planted: int,
    seed: int,
    trials: int = 2,
) -> Measured:
    """Explain every area by the model that did not see it, and planted ones by each model."""
    rng = np.random.default_rng(seed)
    models, held_out = fitted(town, candidates, seed, trials)
    moved, found, words = [], [], []
    for model in models:
        mine = [area for area, fold in zip(town.areas, held_out, strict=True) if fold == model.fold]
        how = {"seed": seed, "in_steps": model.in_steps}
        for one in influences(mine, town.maker, model.predict, **how):
            moved.append((one.top_tenth, one.random_tenth))
            words.append(max(one.of_words, key=lambda name: one.of_words[name]) == SIGN)
        pairs = [with_one_sign(town, noise, rng) for _ in range(planted)]
        told = influences([area for area, _ in pairs], town.maker, model.predict, **how)
        found += [is_found(one, image) for one, (_, image) in zip(told, pairs, strict=True)]
    return Measured(np.array(moved), np.array(found), np.array(words))


def main() -> None:
    """Print, by noise and statistic, how far the tenths move predictions, and what is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=150)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--planted", type=int, default=10, help="planted areas of each fold")
    parser.add_argument("--noises", nargs="+", type=float, default=[0.1, 0.2, 0.3])
    parser.add_argument("--statistics", nargs="+", default=["mean", "median"])
    parser.add_argument("--candidates", nargs="+", default=["ridge", "pls"])
    parser.add_argument("--trials", type=int, default=2, help="settings tried of each candidate")
    asked = parser.parse_args()
    print(f"{asked.draws} towns of {asked.areas} areas of {asked.images} images")
    print("statistic  noise   top tenth by random   planted found   sign is the word")
    for statistic in asked.statistics:
        for noise in asked.noises:
            rows = []
            for seed in range(asked.seed * 1_000, asked.seed * 1_000 + asked.draws):
                made = town(asked.areas, asked.images, noise, statistic, seed)
                how = (asked.candidates, noise, asked.planted, seed, asked.trials)
                one = measured(made, *how)
                rows.append((one.ratio, one.found.mean(), one.words.mean()))
            mean, error = np.mean(rows, axis=0), np.std(rows, axis=0) / np.sqrt(asked.draws)
            cells = [f"{m:6.3f} ({e:.3f})" for m, e in zip(mean, error, strict=True)]
            print(f"{statistic:9} {noise:6.2f}   {cells[0]:>19} {cells[1]:>15} {cells[2]:>18}")


if __name__ == "__main__":
    main()
