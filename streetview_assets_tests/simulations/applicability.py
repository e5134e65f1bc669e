"""Whether garbage is told apart from areas, and errors rise with how unlike an area is.

Towns of eight authorities side by side. What images show of the target has the same meaning in all,
but each looks its own way: its areas are moved in directions that say nothing, and spread farther
in those that say something, where what they say bends. Each is held out whole, from a model of the
others, and its areas are told apart by how unlike the others' they are.
"""

import argparse
from collections.abc import Callable

import numpy as np
from scipy.stats import spearmanr

from streetview_assets.models.candidates.base import Params
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import block_folds
from streetview_assets.models.metrics.applicability import area_of_applicability
from streetview_assets_tests.simulations.fields import centres, dataset, gaussian_field

AUTHORITIES, WIDTH, GARBAGE = 8, 64, 500
MODELS: dict[str, Params] = {
    "ridge": {"alpha": 64.0},
    "svr": {"cost": 1.0, "epsilon": 0.1, "gamma": 0.2 / WIDTH},
    "random_forest": {"max_features": 0.2, "min_samples_leaf": 3},
}
Garbage = Callable[[np.ndarray, np.random.Generator], np.ndarray]
KINDS: dict[str, Garbage] = {
    "noise": lambda seen, rng: rng.normal(size=(GARBAGE, seen.shape[1])),
    "unit length": lambda seen, rng: _unit(rng.normal(size=(GARBAGE, seen.shape[1]))),
    "zeros": lambda seen, rng: np.zeros((GARBAGE, seen.shape[1])),
    "negative": lambda seen, rng: -seen[rng.integers(len(seen), size=GARBAGE)],
    "a million": lambda seen, rng: 1e6 * seen[rng.integers(len(seen), size=GARBAGE)],
    "numbers mixed up": lambda seen, rng: rng.permuted(
        seen[rng.integers(len(seen), size=GARBAGE)], axis=1
    ),
    "areas mixed up": lambda seen, rng: np.column_stack(
        [rng.choice(column, GARBAGE) for column in seen.T]
    ),
}


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def town(count: int, apart: float, seed: int) -> AreaDataset:
    """Make areas up whose authorities look so far apart; of 0 all look alike."""
    rng = np.random.default_rng(seed)
    place_m = centres(count, seed)
    authority = np.argsort(np.argsort(place_m[:, 0])) * AUTHORITIES // count
    signals = np.column_stack([gaussian_field(place_m, 3_000, rng) for _ in range(4)])
    own = apart * rng.gamma(1.0, size=AUTHORITIES)
    looks = rng.normal(size=(AUTHORITIES, 4)) * own[:, None]
    signals = signals * (1 + own[authority, None] / 2) + looks[authority]
    value = np.tanh(signals[:, 0] / 2) + np.tanh(signals[:, 1] / 2) + 0.5 * rng.normal(size=count)
    shown = signals + 0.3 * rng.normal(size=signals.shape)
    noise = 0.1 * rng.normal(size=(count, WIDTH))
    vectors = _unit(3 * rng.normal(size=WIDTH) + shown @ rng.normal(size=(4, WIDTH)) / 4 + noise)
    return dataset(place_m, vectors, value, authorities=[f"E{one}" for one in authority])


def flagged(data: AreaDataset, model: str, seed: int) -> list[float]:
    """Give the share that is outside: of areas of the same kind, and of each kind of garbage."""
    rng = np.random.default_rng(seed)
    known = data.take(rng.permutation(len(data)) < 0.8 * len(data))
    others = data.take(~np.isin(data.area_codes, known.area_codes))
    fitted = CANDIDATES[model].build(MODELS[model], 0).fit(known.vectors, known.observed)
    fold = block_folds(known.place_m, 5, 2.0, seed)
    found = area_of_applicability(fitted, known.vectors, fold)
    assert found is not None
    given = [others.vectors, *(make(known.vectors, rng) for make in KINDS.values())]
    return [float((~found.applies(found.dissimilarity(one))).mean()) for one in given]


def held_out(data: AreaDataset, model: str, seed: int) -> list[float]:
    """Give how errors go with dissimilarity, and their size inside and outside."""
    codes = np.array(data.authority_codes)
    errors, unlike, inside = (np.empty(len(data)) for _ in range(3))
    for code in np.unique(codes):
        mine = codes == code
        known = data.take(~mine)
        fitted = CANDIDATES[model].build(MODELS[model], 0).fit(known.vectors, known.observed)
        fold = block_folds(known.place_m, 5, 2.0, seed)
        found = area_of_applicability(fitted, known.vectors, fold)
        assert found is not None
        errors[mine] = np.ravel(fitted.predict(data.vectors[mine])) - data.observed[mine]
        unlike[mine] = found.dissimilarity(data.vectors[mine])
        inside[mine] = found.applies(unlike[mine])
    rmse = [
        np.sqrt(np.mean(errors[inside == one] ** 2)) if (inside == one).any() else np.nan
        for one in (1, 0)
    ]
    rise = spearmanr(np.abs(errors), unlike).statistic
    return [rise, rise > 0, *rmse, rmse[1] > rmse[0], 1 - inside.mean()]


def main() -> None:
    """Print the share of garbage that is outside, and how errors rise, by model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=600)
    parser.add_argument("--apart", type=float, nargs="+", default=[0.0, 1.0])
    asked = parser.parse_args()
    for model in MODELS:
        for apart in asked.apart:
            seeds = range(asked.seed * 1_000, asked.seed * 1_000 + asked.draws)
            drawn = [(town(asked.areas, apart, seed), seed) for seed in seeds]
            print(f"\n{model}, authorities {apart:g} apart: {asked.draws} draws, Monte Carlo error")
            _print(["areas", *KINDS], [flagged(data, model, seed) for data, seed in drawn])
            names = ["rank corr.", "rises", "RMSE in", "RMSE out", "more out", "outside"]
            _print(names, [held_out(data, model, seed) for data, seed in drawn])


def _print(names: list[str], rows: list[list[float]]) -> None:
    values = np.array(rows, dtype=float)
    error = np.nanstd(values, axis=0) / np.sqrt(len(values))
    for name, mean, one in zip(names, np.nanmean(values, axis=0), error, strict=True):
        print(f"  {name:<18}{mean:7.3f} ({one:.3f})", flush=True)


if __name__ == "__main__":
    main()
