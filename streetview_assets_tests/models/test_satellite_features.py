"""Images, satellite and place in the same folds: what is true is found, and nothing else."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.metrics import measure
from streetview_assets.models.candidates.other_features import OF_SATELLITE, candidates_on_others
from streetview_assets.models.candidates.preprocessing import Preparation
from streetview_assets.models.charts.scores_and_gains import draw_gains
from streetview_assets.models.data.dataset import assemble
from streetview_assets.models.evaluations.gains import compared
from streetview_assets.models.results.findings import findings
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.ridge_cv import PLAIN_RIDGE, predict_by
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.simulations.satellite import (
    OF_IMAGES,
    SETTINGS,
    areas_of,
    gains_of,
    is_found,
)
from streetview_assets_tests.simulations.satellite import OF_SATELLITE as GAINS_OF_SATELLITE

BESIDE = OF_IMAGES[0]


@pytest.mark.parametrize("truth", ["both", "images", "satellite"])
def test_what_adds_to_the_others_is_found_and_what_is_noise_is_not(truth: str) -> None:
    gains = gains_of(areas_of(truth, 7, count=169, share=0.3), 7)
    # Without place in both, what place tells is noise, and a real gain may be hidden by it.
    for pair in OF_IMAGES[:2]:
        assert is_found(gains[pair]) == (truth != "satellite"), pair
    for pair in GAINS_OF_SATELLITE[:2]:
        assert is_found(gains[pair]) == (truth != "images"), pair


def test_areas_that_satellites_tell_nothing_of_count_as_the_mean_of_those_learned_from() -> None:
    data = areas_of("satellite", 3, count=100)
    gaps = data.satellite.copy()
    gaps[::7] = np.nan
    with_gaps = replace(data, satellite=gaps)
    split = cross_validate(competitors_for(with_gaps, SETTINGS), with_gaps, SETTINGS, "random", 1)
    assert set(OF_SATELLITE) <= set(split.predicted)
    alone = split.predicted["satellite"]
    assert np.isfinite(alone).all()
    # Of a fold, all areas without get one prediction.
    for fold in set(split.fold):
        assert np.ptp(alone[::7][split.fold[::7] == fold]) < 1e-9
    assert np.ptp(alone) > 0.1


def test_few_bands_that_tell_are_not_drowned_by_many_numbers_that_do_not() -> None:
    data = areas_of("satellite", 5, count=300, share=0.3)
    noise = np.random.default_rng(5).normal(size=(300, 400))
    wide = replace(data, vectors=noise, satellite=data.satellite[:, :8])
    learned, asked = wide.take([*range(0, 300, 2)]), wide.take([*range(1, 300, 2)])
    r2 = {
        name: measure(asked.observed, predict_by(one, learned, asked, 1)["ridge"])["r2"]
        for name, (one,) in candidates_on_others(wide, [PLAIN_RIDGE], Preparation()).items()
    }
    assert r2["satellite"] > 0.25
    assert r2["images_and_satellite"] > r2["satellite"] - 0.1


def test_without_a_vector_satellites_are_left_out_and_without_the_part_unspoken_of() -> None:
    data = areas_of("both", 1, count=64)
    none = replace(data, satellite=np.full((64, 1), np.nan))
    left_out = competitors_for(none, SETTINGS).left_out
    assert set(left_out) == set(OF_SATELLITE)
    assert "satellites tell nothing" in left_out["satellite"]
    bare = competitors_for(replace(data, satellite=None), SETTINGS)
    assert not bare.others
    assert not bare.left_out
    assert not any("satellite" in one.name for one in bare.baselines)
    assert not any("satellite" in name for pair in compared(["place", "images"]) for name in pair)


def test_vectors_are_joined_by_area_and_take_part_in_what_is_taken() -> None:
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
    seen = {"area_code": ["E3", "E2", "E1"], "embedding": [[3.0, 4.0], None, [1.0, 2.0]]}
    data = assemble(
        areas, targets, embeddings, TABLES["images"].frame(), target="t", statistic="median",
        encoder="e", crs="EPSG:27700", satellite=pl.DataFrame(seen),
    )  # fmt: skip
    np.testing.assert_equal(data.satellite, [[1, 2], [np.nan, np.nan], [3, 4]])
    np.testing.assert_equal(data.take([2, 0]).satellite, [[3, 4], [1, 2]])


def test_the_verdict_and_the_chart_say_what_images_add_to_satellites_and_place() -> None:
    scoring = Scoring(Models(), target="t", encoder="e", features="median", seed=1)
    about = {"target": "t", "encoder": "e", "image_features": "median", "validation": "blocks"}
    about |= {"area_count": 200, "draws": 1000, "interval_level": 0.9}
    every = ["place", "images", "place_and_images", *OF_SATELLITE]
    rows = [
        {**about, "features": one, "against": other, "value": 0.1, "lower": 0.05, "upper": 0.2}
        for one, other in compared(every)
    ]
    gains = TABLES["gains"].frame(rows)
    told = findings(TABLES["model_scores"].frame(), gains, scoring, "blocks")
    said = dict(told.select("topic", "sentence").iter_rows())
    assert said["satellite"].startswith(
        "Images add to what satellites and place tell: 0.10 in R² (90% interval 0.05 to 0.20); R² "
        "is 0.10 by satellites with place alone and 0.10 by satellites with place and images"
    )
    against = told.filter(topic="satellite").row(0, named=True)
    assert (against["features"], against["against"]) == BESIDE
    scores, gained = draw_gains(gains, title="a town").axes
    assert len(scores.get_legend().get_texts()) == len(every)
    names = [text.get_text() for text in gained.get_legend().get_texts()]
    assert names == [
        "images over place",
        "images over place and satellite",
        "satellite over place and images",
    ]
