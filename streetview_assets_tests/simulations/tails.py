"""Whether the ends of a target are told rightly: bias of the outer deciles, warnings of tails.

A value is half known, half not, over a map; the known half is its best prediction, so that the
outer deciles are predicted towards the middle by half of their distance from it. The same value is
then given heavy tails, or one area a value that is far off.
"""

import argparse

import numpy as np

from streetview_assets.metrics import measure
from streetview_assets.models.metrics.heavy_tails import HEAVY
from streetview_assets.models.results.tail_rows import tail_rows
from streetview_assets.models.results.validation_rows import resamples_of
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import centres, dataset, gaussian_field

REDRAWN = 200
"""Times that the half that is not known is drawn anew, to know what comes out on average."""
TARGETS = ("normal", "heavy tails", "one outlier")


def rows_of(place_m: np.ndarray, observed: np.ndarray, predicted: np.ndarray, seed: int) -> dict:
    """Score predictions under blocks, and give the rows of the tails by metric."""
    data = dataset(place_m, np.zeros((len(place_m), 1)), observed)
    none = {TUNED: np.full(len(data), np.nan)}
    split = OutOfFold(
        areas=data, validation="blocks", repeat=1, fold=np.ones(len(data), dtype=np.int64),
        predicted={TUNED: predicted}, lower=none, upper=none,
        competing=Competitors([], [], {}), block=np.arange(len(data)),
        distance_m=np.zeros(len(data)), learned_share=np.ones(len(data)),
    )  # fmt: skip
    scoring = Scoring(Models(), "made up", "made up", "pooled", seed)
    rows = tail_rows(scoring, split, resamples_of(split, seed))
    return {row["metric"]: row for row in rows}


def redrawn(known: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Give the bias of the lowest and of the highest tenth in the mean of draws of the unknown."""
    observed = known + unknown
    order = np.argsort(observed, axis=1)
    miss = np.take_along_axis(-unknown, order, axis=1)
    tenth = len(known) // 10
    return np.array([miss[:, :tenth].mean(), miss[:, -tenth:].mean()])


def draw(
    target: str, place_m: np.ndarray, unknown: np.ndarray, others: np.ndarray, seed: int
) -> list[float]:
    """Give both scores, whether tails are warned of, and how often the bias is in its interval."""
    rng = np.random.default_rng(seed)
    known = gaussian_field(place_m, 2_000, rng)
    observed, predicted = known + unknown, known.copy()
    if target == "heavy tails":
        observed, predicted = np.exp(1.5 * observed), np.exp(1.5 * predicted)
    if target == "one outlier":
        observed[rng.integers(len(observed))] = 100.0
    rows = rows_of(place_m, observed, predicted, seed)
    names = ("bias_of_lowest_decile", "bias_of_highest_decile")
    held = [
        rows[name]["lower"] <= bias <= rows[name]["upper"]
        for name, bias in zip(names, redrawn(known, others), strict=True)
        if rows[name]["lower"] is not None
    ]
    return [
        measure(observed, predicted)["r2"] or np.nan,
        rows["r2_of_ranks"]["value"],
        rows["largest_robust_z"]["value"] > HEAVY,
        np.mean(held) if held else np.nan,
    ]


def main() -> None:
    """Print both scores, the share of draws with a warning and the coverage of the bias."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=400)
    parser.add_argument("--ranges_km", type=float, nargs="+", default=[0, 1, 3])
    asked = parser.parse_args()
    place_m = centres(asked.areas, asked.seed, 1_000.0)
    print("target        range km      R²   R² of ranks   warned   bias in its 90 % interval")
    for range_km in asked.ranges_km:
        rng = np.random.default_rng(asked.seed)
        count = asked.draws + REDRAWN
        fields = np.array([gaussian_field(place_m, 1_000 * range_km, rng) for _ in range(count)])
        unknown, others = fields[: asked.draws], fields[asked.draws :]
        for target in TARGETS:
            found = np.array(
                [
                    draw(target, place_m, one, others, asked.seed + number)
                    for number, one in enumerate(unknown)
                ]
            )
            r2, ranks, warned, held = np.nanmean(found, axis=0)
            error = np.nanstd(found[:, 3]) / np.sqrt(asked.draws)
            told = f"{held:.2f} ± {error:.2f}" if target == "normal" else ""
            print(f"{target:12}  {range_km:8g}  {r2:6.2f}   {ranks:11.2f}   {warned:6.2f}   {told}")


if __name__ == "__main__":
    main()
