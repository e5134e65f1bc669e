"""What a quality adds to place is told with blocks held out."""

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import cdist

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.perception.areas.gain_over_place import MEASURES, gains_over_place
from streetview_assets.study.models import Models

CRS = "EPSG:32631"
SIDE = 11
TOWNS = 3


def town(side: int, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Make areas half a kilometre apart, a field that is alike over 1.5 km, and coordinates."""
    east, north = np.meshgrid(np.arange(side), np.arange(side))
    areas = pl.DataFrame(
        {
            "authority_code": "T",
            "area_code": [f"a{number:03d}" for number in range(side**2)],
            "longitude": 3 + 0.0075 * east.ravel(),
            "latitude": 52 + 0.0045 * north.ravel(),
        }
    )
    place_km = points_in_metres(areas, CRS) / 1000
    alike = np.exp(-3 * cdist(place_km, place_km) / 1.5)
    field = np.linalg.cholesky(alike) @ np.random.default_rng(seed).normal(size=side**2)
    return areas, field, place_km @ [1.0, 0.5]


def noise(side: int, seed: int = 100) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=side**2)


def gains(
    areas: pl.DataFrame, value: np.ndarray, qualities: dict[str, np.ndarray], **models: object
) -> dict[tuple[str, str], dict[str, object]]:
    named = areas.select("authority_code", "area_code")
    targets = named.with_columns(target=pl.lit("income"), value=pl.Series(value))
    seen = [
        named.with_columns(quality=pl.lit(name), mean=pl.Series(mean, nan_to_null=True))
        for name, mean in qualities.items()
    ]
    settings = Models(**models)
    rows = gains_over_place(pl.concat(seen), targets, areas, settings, crs=CRS, seed=1)
    return {(row["quality"], row["measure"]): row for row in rows}


@pytest.fixture(scope="module")
def known():
    """A target of a field and of a signal; one quality sees the signal, another follows the map."""
    towns = []
    for seed in range(TOWNS):
        areas, field, coordinates = town(SIDE, seed)
        signal = noise(SIDE, 100 + seed)
        value = field + 0.7 * signal + 0.3 * noise(SIDE, 200 + seed)
        towns.append(gains(areas, value, {"safety": signal, "mapped": coordinates}))
    return towns


def test_a_quality_with_a_signal_of_its_own_adds_to_place(known):
    for found in known:
        row = found["safety", "gain_over_place"]
        assert 0.1 < row["lower"] < row["value"] < row["upper"]
        assert row["area_count"] == SIDE**2
        with_it, alone = (found["safety", measure]["value"] for measure in MEASURES[:2])
        assert row["value"] == pytest.approx(with_it - alone)


def test_a_quality_that_is_a_function_of_coordinates_adds_nothing(known):
    for found in known:
        row = found["mapped", "gain_over_place"]
        assert row["lower"] < 0.01
        assert row["value"] < 0.03


def test_all_qualities_together_are_one_more(known):
    assert {quality for quality, _ in known[0]} == {"safety", "mapped", "all"}
    together = known[0]["all", "r2_of_quality"]["value"]
    assert together > known[0]["mapped", "r2_of_quality"]["value"] + 0.2


def test_each_quality_is_measured_where_it_is_told():
    (areas, field, _), signal = town(7), noise(7)
    some = np.where(np.arange(49) < 6, signal, np.nan)
    found = gains(areas, field + signal, {"safety": signal, "rare": some}, deals=1)
    assert found["safety", "gain_over_place"]["value"] is not None
    for quality in ("rare", "all"):
        for measure in MEASURES:
            row = found[quality, measure]
            assert row.get("value") is None
            assert row["area_count"] == 6
            assert "6 areas, at least 10 needed" in row["note"]


def test_rows_in_any_order_and_hostile_names_give_the_same():
    (areas, field, _), signal = town(6), noise(6)
    found = gains(areas, field + signal, {"area_code": signal, "all": field}, deals=1)
    assert {quality for quality, _ in found} == {"area_code", "all"}
    turned = areas.reverse()
    again = gains(turned, (field + signal)[::-1], {"all": field[::-1], "area_code": signal[::-1]},
                  deals=1)  # fmt: skip
    assert found == again
