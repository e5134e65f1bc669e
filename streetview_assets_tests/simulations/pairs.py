"""How well strengths come back from noisy pairs, and how often their 90 % intervals hold them.

Images of known strength are compared at random; a share of the judgements names the wrong image.
`--sure`: people name the stronger one but for these slips, so that no scale can be told: strengths
are then compared up to the factor that fits best.
"""

import argparse

import numpy as np
from scipy.stats import norm, spearmanr

from streetview_assets.perception.scaling.bradley_terry import fit

LEVEL = 0.9


def pairs(
    strength: np.ndarray, each: int, wrong: float, tie: float, sure: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw places of left and right images, each in so many comparisons, and choices."""
    count = len(strength)
    left, right = (
        np.concatenate([rng.permutation(count) for _ in range(each // 2)]) for _ in range(2)
    )
    right = np.where(left == right, (right + 1) % count, right)
    half = (strength[left] - strength[right]) / 2 * (1e3 if sure else 1)
    worth = np.exp(np.clip([half, -half, np.zeros(len(half))], -300, 300))
    worth[2] *= tie
    drawn = rng.random(len(left)) * worth.sum(axis=0)
    answer = (drawn > worth[0]).astype(int) + (drawn > worth[0] + worth[1])
    slip = (rng.random(len(left)) < wrong) & (answer < 2)
    return left, right, np.array(["left", "right", "equal"])[np.where(slip, 1 - answer, answer)]


def recovered(asked: argparse.Namespace, seed: int) -> tuple[float, float]:
    """Give Spearman's correlation with the truth, and the share of intervals that hold it."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=asked.images) * asked.spread
    names = np.array([f"{place:05d}" for place in range(asked.images)])
    left, right, choice = pairs(truth, asked.each, asked.wrong, asked.tie, asked.sure, rng)
    found = fit(names[left].tolist(), names[right].tolist(), choice.tolist())
    strength, error = (found[name].to_numpy() for name in ("strength", "standard_error"))
    truth = truth - truth.mean()
    if asked.sure:
        truth = truth * (truth @ strength) / (truth @ truth)
    inside = np.abs(strength - truth) <= norm.ppf((1 + LEVEL) / 2) * error
    return float(spearmanr(truth, strength).statistic), float(inside.mean())


def main() -> None:
    """Print one line: means over draws with Monte Carlo errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("images", 200), ("each", 20), ("draws", 50), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, share in (("wrong", 0.05), ("tie", 0.0), ("spread", 3.0)):
        parser.add_argument(f"--{name}", type=float, default=share)
    parser.add_argument("--sure", action="store_true")
    asked = parser.parse_args()
    drawn = np.array([recovered(asked, asked.seed + draw) for draw in range(asked.draws)])
    mean, error = drawn.mean(axis=0), drawn.std(axis=0) / np.sqrt(asked.draws)
    print(
        f"Spearman {mean[0]:.3f} ± {error[0]:.3f} (least {drawn[:, 0].min():.3f}), "
        f"coverage {mean[1]:.3f} ± {error[1]:.3f}, {asked.draws} draws"
    )


if __name__ == "__main__":
    main()
