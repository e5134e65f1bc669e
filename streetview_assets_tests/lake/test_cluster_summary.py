"""What the mart `cluster_summary` says of each cluster, from rows of `cluster_profile`."""

import pytest

from streetview_assets.tables.registry import TABLES, check_contract

FIT = {"encoder": "colour-texture", "method": "kmeans", "space": "raw", "k": 2}


def row(group: object, measure: str, value: float | None, subject: str = "", **more: object):
    return {**FIT, "group_name": str(group), "measure": measure, "subject": subject} | {
        "value": value,
        "unit_count": 5,
        **more,
    }


ROWS = [
    row(1, "share", 0.75, unit_count=9),
    row(2, "share", 0.25, unit_count=3),
    row(2, "cosine_distance_median", 0.2),
    row(2, "share_of_authority", 0.4, "E01"),
    row(2, "share_of_authority", 0.1, "E02"),
    row(2, "share_of_points_in_main", 0.6, "E01"),
    row(2, "join_count", 12.0, p_value=0.01, p_value_corrected=0.02),
    row(2, "join_count_expected", 4.0),
    row(2, "spearman", -0.5, "imd_rank", p_value=0.03, p_value_corrected=0.06),
    row(2, "spearman", None, "flat", note="the target is the same in every area"),
    row(2, "target_median", 7.0, "imd_rank"),
    row("all", "target_median", 9.0, "imd_rank"),
    # Houses are everywhere; shops are more usual here than elsewhere.
    row(2, "label_probability", 0.6, "house"),
    row(2, "label_probability", 0.4, "shop"),
    row("all", "label_probability", 0.9, "house"),
    row("all", "label_probability", 0.1, "shop"),
    row("house", "spearman", 0.3, "imd_rank") | {"method": "labels", "space": "words"},
    row(1, "share", 0.1) | {"k": 9},
]


def as_dict(found: object) -> dict:
    return found if isinstance(found, dict) else dict(tuple(one.values()) for one in found)


def test_each_cluster_of_the_study_has_a_row_that_says_what_it_is(small_study):
    table = TABLES["cluster_profile"]
    frame = table.frame([{name: one.get(name) for name in table.schema} for one in ROWS])
    check_contract(table, frame)
    small_study.write("cluster_profile", frame)
    named = {**FIT, "name": "long rows", "cluster": 2, "image_count": 9}
    others = [named | {"k": 9, "name": "of another fit"}, named | {"cluster": None, "name": "gone"}]
    counted = [one | {"assigned_count": 9, "in_cluster": 9} for one in (named, *others)]
    small_study.write("cluster_names", TABLES["cluster_names"].frame(counted))
    small_study.make_marts()
    summary = small_study.mart("cluster_summary")
    assert summary.select("cluster", "name").rows() == [(1, None), (2, "long rows")]
    assert summary.select("cluster", "image_count", "share").rows() == [(1, 9, 0.75), (2, 3, 0.25)]
    bare, told = summary.iter_rows(named=True)
    assert (bare["join_ratio"], bare["nearest_label"], bare["spearman"]) == (None, None, None)
    assert told["cosine_distance_median"] == 0.2
    assert as_dict(told["authority_shares"]) == {"E01": 0.4, "E02": 0.1}
    assert told["main_authority_count"] == 1
    assert (told["point_count"], told["join_count"], told["join_p_value"]) == (5, 12, 0.01)
    assert told["join_ratio"] == pytest.approx(3)
    assert (told["nearest_label"], told["nearest_label_probability"]) == ("shop", 0.4)
    assert as_dict(told["spearman"]) == {"flat": None, "imd_rank": -0.5}
    assert as_dict(told["spearman_p_values"]) == {"flat": None, "imd_rank": 0.06}
    assert told["join_p_value_corrected"] == 0.02
    assert as_dict(told["target_medians"]) == {"imd_rank": 7.0}
    assert as_dict(told["target_medians_of_all"]) == {"imd_rank": 9.0}


def test_without_clusters_there_is_no_row(small_study):
    assert small_study.mart("cluster_summary").is_empty()
