"""Whether intervals of scores hold for the next town, learned from 5, 10 and 30 others.

Each town has 40, 80 or 150 areas, vectors of ten numbers, and a value that hangs on them by slopes
that differ from town to town, by an offset of its own and by a field alike over 1 km. Each town is
predicted by ridge on the others, as the study holds authorities out, and the next one by ridge on
all of them. Slopes and offsets differ normally, or as Student's t with three degrees of freedom.
"""

import argparse
from functools import cache

import numpy as np

from streetview_assets.metrics import REGRESSION, measure
from streetview_assets.models.towns.next_town import next_town
from streetview_assets_tests.simulations.fields import centres, gaussian_field

SIZES, WIDTH, PENALTY = (40, 80, 150), 10, 10.0
METRICS = {name: REGRESSION[name] for name in ("r2", "rmse", "mae", "spearman")}
Town = tuple[np.ndarray, np.ndarray]


@cache
def _field(count: int, number: int) -> np.ndarray:
    return gaussian_field(centres(count, 1), 1_000, np.random.default_rng(number))


def _town(rng: np.random.Generator, slopes: np.ndarray, differ: float, kind: str) -> Town:
    count = int(rng.choice(SIZES))

    def drawn(size: int) -> np.ndarray:
        return rng.normal(size=size) if kind == "normal" else rng.standard_t(3, size) / np.sqrt(3)

    vectors = rng.normal(size=(count, WIDTH)) + differ * rng.normal(size=WIDTH)
    own = slopes + differ * drawn(WIDTH) * np.abs(slopes).mean()
    value = vectors @ own + differ * drawn(1) + _field(count, int(rng.integers(2_000)))
    return vectors, value


def _learn(towns: list[Town]) -> tuple[np.ndarray, np.ndarray]:
    """Sum up what ridge needs of each town: it is learned from many times."""
    squares, products = [], []
    for vectors, value in towns:
        design = np.column_stack([np.ones(len(value)), vectors])
        squares.append(design.T @ design)
        products.append(design.T @ value)
    return np.array(squares), np.array(products)


def _scores(town: Town, squares: np.ndarray, products: np.ndarray) -> dict[str, float | None]:
    penalty = PENALTY * np.diag([0.0] + [1.0] * WIDTH)
    weights = np.linalg.solve(squares + penalty, products)
    vectors, value = town
    return measure(value, weights[0] + vectors @ weights[1:], METRICS)


def holds(count: int, differ: float, kind: str, level: float, seed: int) -> dict[str, bool]:
    """Draw towns and one more, and say whether the score of that one lies in its interval."""
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=WIDTH) / np.sqrt(WIDTH)
    *towns, new = (_town(rng, slopes, differ, kind) for _ in range(count + 1))
    squares, products = _learn(towns)
    of_all = squares.sum(axis=0), products.sum(axis=0)
    scores = [
        _scores(town, of_all[0] - squares[at], of_all[1] - products[at])
        for at, town in enumerate(towns)
    ]
    came_out, held = _scores(new, *of_all), {}
    for metric in METRICS:
        found = next_town(metric, np.array([one[metric] for one in scores], dtype=float), level)
        assert found.interval is not None
        held[metric] = found.interval[0] <= float(came_out[metric]) <= found.interval[1]
    return held


def main() -> None:
    """Print the coverage by number of towns, how much they differ, and metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--level", type=float, default=0.9)
    parser.add_argument("--towns", type=int, nargs="+", default=[5, 10, 30])
    asked = parser.parse_args()
    print("towns  differ  kind    " + "".join(f"{name:>10}" for name in METRICS))
    for count in asked.towns:
        for differ in (0.0, 0.5, 1.0):
            for kind in ("normal", "t3") if differ else ("normal",):
                found = [
                    list(
                        holds(count, differ, kind, asked.level, asked.seed * 10_000 + draw).values()
                    )
                    for draw in range(asked.draws)
                ]
                shares = "".join(f"{share:10.3f}" for share in np.mean(found, axis=0))
                print(f"{count:5}  {differ:6g}  {kind:6}  {shares}", flush=True)
    error = np.sqrt(asked.level * (1 - asked.level) / asked.draws)
    print(f"meant: {asked.level}; Monte Carlo error {error:.3f}")


if __name__ == "__main__":
    main()
