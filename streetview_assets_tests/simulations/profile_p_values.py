"""How often shares of clusters are said to go with a target that they have nothing to do with.

Shares are compositional and zero-inflated: images of an area dealt to clusters whose odds are
fields over the map. Targets are fields of the same range; to see what is found, a second target
takes a part of its variance from one cluster's share.
"""

import argparse

import numpy as np
from scipy.stats import spearmanr

from streetview_assets.clusters.profile.target_profile import spearman
from streetview_assets_tests.simulations.fields import centres, gaussian_field, mixed

IMAGES, CLUSTERS = 30, 8
CERTAIN = 0.05


def made_up_shares(place_m: np.ndarray, range_m: float, rng: np.random.Generator) -> np.ndarray:
    """Deal 30 images of each area to 8 clusters, the first common and the last rare; (n, 8)."""
    fields = np.array([gaussian_field(place_m, range_m, rng) for _ in range(CLUSTERS)])
    odds = np.exp(1.5 * fields.T + np.linspace(1.5, -2, CLUSTERS))
    chances = odds / odds.sum(axis=1, keepdims=True)
    return rng.multinomial(IMAGES, chances) / IMAGES


def main() -> None:
    """Print the share of tests below 0.05, by range, with its Monte Carlo error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=400)
    parser.add_argument("--side_m", type=float, default=1_000.0, help="of the square of an area")
    parser.add_argument("--ranges_km", type=float, nargs="+", default=[0, 1, 2, 3, 6, 9])
    asked = parser.parse_args()
    place_m = centres(asked.areas, asked.seed, asked.side_m)
    print("range km   as if independent   as told   any, corrected   found (20 % of variance)")
    for range_km in asked.ranges_km:
        rng = np.random.default_rng(asked.seed)
        naive, told, some, found = [], [], [], []
        for _ in range(asked.draws):
            shares = made_up_shares(place_m, range_km * 1_000, rng)
            target = gaussian_field(place_m, range_km * 1_000, rng)
            related = mixed([(0.2, shares[:, 2]), (0.8, target)])
            p = np.array([one["p_value"] for one in spearman(shares, target, place_m)])
            naive.append(np.mean([spearmanr(one, target).pvalue < CERTAIN for one in shares.T]))
            told.append(np.mean(p < CERTAIN))
            some.append(np.min(np.sort(p) / np.arange(1, len(p) + 1)) * len(p) < CERTAIN)
            found.append(spearman(shares[:, 2:3], related, place_m)[0]["p_value"] < CERTAIN)
        cells = [
            f"{np.mean(one):.3f} ± {np.std(one) / np.sqrt(asked.draws):.3f}"
            for one in (naive, told, some, found)
        ]
        print(f"{range_km:8g}   " + "   ".join(f"{cell:>17}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
