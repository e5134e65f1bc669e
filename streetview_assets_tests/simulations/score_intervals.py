"""How often the 90 % intervals of scores hold the score that they are to hold.

The score that counts is what comes out on average over draws of the noise, at the same places and
with the same signal (`--redrawn`: with a new signal each time, too). A ridge of numbers, some of
which show the signal, predicts areas out of fold.
"""

import argparse

import numpy as np
from sklearn.linear_model import Ridge

from streetview_assets.areas.standing import deciles_among
from streetview_assets.metrics import DECILE, measure, resampled_scores
from streetview_assets.models.data.splits import block_folds
from streetview_assets.models.metrics.bootstrap import interval_of, resample_weights
from streetview_assets_tests.simulations.fields import centres, gaussian_field

LEVEL, RESAMPLES, WIDTH = 0.9, 500, 20
SCORES = ("r2", "rmse", "mae", "spearman", "decile_within_1", "gain")


def signal(
    place_m: np.ndarray, range_m: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a signal, (n,), and numbers that show it among others that do not, (n, 20)."""
    shown = np.array([gaussian_field(place_m, range_m, rng) for _ in range(3)]).T
    others = rng.normal(size=(len(place_m), WIDTH - 3))
    return shown @ np.array([1.0, 0.7, 0.5]), np.hstack([shown, others])


def out_of_fold(seen: np.ndarray, observed: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Predict each fold by a ridge of the others."""
    predicted = np.empty(len(observed))
    for number in np.unique(fold):
        inside = fold == number
        model = Ridge(alpha=30).fit(seen[~inside], observed[~inside])
        predicted[inside] = model.predict(seen[inside])
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


def coverage(asked: argparse.Namespace, range_km: float, blocks: bool) -> str:
    """Measure one setting: a line of the table."""
    rng = np.random.default_rng(asked.seed)
    place_m = centres(asked.areas, asked.seed, asked.side_m)
    shown, seen = signal(place_m, asked.signal_km * 1_000, rng)
    estimates, intervals = [], []
    for draw in range(asked.draws):
        if asked.redrawn:
            shown, seen = signal(place_m, asked.signal_km * 1_000, rng)
        noise = gaussian_field(place_m, range_km * 1_000, rng)
        # The noise is not scaled to its own spread: how large it comes out is part of the chance.
        clear = (shown - shown.mean()) / shown.std()
        observed = np.sqrt(asked.share) * clear + np.sqrt(1 - asked.share) * noise
        fold = rng.permutation(np.arange(len(place_m)) % 5)
        if blocks:
            fold = block_folds(place_m, 5, 2.0, draw)
        predicted = out_of_fold(seen, observed, fold)
        other = out_of_fold(seen[:, 1:], observed, fold)
        residuals = observed - predicted
        resamples = resample_weights(place_m, residuals, RESAMPLES, draw, told=predicted)
        found = scores_of(observed, predicted, other, None)
        drawn = scores_of(observed, predicted, other, resamples.weights)
        estimates.append([found[name] for name in SCORES])
        intervals.append(
            [interval_of(drawn[name], LEVEL, found[name]) for name in SCORES]
            if len(resamples.weights)
            else [(np.nan, np.nan)] * len(SCORES)
        )
    lower, upper = np.moveaxis(np.array(intervals, dtype=float), 2, 0)
    truth = np.mean(estimates, axis=0)
    told = np.isfinite(lower[:, 0])
    held = ((lower <= truth) & (truth <= upper))[told].mean(axis=0)
    cells = "".join(f"{share:>17.3f}" for share in held)
    folds = "blocks" if blocks else "random"
    return f"{range_km:8g}  {folds:7}{truth[0]:6.2f}{told.mean():9.2f}{cells}"


def main() -> None:
    """Print the share of intervals that hold the score, by range of the noise and folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=900)
    parser.add_argument("--side_m", type=float, default=500.0, help="of the square of an area")
    parser.add_argument("--share", type=float, default=0.5, help="of the signal in the variance")
    parser.add_argument("--signal_km", type=float, default=2.0, help="range of the signal")
    parser.add_argument("--ranges_km", type=float, nargs="+", default=[0, 1, 3])
    parser.add_argument("--redrawn", action="store_true", help="draw the signal anew, too")
    asked = parser.parse_args()
    names = "".join(f"{name:>17}" for name in SCORES)
    print(f"range km  folds      R²     told{names}")
    for blocks in (False, True):
        for range_km in asked.ranges_km:
            print(coverage(asked, range_km, blocks), flush=True)
    error = np.sqrt(0.09 / asked.draws)
    print(f"meant: {LEVEL:.2f}; Monte Carlo error {error:.3f}; told: draws with an interval")


if __name__ == "__main__":
    main()
