"""Whether validations answer the study's question: distances that match, and R² that comes true.

    python -m streetview_assets_tests.simulations.validations --draws 50 --seed 1

First: the Wasserstein distance between the distances of held-out areas and of those to be
predicted, by their mean, over layouts of areas made at random, and how often any folds could
match: areas have to lie as far apart as is wanted, and a third has to lie farther. Then: R² as
the headline estimates it, beside R² of the same models fitted to all sampled areas and scored on
fresh areas, located as the task says, of the same field; and by one variance of both, that of the
sampled areas, since areas of a hole are more alike than those of a town. `random` stands beside it.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from streetview_assets.models.data.dataset import AreaDataset, DistancesToPredict
from streetview_assets.models.data.distance_matching import LEAST_SHARE, MATCHED, match_distances
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.task import distances_to_predict
from streetview_assets.models.validation.tuned_models import predict_all, tune_all
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models, Task
from streetview_assets.validations import Validation, headline_validation
from streetview_assets_tests.simulations.fields import (
    centres,
    dataset,
    gaussian_field,
    mixed,
    shown_by_images,
)

MODELS = ("ridge", "place")
APART_M = 40_000.0
"""Towns so far from each other share nothing."""


Score = tuple[float, float]
"""Mean squared error, and variance of what was predicted."""


@dataclass(frozen=True)
class World:
    """Sampled areas of a task, and fresh ones, located as it says, of the same field."""

    name: str
    task: Task
    sampled: AreaDataset
    fresh: AreaDataset


def towns(count: int, areas: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Put towns of so many areas each on a line; give their places and their names."""
    east_m = [np.array([town * APART_M, 0.0]) for town in range(count)]
    places = [centres(areas, seed + town) + shift for town, shift in enumerate(east_m)]
    return np.vstack(places), np.repeat([f"T{town:02}" for town in range(count)], areas).tolist()


def areas_of(
    place_m: np.ndarray, names: list[str], range_m: float, smooth_images: bool, seed: int
) -> AreaDataset:
    """Make a target of place, of what images show, and of noise: 45, 40 and 15 %.

    What images show is either another smooth field or without any pattern in space; they show a
    part of the first field too.
    """
    rng = np.random.default_rng(seed)
    place = gaussian_field(place_m, range_m, rng)
    seen = gaussian_field(place_m, 1_000.0 if smooth_images else 0.0, rng)
    hint = 0.6 * place + 0.8 * rng.normal(size=len(place))
    value = mixed([(0.45, place), (0.4, seen), (0.15, rng.normal(size=len(place)))])
    vectors = shown_by_images(np.column_stack([seen, hint]), 40, rng)
    return dataset(place_m, vectors, value, authorities=names)


def holes(place_m: np.ndarray, count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Say which areas lie in one of so many holes, about that share of all; shape (n,)."""
    each, gap = round(len(place_m) * share / count), np.zeros(len(place_m), dtype=bool)
    for middle in rng.choice(len(place_m), size=count, replace=False):
        gap[np.argsort(np.hypot(*(place_m - place_m[middle]).T))[:each]] = True
    return gap


def worlds(range_m: float, smooth_images: bool, seed: int) -> Iterator[World]:
    """Draw gaps and holes in a town, a town that stands alone, and towns beside towns."""
    rng = np.random.default_rng(seed)
    place_m, names = towns(1, 256, seed)
    town = areas_of(place_m, names, range_m, smooth_images, seed)
    for name, gap in (
        ("gaps", rng.random(256) < 0.25),
        ("four holes", holes(place_m, 4, 0.25, rng)),
        ("one hole", holes(place_m, 1, 0.17, rng)),
    ):
        sampled = replace(town.take(~gap), unsampled_m=place_m[gap])
        yield World(name, "fill gaps", sampled, town.take(gap))
    place_m, names = towns(4, 225, seed)
    every = areas_of(place_m, names, range_m, smooth_images, seed)
    first = np.array(names) == "T00"
    yield World("new, of one town", "new town", every.take(first), every.take(~first))
    place_m, names = towns(9, 49, seed)
    every = areas_of(place_m, names, range_m, smooth_images, seed)
    first = np.isin(names, [f"T{town:02}" for town in range(6)])
    yield World("new, of six", "new town", every.take(first), every.take(~first))


def estimated(world: World, validation: Validation, settings: Models) -> dict[str, Score]:
    """Score each model out of fold."""
    split = cross_validate(_competing(world, settings), world.sampled, settings, validation, 1)
    return {name: _score(split.areas.observed, split.predicted[name]) for name in MODELS}


def true(world: World, validation: Validation, settings: Models) -> dict[str, Score]:
    """Score each model on fresh areas, tuned and fitted on all that were sampled."""
    sampled = replace(world.sampled, to_predict=distances_to_predict(world.sampled, world.task))
    with fitting_context(len(sampled)):
        models = tune_all(_competing(world, settings), sampled, settings, validation, 1)
        predicted = predict_all(models, sampled, world.fresh, 1)[0]
    return {name: _score(world.fresh.observed, predicted[name]) for name in MODELS}


def _competing(world: World, settings: Models) -> Competitors:
    every = competitors_for(world.sampled, settings)
    return Competitors(every.candidates, [one for one in every.baselines if one.name in MODELS], {})


def _score(observed: np.ndarray, predicted: np.ndarray) -> Score:
    return float(np.mean((observed - predicted) ** 2)), float(np.var(observed))


def gap_of(estimate: list[Score], truth: list[Score]) -> tuple[float, float, float]:
    """Give the true R², the estimated one less it, and the Monte Carlo error (jackknife).

    R² is that of all draws together: the mean of R² of few areas is too low, by the scatter of
    their variance.
    """

    def both(kept: np.ndarray) -> tuple[float, float]:
        mean = [np.array(one)[kept].mean(axis=0) for one in (estimate, truth)]
        r2 = [1 - error / variance for error, variance in mean]
        return r2[1], r2[0] - r2[1]

    count = len(truth)
    without = [both(np.arange(count) != draw)[1] for draw in range(count)]
    error = float(np.sqrt((count - 1) * np.var(without)))
    return *both(np.ones(count, dtype=bool)), error


def tell_r2(
    draws: int, seed: int, range_km: float, smooth_images: bool, tasks: list[str], *, random: bool
) -> None:
    """Print estimated less true R², by task, model and validation."""
    found: dict[tuple[str, str, str], list[Score]] = defaultdict(list)
    truth: dict[tuple[str, str], list[Score]] = defaultdict(list)
    began = time.perf_counter()
    for draw in range(draws):
        for world in worlds(1000 * range_km, smooth_images, seed * 10_000 + draw * 100):
            if tasks and world.name not in tasks:
                continue
            settings = Models(
                task=world.task, candidates=("ridge",), trials=6, block_km=2, buffer_km=0
            )
            headline = headline_validation(world.task, len(set(world.sampled.authority_codes)))
            for name, score in true(world, headline, settings).items():
                truth[world.name, name].append(score)
            validations: tuple[Validation, ...] = (headline, "random") if random else (headline,)
            for validation in validations:
                for name, score in estimated(world, validation, settings).items():
                    found[world.name, name, validation].append(score)
    print(f"range {range_km:g} km, images {'smooth' if smooth_images else 'without pattern'}, "
          f"{draws} draws, {time.perf_counter() - began:,.0f} s")  # fmt: skip
    print(f"  {'task':18} {'model':6} {'validation':12} {'true R2':>8} {'estimated - true':>18}"
          f" {'by one variance':>18}")  # fmt: skip
    for (task, model, validation), scores in found.items():
        real = truth[task, model]
        alike = [(mse, spread) for (mse, _), (_, spread) in zip(real, scores, strict=True)]
        (r2, gap, error), (_, same, off) = gap_of(scores, real), gap_of(scores, alike)
        print(f"  {task:18} {model:6} {validation:12} {r2:8.3f} {gap:+10.3f} ± {error:.3f}"
              f" {same:+10.3f} ± {off:.3f}", flush=True)  # fmt: skip


def layouts(seed: int) -> Iterator[tuple[str, np.ndarray, list[str], np.ndarray]]:
    """Draw places of areas: regular, at random, clustered, in towns; and which are gaps."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(0, 30_000, size=(12, 2))
    corner = rng.uniform(0, 80_000, size=(6, 2))
    places = {
        "regular": centres(400, seed),
        "at random": rng.uniform(0, 10_000, size=(400, 2)),
        "clustered": middles[rng.integers(0, 12, size=400)] + rng.normal(0, 700, size=(400, 2)),
        "six towns": np.repeat(corner, 70, axis=0) + rng.uniform(0, 6_000, size=(420, 2)),
    }
    for name, place_m in places.items():
        towns_of = np.arange(len(place_m)) // 70 if name == "six towns" else [0] * len(place_m)
        names = [f"T{town}" for town in towns_of]
        yield f"{name}, scattered gaps", place_m, names, rng.random(len(place_m)) < 0.25
        yield f"{name}, one hole", place_m, names, holes(place_m, 1, 1 / 6, rng)
        yield f"{name}, four holes", place_m, names, holes(place_m, 4, 0.25, rng)


def least_share(place_m: np.ndarray, wanted: DistancesToPredict) -> float:
    """Give a bound below the share of any folds that hold out every area and leave a third.

    Each area can be as far as some other one is; which of those wanted it takes is an assignment.
    """
    count = len(place_m)
    levels = (np.arange(count) + 0.5) / count
    wanted_m = np.quantile(np.minimum(wanted.distance_m, wanted.farthest_m), levels)
    to_others_m = np.minimum(np.sort(cdist(place_m, place_m))[:, 1:], wanted.farthest_m)
    possible_m = to_others_m[:, : count - int(np.ceil(count * LEAST_SHARE))]
    off_m = [np.abs(wanted_m[:, None] - one_m).min(axis=1) for one_m in possible_m]
    rows, columns = linear_sum_assignment(off_m)
    return float(np.array(off_m)[rows, columns].mean() / wanted_m.mean())


def tell_distances(draws: int, seed: int) -> None:
    """Print the Wasserstein distance by the mean distance, over layouts, for both tasks."""
    found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for draw in range(draws):
        for name, place_m, names, gap in layouts(seed * 10_000 + draw):
            rng = np.random.default_rng(draw)
            value = gaussian_field(place_m, 2_500.0, rng) if "hole" not in name else rng.normal(
                size=len(place_m))  # fmt: skip
            every = dataset(place_m, np.ones((len(place_m), 2)), value, authorities=names)
            sampled = replace(every.take(~gap), unsampled_m=place_m[gap])
            cases: dict[str, tuple[AreaDataset, Task]] = {name: (sampled, "fill gaps")}
            if "hole" not in name:
                cases[f"{name.split(',')[0]}, new town"] = (every, "new town")
            for case, (data, task) in cases.items():
                wanted = distances_to_predict(data, task)
                matched = match_distances(data.place_m, data.authority_codes, wanted, 5, seed)
                least = least_share(data.place_m, wanted)
                found[case].append((matched.share, least, matched.learned_share.mean()))
    print(f"Wasserstein distance by the mean distance, {draws} draws")
    for case, shares in found.items():
        share, least, learned = np.array(shares).T
        can, met = least < MATCHED, share < MATCHED
        print(
            f"  {case:28} mean {share.mean():.3f}, below 0.1 in {met.mean():.0%}, "
            f"by any folds in at most {can.mean():.0%}; {learned.mean():.0%} learned from",
            flush=True,
        )


def main() -> None:
    """Run what the arguments say."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=50)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--ranges-km", type=float, nargs="+", default=[1.5, 3.0])
    asked.add_argument("--no-distances", action="store_true", help="R² alone")
    asked.add_argument("--no-r2", action="store_true", help="distances alone")
    asked.add_argument("--no-random", action="store_true", help="the headline alone")
    asked.add_argument("--tasks", nargs="+", default=[], help="R² of these; default: all")
    given = asked.parse_args()
    if not given.no_distances:
        tell_distances(given.draws, given.seed)
    if not given.no_r2:
        for range_km in given.ranges_km:
            for smooth_images in (False, True):
                how = given.draws, given.seed, range_km, smooth_images, given.tasks
                tell_r2(*how, random=not given.no_random)


if __name__ == "__main__":
    main()
