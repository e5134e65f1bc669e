"""How sure a verdict is, and where a model should not be used: each said only where it is so."""

import polars as pl
import pytest

from streetview_assets.models.results.short_answer import how_sure, not_to_be_used
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.amounts import amount

PAIR = {"features": "place_and_images", "against": "place", "validation": "blocks"}
GAIN = {"value": 0.2, "lower": 0.1, "upper": 0.3, "interval_level": 0.9, "area_count": 400}


def frame(table: str, *rows: dict) -> pl.DataFrame:
    schema = TABLES[table].schema
    return TABLES[table].frame([{name: row.get(name) for name in schema} for row in rows])


def profile(*, outside=0, few=0, count=50) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "is_applicable": [False] * outside + [True] * (count - outside),
            "embedded_image_count": [None] * few + [9] * (count - few),
        },
        schema_overrides={"embedded_image_count": pl.Int64},
    )


def of_next(**changes) -> pl.DataFrame:
    row = {"model": "place_and_images", "metric": "r2_gain_over_place", "town_count": 12}
    ends = {"value": 0.2, "lower": -0.1, "upper": 0.4, "interval_level": 0.9}
    return frame("next_town_scores", row | ends | changes)


def covered(**changes) -> pl.DataFrame:
    row = {"metric": "coverage", "validation": "blocks", "value": 0.91, "area_count": 400}
    return frame("model_scores", row | {"interval_level": 0.9} | changes)


def test_how_sure_has_the_gain_the_next_town_and_single_areas():
    told = how_sure(frame("gains", PAIR | GAIN), of_next(), covered(), "blocks")
    assert told == (
        "What images add is known to lie between 0.10 and 0.30 in R² (90%, 400 areas); in the next "
        "authority it will lie between −0.10 and 0.40 (90%, told by 12); prediction intervals "
        "hold 91% of 400 areas, 90% meant."
    )


@pytest.mark.parametrize(
    ("gain", "towns", "scores", "said"),
    [
        ({"lower": None, "note": "no interval: few"}, of_next(), covered(), "(no interval: few)"),
        ({}, of_next(lower=None, town_count=2), covered(), "of 2 authorities nothing can be said"),
        ({}, of_next(town_count=5), covered(), "told by 5, so few that it is wide"),
        ({}, of_next().clear(), covered(), "no other town was tested"),
        ({}, of_next(), covered(value=None), "single areas have no prediction interval"),
    ],
)
def test_what_is_not_known_is_said(gain, towns, scores, said):
    assert said in how_sure(frame("gains", PAIR | GAIN | gain), towns, scores, "blocks")


def test_where_not_to_use_it_names_what_was_found():
    off = {"grouping": "decile", "group_name": "decile 1", "metric": "bias", "value": 3.2}
    calm = off | {"group_name": "decile 5", "differs": False}
    growth = {"group_name": "all", "metric": "error_per_year", "value": 0.1, "lower": 0.05}
    told = not_to_be_used(
        frame("gains", PAIR | GAIN),
        "blocks",
        profile(outside=3, few=2),
        frame("subgroup_errors", off | {"differs": True}, calm),
        frame("age_gap_scores", growth),
    )
    assert told.startswith(
        "in 3 of 50 areas that look unlike all that was learned from; in 2 of 50"
    )
    assert "serves worse: decile 1 (off by +3.2); where images and target lie years apart" in told
    assert "decile 5" not in told
    assert "map of the neighbouring areas" not in told
    assert told.endswith("for persons, households or addresses.")


@pytest.mark.parametrize("gain", [{"lower": -0.1}, {"lower": None}, {"validation": "random"}])
def test_images_not_shown_to_add_should_not_stand_for_a_map(gain):
    nothing = frame("subgroup_errors"), frame("age_gap_scores")
    told = not_to_be_used(frame("gains", PAIR | GAIN | gain), "blocks", profile(), *nothing)
    assert told == (
        "where a map of the neighbouring areas is at hand; for persons, households or addresses."
    )


def test_amounts_have_three_digits_that_count_however_small_they_are():
    values = (0.0884, 4.27, 20.44, 4213.0, -0.5, 0.0)
    assert [amount(value) for value in values] == [
        *("0.0884", "4.27", "20.4", "4,210", "−0.500", "0")
    ]
