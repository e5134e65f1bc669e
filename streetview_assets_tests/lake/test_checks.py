"""Each check passes on sound tables and catches the fault that it is there for."""

from datetime import date

import polars as pl
import pytest

from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.breaks import (
    NOTHING,
    Break,
    add_row,
    all_may_fail,
    alter,
    areas_of_which_imaged,
    captured_in,
    changed,
    drop_rows,
    each,
    exclusions,
    group_models,
    in_mart,
    influences,
    many_images,
    ordinal,
    panorama,
    profile_of,
    put_into_a_group,
    sample_sizes,
    target_scores,
    transfer,
)
from streetview_assets_tests.lake.checked import run_check

ONE_IMAGE = pl.col("image_id") == "A1p-0"
ONE_AREA = pl.col("area_code") == "A1"
TUNED = ONE_AREA & (pl.col("model") == "tuned") & (pl.col("validation") == "blocks")
FAULTS: dict[str, list[tuple[Break, int]]] = {
    "areas_plausible": [
        (alter("areas", ONE_AREA, area_km2=0.0), 1),
        (alter("areas", ONE_AREA, longitude=430_000.0), 1),
    ],
    "targets_cover_areas": [
        (add_row("targets", area_code="Z9"), 1),
        (drop_rows("targets", ONE_AREA & (pl.col("target") == "imd_rank")), 1),
    ],
    "points_have_area": [
        (alter("sample_points", pl.col("point_id") == "A1p", area_code="Z9"), 1),
        (alter("sample_points", pl.col("point_id") == "A1p", area_code=None), 1),
    ],
    "roads_have_points": [
        (alter("road_network", pl.col("authority_code") == "E01", length_m=50_000.0), 1)
    ],
    "panoramas_cover_points": [(drop_rows("panoramas", pl.col("point_id") == "A1p"), 1)],
    "panoramas_have_point": [(add_row("panoramas", point_id="elsewhere"), 1)],
    "panoramas_found": [
        (alter("panoramas", pl.col("point_id") == "A1p", status="failed", error="no answer"), 1),
        (all_may_fail(alter("panoramas", status="failed", error="no answer")), 2),
    ],
    "images_have_panorama": [
        (alter("images", ONE_IMAGE, panorama_id="unheard of"), 1),
        (alter("images", ONE_IMAGE, captured_on=date(1999, 1, 1)), 1),
    ],
    "images_have_area": [
        (alter("images", ONE_IMAGE, area_code="A2"), 1),
        (alter("images", ONE_IMAGE, point_id="elsewhere"), 1),
    ],
    "images_fetched": [
        (alter("images", ONE_AREA, status="failed", error="quota"), 1),
        (all_may_fail(alter("images", status="failed", error="quota")), 2),
    ],
    "images_say_what_became_of_them": [
        (alter("images", ONE_IMAGE, path=None), 1),
        (alter("images", pl.col("status") == "failed", error=None), 1),
    ],
    "images_captured_in_the_past": [(alter("images", ONE_IMAGE, captured_on=date(2031, 1, 1)), 1)],
    "images_bright": [(alter("images", ONE_IMAGE, brightness=0.1), 1)],
    "images_sharp": [(alter("images", ONE_IMAGE, sharpness=20.0), 1)],
    "images_not_repeated": [
        (alter("images", ONE_IMAGE, perceptual_hash="0" * 16, duplicate_of="A2p-0"), 1)
    ],
    "images_recent": [
        (alter("images", ONE_AREA, captured_on=date(2015, 6, 1)), 1),
        (
            alter("images", ONE_AREA & (pl.col("heading_deg") == 0), captured_on=date(2009, 6, 1)),
            1,
        ),
    ],
    "images_of_one_season": [(captured_in(6, 12), 1)],
    "images_cover_areas": [(areas_of_which_imaged(10, 8), 1)],
    "panoramas_of_provider_itself": [
        (
            each(
                alter("panoramas", is_third_party=False),
                alter("panoramas", pl.col("point_id") == "A1p", is_third_party=True),
            ),
            1,
        )
    ],
    "imagery_leans_on_no_target": [(profile_of(40, lambda rank: 4 * (rank > 15)), 1)],
    "embeddings_cover_images": [
        (drop_rows("image_embeddings", ONE_IMAGE), 1),
        (add_row("image_embeddings", image_id="elsewhere"), 1),
    ],
    "embeddings_unit_length": [
        (alter("image_embeddings", ONE_IMAGE, embedding=[2.0, 0.0, 0.0]), 1),
        (alter("image_embeddings", ONE_IMAGE, embedding=[0.0, 0.0, 0.0]), 1),
        (alter("image_embeddings", ONE_IMAGE, embedding=[1.0, 0.0]), 1),
        (alter("image_embeddings", ONE_IMAGE, embedding=None), 1),
        (alter("image_embeddings", ONE_IMAGE, status="failed"), 1),
    ],
    "panorama_embeddings_unit_length": [
        (panorama(embedding=[2.0, 0.0, 0.0]), 1),
        (panorama(embedding=[1.0, 0.0]), 1),
        (panorama(embedding=None), 1),
        (panorama(image_count=0), 1),
        (panorama(status="failed", embedding=None), 1),
    ],
    "embeddings_drift": [(many_images([1.0, 0.0, 0.0], [0.6, 0.8, 0.0]), 2)],
    "embeddings_made": [
        (alter("image_embeddings", pl.col("image_id").str.starts_with("A"), status="failed"), 1),
        (all_may_fail(alter("image_embeddings", status="failed")), 2),
    ],
    "panorama_embeddings_made": [(panorama(status="failed", embedding=None, error="lost"), 1)],
    "area_embeddings_cover_images": [
        (drop_rows("area_embeddings", ONE_AREA), 1),
        (alter("area_embeddings", ONE_AREA, image_count=3), 1),
        (exclusions(image_id="A2p-0"), 1),
    ],
    "assignments_cover_embeddings": [
        (exclusions(image_id="A2p-0"), 1),
        (drop_rows("cluster_assignments", ONE_IMAGE), 1),
        (add_row("cluster_assignments", image_id="elsewhere"), 1),
        (alter("cluster_assignments", ONE_IMAGE, cluster=3), 1),
    ],
    "shares_add_up": [
        (drop_rows("cluster_shares", ONE_AREA & (pl.col("cluster") == 1)), 1),
        (alter("cluster_shares", ONE_AREA, share=0.5), 2),
    ],
    "shares_cover_images": [
        (drop_rows("cluster_assignments", ONE_IMAGE), 1),
        (alter("cluster_assignments", ONE_IMAGE, cluster=2), 2),
        (drop_rows("cluster_shares", ONE_AREA & (pl.col("cluster") == 1)), 1),
    ],
    "sample_size_areas_constant": [
        (sample_sizes("constant", 20, 20, 19), 1),
        (sample_sizes("constant", 20, 21, 20, 22), 2),
    ],
    "group_embeddings_cover_images": [
        (
            alter("area_group_embeddings", ONE_AREA & (pl.col("group_name") == "1"), image_count=9),
            1,
        ),
        (drop_rows("area_group_embeddings", ONE_AREA), 2),
        (put_into_a_group("A2p-0"), 1),
        (alter("image_embeddings", ONE_IMAGE, status="failed", embedding=None), 1),
        (exclusions(image_id="A2p-0"), 1),
    ],
    "capture_changes_in_order": [
        (changed(from_on=date(2021, 6, 1)), 1),
        (changed(cosine=1.5), 1),
        (changed(from_cluster=None), 1),
        (changed(from_image_id="nowhere"), 1),
        (changed(to_image_id="nowhere"), 1),
    ],
    "label_shares_add_up": [
        (drop_rows("label_shares", ONE_AREA & (pl.col("label") == "shop")), 1),
        (alter("label_shares", ONE_AREA, share=0.6), 1),
        (alter("label_shares", ONE_AREA, mean_probability=0.1), 1),
    ],
    "predictions_match_targets": [
        (alter("predictions", TUNED, observed=99.0), 1),
        (alter("predictions", TUNED, residual=0.0), 1),
    ],
    "influences_explain_predictions": [
        (influences(A1=80.0, A2=55.0, B1=60.0), 1),
        (influences(A1=90.0, A2=55.0), 1),
    ],
    "predictions_out_of_fold": [(alter("predictions", TUNED, fold=0), 1)],
    "predictions_compare_same_areas": [(drop_rows("predictions", TUNED), 1)],
    "prediction_intervals_ordered": [
        (alter("predictions", TUNED, lower=200.0), 1),
        (alter("predictions", TUNED, upper=None), 1),
        (alter("predictions", TUNED, interval_level=90.0), 1),
    ],
    "score_intervals_ordered": [
        (alter("model_scores", pl.col("model") == "ridge", lower=1e6), 4),
    ],
    "target_scores_on_same_areas": [(target_scores(30, 30, 29), 1)],
    "group_models_on_common_areas": [(group_models(30, 30, 29), 1)],
    "transfer_tests_on_others": [(transfer((40, 30), (43, 27), (46, 30)), 1)],
    "area_predictions_cover_areas": [
        (drop_rows("area_predictions", pl.col("area_code") == "A3"), 1),
        (alter("area_predictions", pl.col("area_code") == "A3", reason=None), 1),
        (add_row("area_predictions", area_code="Z9"), 1),
    ],
    "area_profile_covers_areas": [
        (in_mart("area_profile", lambda mart: mart.filter(~ONE_AREA)), 1),
        (in_mart("area_profile", lambda mart: pl.concat([mart, mart.head(1)])), 1),
        (in_mart("area_profile", lambda mart: mart.with_columns(reason=NOTHING)), 2),
    ],
    "area_features_cover_areas": [
        (in_mart("area_features", lambda mart: mart.filter(~ONE_AREA)), 1),
        (in_mart("area_features", lambda mart: pl.concat([mart, mart.head(1)])), 1),
        (in_mart("area_features", lambda mart: mart.with_columns(dispersion=NOTHING)), 3),
    ],
    "ordinal_outputs_out_of_fold": [
        (ordinal({"fold": 1}, {"fold": 2}), 1),
        (ordinal({"fold": 0}), 1),
    ],
    "ordinal_deciles_are_deciles": [
        (ordinal({"decile": 0}, {"decile": 10}), 1),
        (ordinal({"observed": 11}, {"observed": None}), 1),
    ],
    "authority_coverage_adds_up": [(in_mart("authority_coverage", lambda mart: mart.head(1)), 1)],
}


def _broken(name: str, number: int) -> pytest.param:
    return pytest.param(name, *FAULTS[name][number], id=f"{name}-{number}")


def _is_of_authority(table: str) -> bool:
    return table in TABLES and TABLES[table].by_authority


def test_sound_tables_pass_every_check(small_study, own_queries):
    failed = {
        name: run_check(small_study.lake, query, small_study.study).sample
        for name, query in own_queries.items()
        if query.kind == "check"
    }
    assert [name for name, sample in failed.items() if len(sample)] == ["targets_have_value"]
    assert failed["targets_have_value"]["area_code"].to_list() == ["B2", "B2"]


def test_every_check_is_broken_once(own_queries):
    checks = {name for name, query in own_queries.items() if query.kind == "check"}
    assert {*FAULTS, "targets_have_value"} == checks


@pytest.mark.parametrize(
    ("name", "damage", "expected_count"),
    [_broken(name, number) for name in FAULTS for number in range(len(FAULTS[name]))],
)
def test_check_catches_its_fault(small_study, own_queries, name, damage, expected_count):
    damage(small_study)
    found = run_check(small_study.lake, own_queries[name], small_study.study)
    assert found.offending_count == expected_count
    assert not found.passed


def test_areas_that_are_left_free_may_change_with_the_size(small_study, own_queries):
    sample_sizes("free", 20, 30, 40)(small_study)
    query = own_queries["sample_size_areas_constant"]
    assert run_check(small_study.lake, query, small_study.study).passed


def test_images_that_would_be_dropped_but_are_not_count_as_any(small_study, own_queries):
    exclusions("A2p-0", is_dropped=False)(small_study)
    for name in ("area_embeddings_cover_images", "assignments_cover_embeddings"):
        assert run_check(small_study.lake, own_queries[name], small_study.study).passed


def test_years_that_look_alike_are_no_drift(small_study, own_queries):
    many_images([1.0, 0.0, 0.0], [0.96, 0.28, 0.0])(small_study)
    assert run_check(small_study.lake, own_queries["embeddings_drift"], small_study.study).passed


def test_check_of_one_authority_does_not_see_the_others_fault(small_study, own_queries):
    alter("images", ONE_AREA, status="failed", error="quota")(small_study)
    check = own_queries["images_fetched"]
    results = {
        authority: run_check(small_study.lake, check, small_study.study, authority=authority)
        for authority in ("E01", "E02")
    }
    assert not results["E01"].passed
    assert results["E01"].sample["commonest_error"].to_list() == ["quota"]
    assert results["E02"].passed


def test_checks_by_authority_pass_on_each_sound_authority(small_study, own_queries):
    for query in own_queries.values():
        if query.kind == "check" and _is_of_authority(query.asset) and query.severity == "error":
            for authority in ("E01", "E02"):
                assert run_check(
                    small_study.lake, query, small_study.study, authority=authority
                ).passed, (query.name, authority)


def test_only_a_sample_of_the_offending_rows_comes_back(small_study, own_queries):
    alter("images", path=None)(small_study)
    check = own_queries["images_say_what_became_of_them"]
    found = run_check(small_study.lake, check, small_study.study, sample_rows=4)
    assert (found.offending_count, found.sample.height) == (15, 4)
