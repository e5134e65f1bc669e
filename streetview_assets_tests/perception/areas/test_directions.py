"""The direction of a quality is held against the direction of deprivation."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.perception.areas.directions import direction_cosines

LEFT, RIGHT = np.eye(6)[:2]


def cosines(along: np.ndarray, more_is: str = "worse", count: int = 80) -> dict[str, object]:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, 6)) * 0.2 + np.eye(6)[5]
    codes = [f"a{place:02d}" for place in range(count)]
    areas = pl.DataFrame(
        {
            "authority_code": "T",
            "area_code": codes,
            "longitude": rng.uniform(3, 3.2, count),
            "latitude": rng.uniform(52, 52.2, count),
        }
    )
    named = areas.select("authority_code", "area_code")
    embeddings = named.with_columns(pl.Series("embedding", vectors.tolist()))
    targets = named.with_columns(value=pl.Series(vectors @ LEFT))
    seen = named.with_columns(
        quality=pl.lit("safety"), mean=pl.Series(vectors @ along + 0.05 * rng.normal(size=count))
    )
    rows = direction_cosines(
        seen, embeddings, targets, areas, more_is=more_is, crs="EPSG:32631", level=0.9, seed=1
    )
    return rows[0]


@pytest.mark.parametrize(("along", "value"), [(LEFT, 1), (-LEFT, -1), (RIGHT, 0)])
def test_the_cosine_is_that_of_both_directions(along, value):
    row = cosines(along)
    assert row["value"] == pytest.approx(value, abs=0.25)
    assert row["lower"] <= row["value"] + 0.05
    assert row["upper"] >= row["value"] - 0.05
    assert row["area_count"] == 80


def test_a_target_of_which_more_is_better_turns_it_round():
    assert cosines(LEFT, more_is="better")["value"] < -0.75


def test_too_few_areas_say_why():
    row = cosines(LEFT, count=5)
    assert row.get("value") is None
    assert row["note"]
