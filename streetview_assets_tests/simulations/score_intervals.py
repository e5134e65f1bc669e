"""How often the 90 % intervals of scores hold the score that they are to hold.

The score that counts is what comes out on average over draws of the noise, at the same places and
with the same signal, whatever folds are dealt. Several signals are drawn, each with a truth of its
own from many draws. A ridge of numbers, some of which show the signal, predicts areas out of fold.
"""

import argparse

import numpy as np
from scipy.stats import norm, t

from streetview_assets.areas.standing import deciles_among
from streetview_assets.metrics import DECILE, measure, resampled_scores
from streetview_assets.models.data.splits import block_folds
from streetview_assets.models.metrics.bootstrap import interval_of, resample_weights
from streetview_assets_tests.simulations.fields import centres, gaussian_fields

LEVEL, RESAMPLES, WIDTH, PENALTY, FREEDOM = 0.9, 500, 20, 30, 6
SCORES = ("r2", "rmse", "mae", "spearman", "decile_within_1", "gain")


def signal(
    place_m: np.ndarray, range_m: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a signal of variance 1, (n,), and numbers that show it among others, (n, 20)."""
    shown = gaussian_fields(place_m, range_m, 3, rng).T
    others = rng.normal(size=(len(place_m), WIDTH - 3))
    whole = shown @ np.array([1.0, 0.7, 0.5])
    return (whole - whole.mean()) / whole.std(), np.hstack([shown, others])


def out_of_fold(seen: np.ndarray, observed: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Predict each fold by a ridge of the others."""
    predicted = np.empty(len(observed))
    for number in np.unique(fold):
        inside = fold == number
        centre, level = seen[~inside].mean(axis=0), observed[~inside].mean()
        learned = seen[~inside] - centre
        square = learned.T @ learned + PENALTY * np.eye(seen.shape[1])
        slope = np.linalg.solve(square, learned.T @ (observed[~inside] - level))
        predicted[inside] = (seen[inside] - centre) @ slope + level
    return predicted


def scores_of(
    observed: np.ndarray, predicted: np.ndarray, other: np.ndarray, weights: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Score predictions, by weights or as they are, with the gain in R² over another model."""
    tenths = [deciles_among(values, observed) for values in (observed, predicted)]
    if weights is None:
        found = measure(observed, predicted) | measure(*tenths, DECILE)
        gain = found["r2"] - measure(observed, other)["r2"]
        return found | {"gain": gain}
    found = resampled_scores(observed, predicted, weights)
    found |= resampled_scores(*tenths, weights, DECILE)
    return found | {"gain": found["r2"] - resampled_scores(observed, other, weights)["r2"]}


def of_one_signal(
    asked: argparse.Namespace, range_km: float, blocks: bool, seed: int
) -> tuple[float, np.ndarray]:
    """Give the true R², and of each draw with an interval which scores it holds, (told, scores)."""
    rng = np.random.default_rng(seed)
    place_m = centres(asked.areas, 1, asked.side_m)
    clear, seen = signal(place_m, asked.signal_km * 1_000, rng)
    # The noise is not scaled to its own spread: how large it comes out is part of the chance.
    noise = gaussian_fields(place_m, range_km * 1_000, asked.draws + asked.truth_draws, rng)
    if asked.heavy_tails:
        noise = t.ppf(norm.cdf(noise), FREEDOM) * np.sqrt((FREEDOM - 2) / FREEDOM)
    estimates, intervals = [], []
    for draw, one in enumerate(noise):
        observed = np.sqrt(asked.share) * clear + np.sqrt(1 - asked.share) * one
        fold = rng.permutation(np.arange(len(place_m)) % 5)
        if blocks:
            fold = block_folds(place_m, 5, 2.0, draw)
        predicted = out_of_fold(seen, observed, fold)
        other = out_of_fold(seen[:, 1:], observed, fold)
        found = scores_of(observed, predicted, other, None)
        estimates.append([found[name] for name in SCORES])
        if draw >= asked.draws:
            continue
        told = resample_weights(place_m, observed - predicted, RESAMPLES, draw, told=predicted)
        if len(told.weights):
            drawn = scores_of(observed, predicted, other, told.weights)
            intervals.append([interval_of(drawn[name], LEVEL, found[name]) for name in SCORES])
    truth = np.mean(estimates, axis=0)
    lower, upper = np.moveaxis(np.array(intervals, dtype=float).reshape(-1, len(SCORES), 2), 2, 0)
    return float(truth[0]), (lower <= truth) & (truth <= upper)


def coverage(asked: argparse.Namespace, range_km: float, blocks: bool) -> str:
    """Measure one setting: a line of the table."""
    seeds = range(asked.seed, asked.seed + asked.signals)
    found = [of_one_signal(asked, range_km, blocks, seed) for seed in seeds]
    held = np.vstack([one for _, one in found])
    cells = "".join(f"{share:>17.3f}" for share in held.mean(axis=0))
    told = len(held) / (asked.draws * asked.signals)
    folds = "blocks" if blocks else "random"
    return f"{range_km:8g}  {folds:7}{np.mean([r2 for r2, _ in found]):6.2f}{told:9.2f}{cells}"


def main() -> None:
    """Print the share of intervals that hold the score, by range of the noise and folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40, help="of the noise, with an interval")
    parser.add_argument("--truth_draws", type=int, default=200, help="more, for the truth alone")
    parser.add_argument("--signals", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1, help="of the first signal")
    parser.add_argument("--areas", type=int, default=400)
    parser.add_argument("--side_m", type=float, default=500.0, help="of the square of an area")
    parser.add_argument("--share", type=float, default=0.5, help="of the signal in the variance")
    parser.add_argument("--signal_km", type=float, default=2.0, help="range of the signal")
    parser.add_argument("--ranges_km", type=float, nargs="+", default=[0, 1, 3])
    parser.add_argument("--heavy_tails", action="store_true", help="of the noise: a kurtosis of 6")
    asked = parser.parse_args()
    names = "".join(f"{name:>17}" for name in SCORES)
    print(f"range km  folds      R²     told{names}")
    for range_km in asked.ranges_km:
        for blocks in (False, True):
            print(coverage(asked, range_km, blocks), flush=True)
    error = np.sqrt(0.09 / asked.draws / asked.signals)
    print(f"meant: {LEVEL:.2f}; Monte Carlo error {error:.3f}; told: draws with an interval")


if __name__ == "__main__":
    main()
