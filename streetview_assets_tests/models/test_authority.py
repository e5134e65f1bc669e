import numpy as np
import polars as pl

from streetview_assets.models.evaluations.by_authority import score_authority_alone
from streetview_assets.tables.registry import TABLES, check_contract


def test_an_authority_alone_is_scored_by_blocks(areas_of, quick, scored, pooled):
    data = areas_of(noise=0.2, authorities=1)
    scores = score_authority_alone(data, scored(quick(), 1, "E0"))
    check_contract(TABLES["authority_scores"], scores)
    assert set(scores["authority_code"]) == {"E0"}
    assert set(scores["validation"]) == {"blocks"}
    assert pooled(scores, "tuned", "blocks")["value"] > 0.3


def test_too_few_areas_are_a_result(areas_of, quick, scored):
    data = areas_of().take(np.arange(9))
    for few, count in ((data, 9), (data.take(np.array([], dtype=int)), 0)):
        scores = score_authority_alone(few, scored(quick(), 1, "E0"))
        check_contract(TABLES["authority_scores"], scores)
        assert scores["note"].to_list() == [f"too few areas: {count}, at least 10 needed"]


def test_an_authority_in_one_block_has_no_score_and_says_why(areas_of, quick, scored):
    data = areas_of(columns=4, rows=4, side_m=100)
    scores = score_authority_alone(data, scored(quick(block_km=50), 1, "E0"))
    assert scores["note"].to_list() == [
        "no score: the areas lie in 1 block of 50 km, at least 2 needed"
    ]
    assert scores.filter(pl.col("value").is_not_null()).is_empty()
