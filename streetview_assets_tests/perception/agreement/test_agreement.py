"""How far people agree is told rightly from ratings, from averages and from pairs."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.perception.agreement.chart import draw_ceiling_shares
from streetview_assets.perception.agreement.krippendorff import (
    alpha,
    midranks,
    sums_of_averages,
    sums_of_ratings,
)
from streetview_assets.perception.agreement.noise_ceiling import reliability
from streetview_assets.perception.agreement.rows import rating_agreement
from streetview_assets.perception.ratings.groups import RaterGroup

ALL = [RaterGroup("all", "all", pl.lit(True))]
TRUE = 1 / (1 + 1 / 8)
"""Reliability of the mean of eight ratings whose noise varies as much as images do."""


def ratings(images: int = 300, each: int = 8, seed: int = 0, *, named: bool = True) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    value = rng.normal(size=(images, 1)) + rng.normal(size=(images, each))
    unit, rater = np.divmod(np.arange(images * each), each)
    return pl.DataFrame(
        {
            "quality": "safety",
            "rating_id": [f"{place:05d}" for place in range(images * each)],
            "unit": [f"u{place:04d}" for place in unit],
            "value": value.ravel(),
            "rating_count": 1,
            "rater_id": [f"p{place}" for place in rater] if named else None,
            "group_name": None,
        },
        schema_overrides={"rater_id": pl.String, "group_name": pl.String},
    )


def scores(rated: pl.DataFrame, method: str = "mean") -> pl.DataFrame:
    return rated.group_by("quality", "unit").agg(
        group_name=pl.lit("all"),
        score=pl.col("value").mean(),
        spread=pl.col("value").std(),
        standard_error=pl.lit(1 / np.sqrt(8)),
        rating_count=pl.len().cast(pl.Int64),
        method=pl.lit(method),
    )


def told(rated: pl.DataFrame, of: pl.DataFrame) -> dict[str, dict[str, object]]:
    rows = rating_agreement(rated, of, ALL, level=0.9, seed=1)
    return {row["measure"]: row for row in rows.iter_rows(named=True)}


def test_alpha_is_that_of_the_textbook():
    # Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section E.
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    pairs = [(at, one) for row in observers for at, one in enumerate(row) if one is not None]
    unit, value = np.array([at for at, _ in pairs]), np.array([float(one) for _, one in pairs])
    assert alpha(sums_of_ratings(value, unit)) == pytest.approx(0.849, abs=5e-4)
    assert alpha(sums_of_ratings(midranks(value, unit), unit)) == pytest.approx(0.815, abs=5e-4)


def test_alpha_of_averages_with_spread_is_that_of_their_ratings():
    rated = ratings(images=40)
    means = scores(rated)
    columns = (means[name].to_numpy() for name in ("score", "spread", "rating_count"))
    unit = rated["unit"].rank("dense").to_numpy().astype(int) - 1
    single = alpha(sums_of_ratings(rated["value"].to_numpy(), unit))
    assert alpha(sums_of_averages(*columns)) == pytest.approx(single)


@pytest.mark.parametrize("named", [True, False])
def test_the_ceiling_is_the_reliability_of_the_mean(named: bool):
    rated = ratings(named=named)
    found = told(rated, scores(rated))
    ceiling = found["ceiling_r2"]
    assert ceiling["value"] == pytest.approx(TRUE, abs=0.03)
    assert ceiling["lower"] < TRUE < ceiling["upper"]
    assert found["ceiling_spearman"]["value"] == pytest.approx(np.sqrt(TRUE), abs=0.03)
    assert (ceiling["image_count"], ceiling["rating_count"]) == (300, 2400)
    assert ceiling["rater_count"] == (8 if named else None)


def test_a_rater_who_is_strict_is_no_noise_where_all_rate_all():
    rated = ratings()
    strict = rated.with_columns(
        value=pl.col("value") + 5 * (pl.col("rater_id") == "p1").cast(pl.Float64)
    )
    of_strict = told(strict, scores(strict))["ceiling_r2"]["value"]
    assert of_strict == pytest.approx(told(rated, scores(rated))["ceiling_r2"]["value"], abs=1e-6)


def test_averages_with_spread_and_count_tell_the_ceiling_too():
    rated = ratings()
    found = told(rated.head(0), scores(rated))
    assert found["ceiling_r2"]["value"] == pytest.approx(TRUE, abs=0.03)
    assert found["krippendorff_alpha"]["value"] == pytest.approx(0.5, abs=0.05)
    assert found["split_half"]["value"] is None
    assert "single ratings are needed" in found["split_half"]["note"]


def test_strengths_from_pairs_vary_less_than_their_truths():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=5000)
    seen = 0.8 * truth + np.sqrt(0.8 * 0.2) * rng.normal(size=5000)
    found = reliability(seen, np.full(5000, np.sqrt(0.2)), np.ones((1, 5000)), shrunken=True)
    assert found == pytest.approx(np.corrcoef(truth, seen)[0, 1] ** 2, abs=0.02)


def test_one_rating_of_each_image_tells_nothing_and_says_so():
    rated = ratings(each=1)
    of = scores(rated).with_columns(standard_error=pl.lit(None, pl.Float64))
    found = told(rated, of)
    assert {row["value"] for row in found.values()} == {None}
    assert "no image has two ratings" in found["ceiling_r2"]["note"]


def test_the_chart_of_shares_takes_hostile_names_and_missing_ends():
    shares = pl.DataFrame(
        {
            "quality": ["safety", "<b>$\\x{" + "y" * 300],
            "group_name": ["all", "gender \u202ewoman"],
            "value": [0.8, 1.2],
            "lower": [0.6, None],
            "upper": [0.9, None],
        }
    )
    figure = draw_ceiling_shares(shares, title="Town")
    figure.draw_without_rendering()
    assert [len(axes.collections[1].get_offsets()) for axes in figure.axes] == [2]
