"""Whether disparities are told where there are some, and where there are none.

A value is known but for a field that is alike over so many km. Areas lie the denser with points the
nearer to the middle of the town; imagery is of three years at random. Nothing is planted, or the
third of fewest points is predicted half a standard deviation too high, or its errors are doubled.
Tenths of the target lie off in any case, since they are cut by what the model does not know.
"""

import argparse
from datetime import date

import numpy as np
import polars as pl

from streetview_assets.models.results.subgroup_errors import (
    BY_DECILE,
    BY_DENSITY,
    held_out_areas,
    subgroup_errors,
)
from streetview_assets.models.scoring import Scoring
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import centres, gaussian_field

PLANTED = ("nothing", "bias", "noise")
HALF_WIDTH = 1.645


def measured(place_m: np.ndarray, range_km: float, planted: str, seed: int) -> pl.DataFrame:
    """Draw errors, and measure subgroups."""
    rng, count = np.random.default_rng(seed), len(place_m)
    apart_m = np.linalg.norm(place_m - place_m.mean(axis=0), axis=1)
    density = 1e4 / (1e3 + apart_m)
    rural = density <= np.quantile(density, 1 / 3)
    known, unknown = rng.normal(size=count), gaussian_field(place_m, 1_000 * range_km, rng)
    unknown *= np.where(rural & (planted == "noise"), 2, 1)
    predicted = known + np.where(rural & (planted == "bias"), 0.5, 0)
    predictions = pl.DataFrame(
        {"area_code": [f"A{one:05}" for one in range(count)], "observed": known + unknown,
         "predicted": predicted, "lower": predicted - HALF_WIDTH, "upper": predicted + HALF_WIDTH}
    )  # fmt: skip
    traits = predictions.select("area_code").with_columns(
        authority_code=pl.lit("E1"),
        easting_m=pl.Series(place_m[:, 0]),
        northing_m=pl.Series(place_m[:, 1]),
        points_per_km2=pl.Series(density),
        captured_on=pl.Series([date(2010 + one, 5, 1) for one in rng.integers(3, size=count)]),
    )
    areas = held_out_areas(predictions, traits, whole_authorities=False, are_deciles=False)
    return subgroup_errors(areas, Scoring(Models(), "t", "e", "f", seed), "blocks")


def main() -> None:
    """Print how often any disparity is told, and the planted one, by range and what is planted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=900)
    parser.add_argument("--ranges_km", type=float, nargs="+", default=[0, 1, 3])
    asked = parser.parse_args()
    place_m = centres(asked.areas, asked.seed)
    print("range km  planted   any told   in the third of fewest points   no intervals")
    for range_km in asked.ranges_km:
        for planted in PLANTED:
            told = []
            for seed in range(asked.seed * 1_000, asked.seed * 1_000 + asked.draws):
                rows = measured(place_m, range_km, planted, seed)
                off = rows.filter(pl.col("grouping") != BY_DECILE).filter("differs")
                metric = "coverage" if planted == "noise" else "bias"
                there = rows.filter(grouping=BY_DENSITY, metric=metric).sort("area_count")
                least = there.sort(pl.col("group_name").str.extract(r"^([\d.]+)").cast(float))[0]
                none = rows["lower"].null_count() == rows.height
                told.append([off.height > 0, bool(least["differs"].item()), none])
            share = np.mean(told, axis=0)
            print(
                f"{range_km:8g}  {planted:8}" + "".join(f"{one:12.3f}" for one in share), flush=True
            )
    print(f"meant: nothing planted, at most 0.1; Monte Carlo error {0.3 / asked.draws**0.5:.3f}")


if __name__ == "__main__":
    main()
