"""How long models take on areas of the published size, and where the time goes.

    python streetview_assets_tests/benchmarks/bench_models.py --help

runs it by itself: one fit of each candidate, then the selection. Areas, vectors and values are
made up; no limits are held here.
"""

import argparse
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import polars as pl
import shapely

from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.candidates.baselines import Baseline
from streetview_assets.models.candidates.published_recipe import (
    GRID,
    PUBLISHED,
    cheapest_first,
    recipe_folds,
)
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation import nested_cv, tuning
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models

AREAS, WIDTH, AUTHORITIES, SIDE_M = 1_695, 512, 10, 700.0
DEFAULTS = Models.model_fields["candidates"].default
FIRST: dict[str, dict] = {
    "ridge": {"alpha": WIDTH},
    "kernel_ridge": {"alpha": 0.3, "gamma": 0.2 / WIDTH},
    "pls": {"n_components": 3},
    "gradient_boosting": {
        "n_components": 10, "learning_rate": 0.08, "max_leaf_nodes": 4, "min_samples_leaf": 6
    },
    "svr": {"cost": 1.0, "epsilon": 0.1, "gamma": 0.2 / WIDTH},
    "gaussian_process": {"reach": 1.5 * WIDTH**0.5, "noise": 0.3, "smoothness": 1.5},
    "nearest_neighbours": {"neighbours": 10, "metric": "cosine"},
    "random_forest": {"max_features": 0.04, "min_samples_leaf": 3},
    "xgboost": {
        "max_depth": 3, "learning_rate": 0.1, "subsample": 0.8, "colsample_bytree": 0.1
    },
    "published": GRID[0],
}  # fmt: skip


def made_up(count: int = AREAS, width: int = WIDTH) -> AreaDataset:
    """Squares side by side, whose vectors show a few smooth fields, one of them the value's."""
    rng = np.random.default_rng(1)
    columns = int(np.ceil(np.sqrt(count)))
    corner = np.column_stack(np.divmod(np.arange(count), columns)) * SIDE_M + [430_000, 430_000]

    def field() -> np.ndarray:
        waves = np.cos(corner @ rng.normal(size=(2, 30)) / 2_000 + rng.uniform(0, 6.3, size=30))
        return waves.sum(axis=1) / 4

    value = field() + 0.5 * rng.normal(size=count)
    seen = value + 0.6 * rng.normal(size=count)
    shown = np.column_stack([seen, *(field() for _ in range(9))])
    vectors = shown @ rng.normal(size=(10, width)) + rng.normal(size=(count, width))
    return AreaDataset(
        area_codes=[f"A{number:05}" for number in range(count)],
        authority_codes=[f"E{number * AUTHORITIES // count:02}" for number in range(count)],
        vectors=vectors,
        observed=16_000 + 6_000 * value,
        place_m=corner + SIDE_M / 2,
        image_counts=rng.integers(4, 80, size=count),
        mean_colour=rng.uniform(size=(count, 6)),
        geometry=[shapely.box(x, y, x + SIDE_M, y + SIDE_M) for x, y in corner],
    )


def tell_fits(data: AreaDataset) -> None:
    """Print the seconds of one fit of each candidate, of their first settings."""
    train = data.take(np.arange(len(data)) < len(data) * 4 // 5)
    print(f"one fit to {len(train):,} areas x {train.vectors.shape[1]}, processor's seconds:")
    with fitting_context(len(train)):
        for name, params in FIRST.items():
            pipeline = CANDIDATES[name].build(params, 1)
            began = time.process_time()
            pipeline.fit(train.vectors, train.observed)
            fitted = time.process_time()
            pipeline.predict(train.vectors[:300])
            print(f"  {name:20} {fitted - began:8.2f}  predict {time.process_time() - fitted:.2f}")


def tell_recipe_fold(data: AreaDataset) -> None:
    """Print the time of one fold of five of the published grid, by depth of the trees."""
    train, _ = recipe_folds(len(data) * 4 // 5)[0]
    part = data.take(train)
    spent: dict[int, float] = defaultdict(float)
    for place in cheapest_first(GRID):
        began = time.process_time()
        PUBLISHED.build(GRID[place], 1).fit(part.vectors, part.observed)
        spent[GRID[place]["max_depth"]] += time.process_time() - began
        print(f"  {GRID[place]}: {time.process_time() - began:.1f} s", flush=True)
    print(f"one fold of the grid on {len(part):,} areas: {dict(spent)} s by depth")


def tell_selection(data: AreaDataset, settings: Models) -> None:
    """Print the time of a selection, and which models it goes into."""
    spent: dict[str, float] = defaultdict(float)
    counted: Counter[str] = Counter()
    began = time.process_time()
    with counting(spent, counted):
        result = select_models(
            data, Scoring(settings, "made-up", "made-up", "pooled", seed=42),
            on_progress=lambda done, total: print(
                f"  {done}/{total} tunings, {time.process_time() - began:,.0f} s", flush=True
            ),
        )  # fmt: skip
    whole = time.process_time() - began
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"selection of {len(data):,} areas: {whole:,.1f} s, at most {memory_gb:.1f} GB")
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {name:28} {seconds:8.1f} s in {counted[name]:,} tunings")
    print(f"  {'all else':28} {whole - sum(spent.values()):8.1f} s")
    given_up: Counter[str] = Counter(trial["model"] for trial in result.trials if trial["pruned"])
    print(f"  trials given up: {dict(given_up)} of {len(result.trials):,}")
    pooled = result.scores.filter(pl.col("fold") == 0, pl.col("metric") == "r2")
    for validation, model, value in pooled.select("validation", "model", "value").rows():
        print(f"  R2 {validation:12} {model:20} {'-' if value is None else f'{value:.3f}'}")


@contextmanager
def counting(spent: dict[str, float], counted: "Counter[str]") -> Iterator[None]:
    """Count the seconds of the thread of every tuning, by its model, while the block runs."""

    def timed(tune: Callable) -> Callable:
        def run(model: Candidate | Baseline, *args: object) -> object:
            began = time.thread_time()  # folds are tuned side by side
            tuned = tune(model, *args)
            spent[model.name] += time.thread_time() - began
            counted[model.name] += 1
            return tuned

        return run

    with (
        patch.object(tuning, "_tune_candidate", timed(tuning._tune_candidate)),
        patch.object(nested_cv, "tune_baseline", timed(nested_cv.tune_baseline)),
    ):
        yield


def test_fits_and_a_short_selection():
    data = made_up()
    tell_fits(data)
    tell_selection(data, Models(trials=8, folds=5))


def main() -> None:
    """Run what the arguments say."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--areas", type=int, default=AREAS)
    asked.add_argument("--width", type=int, default=WIDTH)
    asked.add_argument("--trials", type=int, default=40, help="over all candidates")
    asked.add_argument("--folds", type=int, default=5)
    asked.add_argument("--candidates", nargs="+", default=list(DEFAULTS), choices=list(CANDIDATES))
    asked.add_argument("--no-fits", action="store_true", help="the selection alone")
    asked.add_argument("--no-selection", action="store_true", help="the fits alone")
    asked.add_argument("--recipe-fold", action="store_true", help="one fold of the published grid")
    given = asked.parse_args()
    data = made_up(given.areas, given.width)
    if given.recipe_fold:
        tell_recipe_fold(data)
    if not given.no_fits:
        tell_fits(data)
    if not given.no_selection:
        settings = Models(
            candidates=tuple(given.candidates), trials=given.trials, folds=given.folds
        )
        tell_selection(data, settings)


if __name__ == "__main__":
    main()
