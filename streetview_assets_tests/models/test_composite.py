"""Images shrunk towards place and neighbours: a known answer, areas of few images and of none."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.errors import ContractError
from streetview_assets.models.candidates.composite import (
    fit_shrinkage,
    shrunk_of,
    with_calibrated_vectors,
)
from streetview_assets.models.data.features import AreaFeatures
from streetview_assets.models.evaluations.final_fit import (
    choose_final,
    fit_final,
    of_headline,
    predict_areas,
)
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.evaluations.small_areas import with_composite
from streetview_assets.tables.registry import TABLES, check_contract


def test_the_weight_of_images_is_that_of_the_known_variances():
    """Fay and Herriot's weight is A / (A + psi / n): 2 / (2 + 6 / n) = n / (n + 3)."""
    rng = np.random.default_rng(0)
    count = 60_000
    images = rng.integers(1, 40, size=count)
    without = rng.normal(size=(count, 2))
    truth = 5 + without @ [1.5, 0.5] + np.sqrt(2) * rng.normal(size=count)
    direct = truth + np.sqrt(6 / images) * rng.normal(size=count)
    found = fit_shrinkage(truth + 0.5 * rng.normal(size=count), direct, without, images)
    assert found.slopes == pytest.approx((1.5, 0.5), abs=0.03)
    assert found.centre == pytest.approx(5, abs=0.03)
    assert found.weight(np.array([0, 3, 30])) == pytest.approx([0, 0.5, 10 / 11], abs=0.02)
    made = found.composite(direct, without, images)
    least = np.mean(2 * (6 / images) / (2 + 6 / images))
    assert np.mean((made - truth) ** 2) == pytest.approx(least, rel=0.02)


def test_a_few_areas_do_not_move_the_first_of_what_is_shrunk_far_from_what_it_says():
    rng = np.random.default_rng(2)
    shrunk = rng.normal(size=(60, 3))
    observed = 4 + 0.2 * shrunk[:, 0] + shrunk[:, 1] + 0.5 * rng.normal(size=60)
    found = fit_shrinkage(observed, shrunk[:, 0], shrunk, np.full(60, 5))
    assert found.slopes[0] > 0.8
    assert max(found.slopes[1:]) < 0.2
    many = np.tile(shrunk, (200, 1))
    told = fit_shrinkage(np.tile(observed, 200), many[:, 0], many, np.full(12_000, 5))
    assert told.slopes[:2] == pytest.approx((0.2, 1), abs=0.2)


def test_predictions_of_an_earlier_version_say_what_to_make_again():
    with pytest.raises(ContractError, match=r"images_kriged.*make `model_selection` again"):
        shrunk_of(dict.fromkeys(["place", "images_around", "images_calibrated"], np.zeros(3)))


def test_of_few_areas_nothing_is_learned(areas_of):
    data = areas_of()
    assert with_calibrated_vectors(data, 49).around is None
    made = with_calibrated_vectors(data, 50)
    assert made.around.shape == made.calibrated.shape == data.vectors.shape


@pytest.fixture(scope="module")
def made(areas_of, quick, scored):
    """Predictions of all areas, of which one in nine has no image and one no value."""
    whole = areas_of(columns=9, rows=10, noise=0.2)
    without = np.arange(len(whole)) % 9 == 0
    data = replace(whole.take(~without), unsampled_m=whole.place_m[without])
    scoring = scored(quick(), 3)
    selection = select_models(data, scoring)
    choice = choose_final(data, selection.predictions, scoring)
    final = fit_final(data, choice, scoring, statistic="median")
    outlines = [shapely.centroid(outline) for outline in whole.geometry]
    areas = pl.DataFrame(
        {
            "area_code": whole.area_codes,
            "authority_code": ["E9", *whole.authority_codes[1:]],
            "longitude": [1e-5 * (one.x - 430_000) for one in outlines],
            "latitude": [50 + 1e-5 * (one.y - 430_000) for one in outlines],
            "image_count": [
                None if none else int(count)
                for none, count in zip(without, whole.image_counts, strict=True)
            ],
        }
    )
    embeddings = TABLES["area_embeddings"].frame(
        [
            {"authority_code": "E", "area_code": code, "encoder": "made-up",
             "statistic": "median", "image_count": 4, "embedding": vector.tolist()}
            for code, vector in zip(data.area_codes, data.vectors, strict=True)
        ]
    )  # fmt: skip
    predicted = predict_areas(final, areas.drop("image_count"), embeddings, target="imd_rank")
    _, held_out = of_headline(selection.predictions, data, scoring.settings.task)
    seen = AreaFeatures(data.area_codes, data.vectors)
    rows = with_composite(predicted, final, data, held_out, areas, seen, "EPSG:32631")
    return rows, held_out, whole, without


def test_areas_without_images_have_a_prediction_with_an_interval(made):
    rows, _, whole, without = made
    check_contract(TABLES["area_predictions"], rows)
    of_none = rows.filter(pl.Series(without))
    assert of_none["predicted"].null_count() == of_none.height
    assert of_none["reason"].unique().to_list() == ["no imagery"]
    elsewhere, *inside = of_none.rows(named=True)
    assert elsewhere["composite"] is None, "of that authority nothing was learned"
    assert all(one["composite_lower"] < one["composite"] < one["composite_upper"] for one in inside)
    assert {one["image_weight"] for one in inside} == {0.0}
    assert {one["interval_level"] for one in inside} == {0.9}
    truth = whole.observed[without][1:]
    told = np.array([one["composite"] for one in inside])
    assert np.corrcoef(told, truth)[0, 1] > 0.5


def test_areas_that_were_learned_from_have_the_prediction_of_when_they_were_held_out(made):
    rows, held_out, *_ = made
    both = rows.join(held_out.filter(model="composite"), on="area_code", suffix="_then")
    assert both.height > 0
    assert both["composite"].equals(both["predicted_then"].alias("composite"))
    assert both["composite_upper"].equals(both["upper_then"].alias("composite_upper"))
    assert both["image_weight"].is_between(0, 1, closed="right").all()
