"""Whether the number of clusters is right, or rightly none: made-up vectors of known structure.

    python -m streetview_assets_tests.simulations.number_of_clusters --draws 3 --seed 1

Each structure is drawn anew by the seed, swept from 2 to 12, and clustered by the fit that is
recommended. Right is the planted number, found at an adjusted Rand index of 0.95; of a continuum,
none; of more kinds than the sweep has, that it ends too soon.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.fit.hdbscan import density_clusters
from streetview_assets.clusters.fit.kmeans import METHOD, fit_clusters
from streetview_assets.clusters.fit.projection import spaces_of_sweep
from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.number.recommendation import Recommendation, recommend
from streetview_assets.embeddings.vectors import matrix, unit, vector_series

NUMBERS = range(2, 13)
NONE = -1
"""The kind of a vector that is of none."""

Drawn = tuple[np.ndarray, np.ndarray | None]
"""Vectors (n, d), and the kind of each; None: a continuum."""


def balls(
    sizes: Sequence[int],
    dimension: int,
    apart: float,
    rng: np.random.Generator,
    spreads: Sequence[float] | float = 1.0,
    freedom: float = np.inf,
) -> Drawn:
    """Draw round kinds: centres `apart` standard deviations (of spread 1) from each other."""
    kinds = np.repeat(np.arange(len(sizes)), sizes)
    centres = unit(rng.normal(size=(len(sizes), dimension))) * apart / np.sqrt(2)
    around = rng.normal(size=(len(kinds), dimension))
    if np.isfinite(freedom):
        around /= np.sqrt(rng.chisquare(freedom, size=(len(kinds), 1)) / freedom)
    return centres[kinds] + np.broadcast_to(spreads, len(sizes))[kinds, None] * around, kinds


def embedded(
    plane: np.ndarray, dimension: int, rng: np.random.Generator, noise: float
) -> np.ndarray:
    """Turn points of few dimensions into many at random, and add noise in all of them."""
    turned, _ = np.linalg.qr(rng.normal(size=(dimension, plane.shape[1])))
    return plane @ turned.T + noise * rng.normal(size=(len(plane), dimension))


def seven_balls(rng: np.random.Generator) -> Drawn:
    """Seven kinds of one size in 512 numbers, unit length."""
    vectors, kinds = balls([290] * 7, 512, 9, rng)
    return unit(vectors), kinds


def around_a_common_mean(rng: np.random.Generator) -> Drawn:
    """Five kinds that share most of their direction, as CLIP's vectors do; 4 % lies between."""
    kinds = rng.integers(0, 5, 3000)
    common, own = unit(rng.normal(size=(1, 512))), unit(rng.normal(size=(5, 512)))
    noise = rng.normal(size=(3000, 512)) / np.sqrt(512)
    return unit(0.8 * common + 0.14 * own[kinds] + 0.6 * noise), kinds


def of_unequal_sizes(rng: np.random.Generator) -> Drawn:
    """Five kinds of 1000, 300, 120, 50 and 30."""
    vectors, kinds = balls([1000, 300, 120, 50, 30], 512, 10, rng)
    return unit(vectors), kinds


def of_unequal_spreads(rng: np.random.Generator) -> Drawn:
    """Five kinds, the widest three times as wide as the tightest."""
    return balls([300] * 5, 256, 18, rng, [1, 1.5, 2, 2.5, 3])


def elongated(rng: np.random.Generator) -> Drawn:
    """Four kinds, each five times as long as wide, in directions of their own."""
    vectors, kinds = balls([300] * 4, 64, 20, rng)
    along = unit(rng.normal(size=(4, 64)))
    return vectors + 5 * rng.normal(size=(1200, 1)) * along[kinds], kinds


def two_balls(rng: np.random.Generator) -> Drawn:
    """Two kinds in 512 numbers."""
    vectors, kinds = balls([700, 700], 512, 9, rng)
    return unit(vectors), kinds


def two_of_three(rng: np.random.Generator) -> Drawn:
    """Two groups far apart, of three kinds each."""
    far, _ = balls([750, 750], 128, 40, rng, 0.0)
    near, kinds = balls([250] * 6, 128, 10, rng)
    return far + near, kinds


def few_images(rng: np.random.Generator) -> Drawn:
    """Four kinds of 40 to 90 images."""
    vectors, kinds = balls([90, 70, 50, 40], 64, 10, rng)
    return unit(vectors), kinds


def among_noise(rng: np.random.Generator) -> Drawn:
    """Six kinds, and a fifth of all in no kind, uniform in the range of each number."""
    vectors, kinds = balls([260] * 6, 256, 12, rng)
    noise = rng.uniform(vectors.min(axis=0), vectors.max(axis=0), size=(390, 256))
    return np.vstack([vectors, noise]), np.append(kinds, np.full(390, NONE))


def among_directions(rng: np.random.Generator) -> Drawn:
    """Five kinds of unit length, and a fifth of all in random directions."""
    vectors, kinds = balls([300] * 5, 128, 30, rng)
    noise = rng.normal(size=(375, 128))
    return unit(np.vstack([vectors, noise])), np.append(kinds, np.full(375, NONE))


def heavy_tails(rng: np.random.Generator) -> Drawn:
    """Four kinds of Student's t with three degrees of freedom, unit length."""
    vectors, kinds = balls([400] * 4, 64, 24, rng, freedom=3)
    return unit(vectors), kinds


def more_than_the_sweep(rng: np.random.Generator) -> Drawn:
    """Twenty kinds, where the sweep ends at 12."""
    vectors, kinds = balls([100] * 20, 256, 12, rng)
    return unit(vectors), kinds


def a_line(rng: np.random.Generator) -> Drawn:
    """One dimension, in 512 numbers."""
    return embedded(rng.uniform(0, 10, size=(1500, 1)), 512, rng, 0.05), None


def _on_a_circle(turn: float, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi * turn, 1500)
    return embedded(np.column_stack([np.cos(angle), np.sin(angle)]), 256, rng, 0.04)


def an_arc(rng: np.random.Generator) -> Drawn:
    """Three quarters of a circle."""
    return _on_a_circle(0.75, rng), None


def a_ring(rng: np.random.Generator) -> Drawn:
    """A circle."""
    return _on_a_circle(1.0, rng), None


def a_sheet(rng: np.random.Generator) -> Drawn:
    """Two dimensions."""
    return embedded(rng.uniform(size=(2000, 2)) * [10, 6], 256, rng, 0.1), None


def a_swiss_roll(rng: np.random.Generator) -> Drawn:
    """Two dimensions, rolled up."""
    turn = 1.5 * np.pi * (1 + 2 * rng.uniform(size=2000))
    rolled = np.column_stack(
        [turn * np.cos(turn), 21 * rng.uniform(size=2000), turn * np.sin(turn)]
    )
    return embedded(rolled, 64, rng, 0.3), None


def one_gaussian(rng: np.random.Generator) -> Drawn:
    """One Gaussian of falling variances, as of CLIP's components, unit length."""
    spread = np.arange(1, 513) ** -0.5
    return unit(rng.normal(size=(2000, 512)) * spread + 0.2), None


def a_ball(rng: np.random.Generator) -> Drawn:
    """Uniform in a ball of ten dimensions."""
    direction = unit(rng.normal(size=(2000, 10)))
    return direction * rng.uniform(size=(2000, 1)) ** 0.1, None


def one_heavy_tail(rng: np.random.Generator) -> Drawn:
    """One cloud of Student's t with three degrees of freedom."""
    return balls([1500], 64, 0, rng, freedom=3)[0], None


STRUCTURES: tuple[Callable[[np.random.Generator], Drawn], ...] = (
    seven_balls, around_a_common_mean, of_unequal_sizes, of_unequal_spreads, elongated, two_balls,
    two_of_three, few_images, among_noise, among_directions, heavy_tails, more_than_the_sweep,
    a_line, an_arc, a_ring, a_sheet, a_swiss_roll, one_gaussian, a_ball, one_heavy_tail,
)  # fmt: skip


def advised(vectors: np.ndarray, seed: int) -> Recommendation:
    """Sweep as a study does, and give its recommendation."""
    sample = _sample(vectors)
    spaces, _ = spaces_of_sweep(None, sample)
    swept = score_sweep(sample, numbers=NUMBERS, spaces=spaces, seed=seed, encoder="e", seeds=1)
    return recommend(swept.scores, "raw")


def agreement(vectors: np.ndarray, kinds: np.ndarray, advice: Recommendation, seed: int) -> float:
    """Cluster as recommended, and give the adjusted Rand index with what was planted."""
    from sklearn.metrics import adjusted_rand_score

    if advice.k is None or not advice.method:
        return float("nan")
    sample = _sample(vectors)
    pca = None if advice.space == "raw" else int(advice.space.removeprefix("pca"))
    if advice.method == METHOD:
        fit = fit_clusters(sample, k=advice.k, pca=pca, seed=seed, encoder="e", space=advice.space)
        found, _ = nearest_centres(matrix(sample["embedding"]), matrix(fit.centres["centre"]))
    else:
        by_density = density_clusters(
            sample, pca=pca, min_cluster_size=None, seed=seed, encoder="e"
        )
        found = by_density.images["cluster"].fill_null(0).to_numpy()
    planted = kinds != NONE
    return float(adjusted_rand_score(kinds[planted], found[planted]))


def is_right(advice: Recommendation, kinds: np.ndarray | None, agreed: float) -> bool:
    """Tell whether the recommendation is what was planted."""
    if kinds is None:
        return advice.in_short.startswith("none")
    count = int(kinds.max()) + 1
    if count >= NUMBERS[-1]:
        return advice.k is None and advice.in_short.endswith("or more")
    return advice.k == count and agreed > 0.95


def _sample(vectors: np.ndarray) -> pl.DataFrame:
    names = [f"i{row:06}" for row in range(len(vectors))]
    return pl.DataFrame({"image_id": names}).with_columns(vector_series("embedding", vectors))


def main() -> None:
    """Print a row a structure and draw, and how many were right."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=1)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--only", nargs="*", default=None, help="structures, by name")
    given = asked.parse_args()
    print(f"{'structure':<22}{'planted':>8}  {'recommended':<22}{'ARI':>6}{'s':>7}")
    right: list[bool] = []
    for structure in STRUCTURES:
        name = structure.__name__
        if given.only and name not in given.only:
            continue
        for draw in range(given.draws):
            seed = given.seed + draw
            vectors, kinds = structure(np.random.default_rng([seed, *name.encode()]))
            began = time.perf_counter()
            advice = advised(vectors, seed)
            seconds = time.perf_counter() - began
            agreed = float("nan") if kinds is None else agreement(vectors, kinds, advice, seed)
            right.append(is_right(advice, kinds, agreed))
            planted = "none" if kinds is None else str(int(kinds.max()) + 1)
            told = " ".join([advice.in_short, advice.method, advice.space]).strip()
            mark = "" if right[-1] else "  WRONG"
            print(
                f"{name:<22}{planted:>8}  {told:<22}{agreed:>6.2f}{seconds:>7.1f}{mark}", flush=True
            )
    share = float(np.mean(right))
    error = np.sqrt(share * (1 - share) / len(right))
    print(f"right: {sum(right)} of {len(right)}, {share:.1%} (standard error {error:.1%})")


if __name__ == "__main__":
    main()
