"""What people see in areas has an interval that counts errors which images share."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.perception.areas.area_perception import NO_IMAGERY, area_perception
from streetview_assets.perception.areas.map import draw_perception_maps
from streetview_assets.perception.areas.shared_errors import SharedErrors, shared_errors
from streetview_assets.perception.areas.target_relations import perception_relations

AREAS = pl.DataFrame({"authority_code": ["T1"] * 3, "area_code": ["a", "b", "empty"]})


def perceived(values: dict[str, float | None], **rest: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"image_id": list(values), "score": None, "predicted": list(values.values())},
        schema_overrides={"score": pl.Float64, "predicted": pl.Float64},
    ).with_columns(
        authority_code=pl.lit("T1"), quality=pl.lit("safety"), encoder=pl.lit("e"),
        reason=pl.lit(rest.get("reason"), pl.String),
    )  # fmt: skip


def images(where: dict[str, tuple[str, str]]) -> pl.DataFrame:
    rows = [(image, area, point) for image, (area, point) in where.items()]
    return pl.DataFrame(rows, schema=["image_id", "area_code", "point_id"], orient="row")


def told(shared: float = 0.5) -> dict[str, dict[str, object]]:
    values = {f"i{place}": float(place) for place in range(8)} | {"j": 3.0, "k": None}
    where = {f"i{place}": ("a", f"p{place // 2}") for place in range(8)}
    where |= {"j": ("b", "q"), "k": ("b", "q")}
    rows = area_perception(
        perceived(values, reason="unlike all rated"), images(where), AREAS,
        {"safety": SharedErrors(1.0, shared)}, level=0.9,
    )  # fmt: skip
    return {row["area_code"]: row for row in rows.iter_rows(named=True)}


def test_the_mean_is_of_the_area_and_every_area_has_a_row():
    found = told()
    assert found["a"]["mean"] == 3.5
    assert (found["a"]["image_count"], found["b"]["image_count"]) == (8, 1)
    assert found["empty"]["mean"] is None
    assert found["empty"]["reason"] == NO_IMAGERY
    assert "one point" in found["b"]["note"]


def test_the_interval_counts_points_and_shared_errors():
    """Four points of means 0.5, 2.5, 4.5, 6.5; half the error's variance is the area's own."""
    row = told()["a"]
    sampling = 4 / 3 * sum((2 * off) ** 2 for off in (-3, -1, 1, 3)) / 64
    half = 1.6449 * np.sqrt(sampling + 0.5 + 0.5 / 4)
    assert row["upper"] - row["mean"] == pytest.approx(half, rel=1e-3)
    alone = told(shared=0.0)["a"]
    assert alone["upper"] < row["upper"]


def test_what_people_said_themselves_has_no_error_of_the_model():
    rated = perceived({"i": 1.0, "j": 2.0}).with_columns(score=pl.col("predicted") + 1)
    where = images({"i": ("a", "p"), "j": ("a", "q")})
    rows = [
        area_perception(rated, where, AREAS, {"safety": SharedErrors(spread, 1.0)}, level=0.9)
        for spread in (0.0, 9.0)
    ]
    assert rows[0].equals(rows[1])
    assert rows[0].row(0, named=True)["mean"] == 2.5
    assert rows[0].row(0, named=True)["rated_count"] == 2


def rated(shared: float, places: int = 150) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make pairs of rated images 20 m apart, whose errors are so far the same."""
    rng = np.random.default_rng(0)
    error = np.sqrt(shared) * rng.normal(size=(places, 1))
    error = (error + np.sqrt(1 - shared) * rng.normal(size=(places, 2))).ravel()
    names = [f"i{place:04d}" for place in range(2 * places)]
    predictions = pl.DataFrame(
        {"quality": "safety", "image_id": names, "validation": "random", "score": error}
    ).with_columns(predicted=pl.lit(0.0))
    at = np.repeat(np.arange(places), 2) * 0.05
    north = np.tile([0.0, 0.0002], places)
    placed = pl.DataFrame({"image_id": names, "longitude": at, "latitude": 51 + north})
    return predictions, placed


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_how_far_errors_are_shared_is_estimated_from_held_out_images(shared):
    found = shared_errors(*rated(shared), radius_m=300)["safety"]
    assert found.spread == pytest.approx(1, abs=0.1)
    assert shared <= found.shared < shared + 0.25


def test_where_it_cannot_be_told_errors_count_as_shared():
    found = shared_errors(*rated(0.0), radius_m=5)["safety"]
    assert found.shared == 1
    assert "0 pairs" in str(found.note)


def test_relations_pay_for_areas_that_are_alike():
    rng = np.random.default_rng(1)
    count = 120
    place = np.cumsum(rng.normal(size=count))
    areas = pl.DataFrame(
        {
            "area_code": [f"a{one:03d}" for one in range(count)],
            "longitude": np.arange(count) * 0.01,
            "latitude": 52.0,
        }
    )
    means = areas.select(
        "area_code",
        quality=pl.lit("safety"),
        encoder=pl.lit("e"),
        mean=pl.Series(place + rng.normal(size=count)),
    )
    targets = areas.select("area_code", target=pl.lit("income"), value=pl.Series(place))
    row = perception_relations(means, targets, areas).row(0, named=True)
    assert row["value"] > 0.8
    assert row["lower"] < row["value"] < row["upper"]
    assert row["independent_areas"] < count / 3
    assert row["area_count"] == count
    assert row["p_adjusted"] == row["p_value"] > 0


def test_maps_take_hostile_names(one_square):
    found = pl.DataFrame(
        {"area_code": ["a"], "quality": ["<b>$\\x{" + "y" * 300], "mean": [1.0]}
    ).with_columns(lower=pl.lit(0.5), upper=pl.lit(None, pl.Float64))
    figure = draw_perception_maps(found, one_square, title="Town")
    figure.draw_without_rendering()
    assert len(figure.axes) >= 2


@pytest.fixture
def one_square() -> pl.DataFrame:
    import shapely

    square = shapely.box(-1.6, 53.7, -1.59, 53.71)
    return pl.DataFrame({"area_code": ["a"], "geometry": [shapely.to_wkb(square)]})


def test_one_rating_that_stands_for_several_images_is_no_error_that_points_share():
    predictions, placed = rated(0.0)
    copies = [
        frame.with_columns(image_id=pl.col("image_id") + "b") for frame in (predictions, placed)
    ]
    both = (pl.concat(pair) for pair in zip((predictions, placed), copies, strict=True))
    assert shared_errors(*both, radius_m=300)["safety"].shared < 0.25
