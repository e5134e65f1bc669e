"""Place described in the same folds: what is true is found, nothing else, and gaps are told."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.candidates.other_features import (
    OF_DESCRIPTIONS,
    PLACE_DESCRIBED,
    PLACE_DESCRIBED_AND_IMAGES,
    place_and,
)
from streetview_assets.models.candidates.place_process import PlaceProcess
from streetview_assets.models.data.dataset import assemble
from streetview_assets.models.evaluations.gains import compared
from streetview_assets.models.results.findings import findings
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.simulations.fields import centres, gaussian_field
from streetview_assets_tests.simulations.place_described import (
    OF_DENSITY,
    SETTINGS,
    areas_of,
    gains_of,
    is_found,
)


@pytest.mark.parametrize("truth", ["density", "nothing"])
def test_a_target_that_depends_on_density_is_found_and_another_is_not(truth: str) -> None:
    pairs = (OF_DENSITY[1], OF_DENSITY[2])
    gains = gains_of(areas_of(truth, 7, count=196, share=0.35), 7, pairs)
    for pair in pairs:
        assert is_found(gains[pair]) == (truth == "density"), pair


def test_a_few_numbers_are_not_drowned_by_many_that_tell_nothing() -> None:
    rng, place_m = np.random.default_rng(3), centres(196, seed=3)
    few, many = rng.normal(size=(196, 3)), rng.normal(size=(196, 300))
    observed = few.sum(axis=1) + gaussian_field(place_m, 4_000, rng)
    inputs, held_out = np.hstack([place_m, few, many]), rng.permutation(196) < 50

    def error(widths: tuple[int, ...]) -> float:
        process = PlaceProcess(widths=widths).fit(inputs[~held_out], observed[~held_out])
        return float(np.mean((process.predict(inputs[held_out]) - observed[held_out]) ** 2))

    assert error((3,)) < 0.5 * error(())


def test_what_describes_no_area_is_left_out_and_without_the_part_unspoken_of() -> None:
    data = areas_of("density", 1, count=64)
    names = {one.name for one in competitors_for(data, SETTINGS).baselines}
    assert {PLACE_DESCRIBED, PLACE_DESCRIBED_AND_IMAGES, place_and("streets")} <= names
    told = data.descriptions
    told["streets"][:] = np.nan
    names = {one.name for one in competitors_for(data, SETTINGS).baselines}
    assert PLACE_DESCRIBED in names
    assert not any("streets" in name or "outline" in name for name in names), "one is all of them"
    told["outline"][:] = np.nan
    nothing = competitors_for(data, SETTINGS)
    assert set(nothing.left_out) == set(OF_DESCRIPTIONS)
    told.clear()
    bare = competitors_for(data, SETTINGS)
    assert not bare.others
    assert not bare.left_out
    assert not any("descri" in name for pair in compared(["place", "images"]) for name in pair)


def test_numbers_are_laid_out_by_area_on_a_scale_of_logarithms_and_codes_beside_them() -> None:
    codes = ["E1", "E2", "E3"]
    areas = pl.DataFrame(
        {
            "area_code": codes, "authority_code": ["X"] * 3, "longitude": [0.1, 0.2, 0.3],
            "latitude": [51.0] * 3, "geometry": [b"\x01\x01" + b"\0" * 19] * 3,
        }
    )  # fmt: skip
    pooled = {"statistic": ["median"] * 3, "encoder": ["e"] * 3, "image_count": [2] * 3}
    embeddings = pl.DataFrame({"area_code": codes, "embedding": [[1.0]] * 3, **pooled})
    targets = pl.DataFrame(
        {"area_code": codes, "target": ["t"] * 3, "value": [1.0, 2, 3], "is_decile": [False] * 3}
    )
    numbers = [
        {"area_code": code, "description": "outline", "variable": variable, "value": value}
        for code, variable, value in (
            ("E3", "b_m", 9.0), ("E1", "a_m", 1.0), ("E3", "a_m", None), ("E1", "b_m", 99.0),
        )
    ]  # fmt: skip
    code = {"area_code": "E2", "description": "geoclip", "variable": "geoclip"}
    described = TABLES["place_descriptions"].frame(
        [row | {"authority_code": "X"} for row in (*numbers, code | {"embedding": [0.5, -1.0]})]
    )
    data = assemble(
        areas, targets, embeddings, TABLES["images"].frame(), target="t", statistic="median",
        encoder="e", crs="EPSG:27700", descriptions=described,
    )  # fmt: skip
    nan = np.nan
    outline = np.log([[2, 100], [nan, nan], [nan, 10]])
    np.testing.assert_allclose(data.descriptions["outline"], outline)
    known = [np.log(1.5), -np.log(2)]
    np.testing.assert_allclose(data.descriptions["geoclip"], [[nan, nan], known, [nan, nan]])
    np.testing.assert_allclose(data.take([2]).descriptions["outline"], outline[2:])


def test_the_verdict_says_what_descriptions_add_and_images_to_them() -> None:
    scoring = Scoring(Models(), target="t", encoder="e", features="median", seed=1)
    about = {"target": "t", "encoder": "e", "image_features": "median", "validation": "blocks"}
    about |= {"area_count": 200, "draws": 1000, "interval_level": 0.9, "lower": -0.1, "upper": 0.2}
    rows = [
        {**about, "features": one, "against": other, "value": 0.1}
        for one, other in compared(["place", "images", "place_and_images", *OF_DESCRIPTIONS])
    ]
    told = findings(
        TABLES["model_scores"].frame(), TABLES["gains"].frame(rows), scoring, "blocks"
    ).filter(topic="description")
    first, second = told["sentence"].item().split("; R²", 1)
    assert first.startswith(
        "Descriptions of place are not shown to add to what coordinates tell: 0.10"
    )
    assert "Images are not shown to add to what place tells with its description" in second
    assert told.select("features", "against").row(0) == (PLACE_DESCRIBED, "place")
