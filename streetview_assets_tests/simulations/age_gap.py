"""Whether errors are told to grow with the age of imagery, where they do and where they do not.

A value is known but for a field that is alike over so many km. Images are up to nine years from
the target, at random or, as cameras come, alike over 2 km; errors have one size, or grow by a tenth
of a standard deviation in a year.
"""

import argparse
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.stats import rankdata

from streetview_assets.models.results.age_gap import DAYS_A_YEAR, GROWTH, age_gap_scores
from streetview_assets.models.scoring import Scoring
from streetview_assets.study.models import Models
from streetview_assets_tests.simulations.fields import centres, gaussian_field

MEASURED_ON = date(2019, 1, 1)


def measured(
    place_m: np.ndarray, range_km: float, growth: float, dates_km: float, seed: int
) -> tuple[pl.DataFrame, float]:
    """Draw areas and score them; give by how much an absolute error grows in a year, in truth."""
    rng, count = np.random.default_rng(seed), len(place_m)
    gap = 9 * rankdata(gaussian_field(place_m, 1_000 * dates_km, rng)) / count
    known = rng.normal(size=count)
    observed = known + (0.5 + growth * gap) * gaussian_field(place_m, 1_000 * range_km, rng)
    predictions = pl.DataFrame(
        {"area_code": [f"A{one:05}" for one in range(count)], "observed": observed,
         "predicted": known}
    )  # fmt: skip
    traits = predictions.select("area_code").with_columns(
        authority_code=pl.lit("E1"),
        easting_m=pl.Series(place_m[:, 0]),
        northing_m=pl.Series(place_m[:, 1]),
        captured_on=pl.Series([MEASURED_ON + timedelta(days=DAYS_A_YEAR * one) for one in gap]),
    )
    scoring = Scoring(Models(), "t", "e", "f", seed)
    rows = age_gap_scores(predictions, traits, MEASURED_ON, scoring, "blocks")
    return rows, growth * np.sqrt(2 / np.pi)


def main() -> None:
    """Print how often growth is told, and how often its interval holds the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", type=int, default=900)
    asked = parser.parse_args()
    place_m = centres(asked.areas, asked.seed)
    print("errors alike, km  dates alike, km  growth   told  holds  no interval")
    for range_km, dates_km in ((0, 0), (1, 0), (1, 2), (3, 2)):
        for growth in (0.0, 0.1):
            told = []
            for draw in range(asked.draws):
                seed = asked.seed * 1_000 + draw
                rows, truth = measured(place_m, range_km, growth, dates_km, seed)
                row = rows.filter(metric=GROWTH).row(0, named=True)
                without = row["lower"] is None
                low, high = (-np.inf, np.inf) if without else (row["lower"], row["upper"])
                told.append([low > 0, low <= truth <= high, without])
            shares = "".join(f"{share:7.2f}" for share in np.mean(told, axis=0))
            print(f"{range_km:16}  {dates_km:15}  {growth:6}{shares}", flush=True)
    print(f"all intervals of a study hold together in 0.9; Monte Carlo error "
          f"{0.3 / asked.draws**0.5:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
