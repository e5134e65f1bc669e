"""The chapter on what people see: there where people rated, with no words of theirs as HTML."""

import pytest

from streetview_assets.cli.runs.summary import PERCEIVED, perceived_in_words
from streetview_assets_tests.lake.small_lake import ENCODER
from streetview_assets_tests.report.conftest import HOSTILE, chapter, chapters

AGREEMENT = {"quality": HOSTILE, "group_name": "all", "image_count": 12, "rater_count": 30}


@pytest.fixture
def rows():
    scored = {
        **{"quality": HOSTILE, "group_name": "all", "encoder": ENCODER, "features": "images"},
        **{"model": "chosen", "k": 0, "validation": "random", "image_count": 12},
    }
    relation = {"target": "income", "encoder": ENCODER, "area_count": 90}
    seen = relation | {"quality": HOSTILE}
    return {
        "area_perception": [
            {"area_code": "E1", "quality": HOSTILE, "encoder": ENCODER, "mean": 1.0}
        ],
        "perception_relations": [
            seen | {"measure": "spearman", "value": -0.61, "p_adjusted": 0.004},
            seen | {"measure": "r2_of_place", "value": 0.13},
            seen | {"measure": "r2_of_quality", "value": 0.45},
            seen | {"measure": "gain_over_place", "value": 0.32, "lower": 0.21, "upper": 0.44},
            relation | {"quality": "all", "measure": "gain_over_place", "note": "too few of them"},
        ],
        "rating_agreement": [
            AGREEMENT | {"measure": "ceiling_r2", "value": 0.87, "lower": 0.81, "upper": 0.91},
            AGREEMENT | {"measure": "krippendorff_alpha", "value": 0.43},
        ],
        "perception_scores": [
            scored | {"metric": "r2", "value": 0.52, "lower": 0.4, "upper": 0.6},
            scored | {"metric": "ceiling_share", "value": 0.6},
        ],
        "group_ratings": [
            {
                **{"quality": HOSTILE, "grouping": "gender", "group_name": "gender woman"},
                **{"mean": 3.2, "difference": -0.74, "p_value": 0.001, "p_adjusted": 0.002},
                **{"differs": True, "image_count": 12, "note": "differs in the level of ratings"},
            }
        ],
    }


def test_it_tells_agreement_models_and_groups(with_tables, rows):
    told = chapter("perception", with_tables(**rows))
    for text in ("0.87", "0.81 to 0.91", "0.43", "0.52", "0.60", "−0.74", "gender woman"):
        assert text in told
    assert "<script>" not in told
    assert "&lt;script&gt;" in told
    relation = told[told.index("−0.61") :]
    places = [relation.index(text) for text in ("0.004", "0.13", "0.45", "0.32", "0.21 to 0.44")]
    assert places == sorted(places)
    assert "too few of them" in relation


def test_it_is_left_out_where_nobody_rated(with_tables):
    assert chapters(with_tables(), "perception") == {}


def test_the_command_says_each_quality_in_a_line(with_tables, rows):
    published = with_tables(**rows)
    (line,) = perceived_in_words(published.sql(PERCEIVED))
    assert line.endswith(
        "R² 0.52 on images held out at random, 60% of what people's agreement allows"
    )
    assert "<" in line
