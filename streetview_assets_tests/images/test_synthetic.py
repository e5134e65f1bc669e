"""The provider `synthetic`: what it finds, what it draws, and that chance never enters."""

import io
from datetime import date

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.images.providers.base import VIEWS
from streetview_assets.images.providers.synthetic import scene
from streetview_assets.images.providers.synthetic.provider import SyntheticProvider
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES

NOT_TOLD = ["error", "is_panoramic", "heading_deg", "is_third_party", "creator", "licence"]


def _points(count: int, area_code: str | None = "X1") -> pl.DataFrame:
    rows = []
    for index in range(count):
        latitude, longitude = 53.8 + 0.0021 * (index // 30), -1.5 + 0.0033 * (index % 30)
        rows.append(
            {
                "authority_code": "A1",
                "point_id": f"{latitude:.6f}_{longitude:.6f}",
                "area_code": area_code,
                "longitude": round(longitude, 6),
                "latitude": round(latitude, 6),
                "road_class": "primary" if index % 7 == 0 else "residential",
                "road_bearing_deg": float(37 * index % 360) if index % 5 else None,
            }
        )
    return TABLES["sample_points"].frame(rows)


def _provider(deprivation: float | None = 0.5, **options: object) -> SyntheticProvider:
    images = {"provider": "synthetic", "size_px": (96, 96)} | options
    given = {} if deprivation is None else {"X1": deprivation}
    return SyntheticProvider(Images.model_validate(images), 42, given)


def _wanted(provider: SyntheticProvider, points: pl.DataFrame) -> pl.DataFrame:
    views = provider.views(provider.look_up(points))
    names = pl.concat_str("panorama_id", pl.col("heading_deg").cast(pl.String), separator="|")
    return views.with_columns(image_id=names)


def test_every_point_has_one_panorama():
    points = _points(3000)
    seen = []
    found = _provider().look_up(points, lambda done, total: seen.append((done, total)))
    assert found["point_id"].to_list() == points["point_id"].to_list()
    there = found.filter(pl.col("status") == "ok")
    assert there.height == points.height
    assert there["panorama_id"].is_unique().all()
    assert there["captured_on"].dt.day().unique().to_list() == [1]
    assert there["captured_on"].dt.year().is_between(2016, 2024).all()
    assert there["captured_on"].n_unique() > 20
    assert there.drop(NOT_TOLD).null_count().sum_horizontal().item() == 0
    assert seen[-1] == (3000, 3000)


def test_the_panorama_lies_where_its_distance_says():
    points = _points(200)
    found = _provider().look_up(points).join(points, on="point_id", suffix="_point")
    found = found.filter(pl.col("status") == "ok")
    north = (found["latitude"] - found["latitude_point"]).to_numpy() * 111_320
    scale = 111_320 * np.cos(np.radians(found["latitude"].to_numpy()))
    east = (found["longitude"] - found["longitude_point"]).to_numpy() * scale
    distance_m = found["distance_m"].to_numpy()
    assert np.hypot(north, east) == pytest.approx(distance_m, abs=0.15)
    assert (distance_m > 0).all()
    assert (distance_m < 10).all()


def test_a_look_up_does_not_depend_on_the_order_of_points():
    points = _points(60)
    found = _provider().look_up(points)
    shuffled = _provider().look_up(points.sample(fraction=1, shuffle=True, seed=1))
    assert found.sort("point_id").equals(shuffled.sort("point_id"))


def test_capture_dates_keep_to_the_wanted_years():
    points = _points(60)
    found = _provider(captured_between=("2019-03", "2019-08")).look_up(points)
    dates = found.filter(pl.col("status") == "ok")["captured_on"]
    assert dates.is_between(date(2019, 3, 1), date(2019, 8, 1)).all()
    later = _provider(captured_between=("2030-01", None)).look_up(points)
    assert later["status"].unique().to_list() == ["no_imagery"]


def test_a_changed_target_or_seed_makes_new_panoramas():
    points = _points(20)
    images = Images.model_validate({"provider": "synthetic"})
    ids = [
        set(SyntheticProvider(images, seed, given).look_up(points)["panorama_id"]) - {""}
        for seed, given in ((42, {"X1": 0.2}), (42, {"X1": 0.3}), (42, {}), (7, {"X1": 0.2}))
    ]
    assert len(set().union(*ids)) == sum(len(each) for each in ids)


def test_there_is_a_view_for_each_heading_of_each_panorama_that_is_there():
    provider = _provider(headings_deg=(10, 130, 250))
    gone = pl.int_range(pl.len()) < 5
    found = provider.look_up(_points(300)).with_columns(
        status=pl.when(gone).then(pl.lit("no_imagery")).otherwise("status")
    )
    views = provider.views(found)
    assert views.schema == VIEWS
    there = found.filter(pl.col("status") == "ok")
    assert views.height == 3 * there.height
    assert set(views["panorama_id"]) == set(there["panorama_id"])
    assert sorted(views["heading_deg"].unique()) == [10, 130, 250]


def test_images_are_jpegs_of_the_wanted_size_in_the_wanted_order():
    provider = _provider(size_px=(120, 80))
    wanted = _wanted(provider, _points(3))
    images = list(provider.fetch(wanted))
    assert [image.image_id for image in images] == wanted["image_id"].to_list()
    for image in images:
        assert image.status == "ok"
        decoded = Image.open(io.BytesIO(image.content))
        assert (decoded.format, decoded.size) == ("JPEG", (120, 80))


def test_images_are_the_same_bytes_with_one_worker_and_with_two():
    points = _points(30)
    images = Images.model_validate({"provider": "synthetic", "size_px": (96, 96)})
    alone = SyntheticProvider(images, 42, {"X1": 0.5}, workers=1)
    pair = SyntheticProvider(images, 42, {"X1": 0.5}, workers=2)
    wanted = _wanted(alone, points)
    assert wanted.height > 100
    assert list(alone.fetch(wanted)) == list(pair.fetch(wanted))


def test_an_image_does_not_depend_on_the_images_drawn_before_it():
    provider = _provider()
    wanted = _wanted(provider, _points(6))
    forward = {image.image_id: image.content for image in provider.fetch(wanted)}
    backward = {image.image_id: image.content for image in provider.fetch(wanted[::-1])}
    assert forward == backward


def test_a_street_is_built_once_however_the_views_of_its_panorama_are_strewn():
    provider = _provider(size_px=(32, 32))
    wanted = _wanted(provider, _points(12)).sort(pl.col("image_id").hash(seed=1))
    together = wanted.select("panorama_id").to_series().rle().len()
    scene.street_of.cache_clear()
    assert sorted(image.image_id for image in provider.fetch(wanted)) == sorted(wanted["image_id"])
    assert together > 3 * scene.street_of.cache_info().misses
    assert scene.street_of.cache_info().misses == 12


def test_different_places_headings_and_dates_look_different():
    provider = _provider()
    wanted = _wanted(provider, _points(6))
    contents = {image.content for image in provider.fetch(wanted)}
    assert len(contents) == wanted.height
    later = wanted.with_columns(captured_on=pl.lit(date(2015, 1, 1)))
    assert contents.isdisjoint({image.content for image in provider.fetch(later)})


def test_deprivation_shows_in_edges_and_far_less_in_mean_colour():
    points = _points(40)
    edges, colours, deprivation = [], [], []
    for value in (0.1, 0.9):
        provider = _provider(value, size_px=(96, 96))
        for image in provider.fetch(_wanted(provider, points)):
            pixels = np.asarray(Image.open(io.BytesIO(image.content)), float) / 255
            edges.append(_edges(pixels))
            colours.append(np.concatenate([pixels.mean((0, 1)), pixels.std((0, 1))]))
            deprivation.append(value)
    by_point = np.array(deprivation).reshape(-1, 4).mean(1)
    assert _held_out_r2(edges, by_point) > 0.5
    assert _held_out_r2(edges, by_point) > _held_out_r2(colours, by_point) + 0.2


def _edges(pixels: np.ndarray) -> np.ndarray:
    grey = pixels.mean(2)
    up, right = np.gradient(grey)
    strength, angle = np.hypot(up, right), np.arctan2(up, right) % np.pi
    bands = []
    for rows in np.array_split(np.arange(len(grey)), 4):
        place = (angle[rows] / np.pi * 8).astype(int) % 8
        bands.append(np.bincount(place.ravel(), strength[rows].ravel(), 8) / strength.sum())
    return np.concatenate(bands)


def _held_out_r2(of_images: list[np.ndarray], deprivation: np.ndarray) -> float:
    of_points = np.array(of_images).reshape(len(deprivation), 4, -1).mean(1)
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 3, 9)))
    folds = KFold(5, shuffle=True, random_state=0)
    return r2_score(deprivation, cross_val_predict(model, of_points, deprivation, cv=folds))


def test_deprivation_outside_0_to_1_is_refused_by_area():
    with pytest.raises(ValueError, match="X1"):
        _provider(1.2)
