"""Each check passes on sound tables and catches the fault that it is there for."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.checked import run_check

Break = Callable[[object], None]
NOTHING = pl.lit(None)


def _add(table: str, **values: object) -> Break:
    """Repeat the first row of a table with other values."""

    def damage(study) -> None:
        frame = study.lake.read(table)
        row = frame.row(0, named=True) | values
        study.write(table, pl.concat([frame, TABLES[table].frame([row])]))

    return damage


def _set(table: str, where: pl.Expr | None = None, **values: object) -> Break:
    schema = TABLES[table].schema
    columns = [pl.lit(value, schema[name]).alias(name) for name, value in values.items()]
    return lambda study: study.change(table, *columns, where=where)


def _drop(table: str, where: pl.Expr) -> Break:
    return lambda study: study.drop(table, where)


def _in_mart(name: str, frame_of: Callable[[pl.DataFrame], pl.DataFrame]) -> Break:
    def damage(study) -> None:
        study.write_mart(name, frame_of(study.mart(name)))

    return damage


def _target_scores(*area_counts: int) -> Break:
    """Write one pooled score for each of some targets, on so many areas."""
    row = {"encoder": "made-up", "features": "pooled", "model": "ridge", "group_name": "all"}
    row |= {"validation": "blocks", "repeat": 1, "fold": 0, "metric": "r2", "value": 0.5}
    rows = [row | {"target": f"t{n}", "area_count": count} for n, count in enumerate(area_counts)]
    return lambda study: study.write("target_scores", TABLES["target_scores"].frame(rows))


def _group_models(*area_counts: int) -> Break:
    """Write one score for each of some clusters, on so many common areas."""
    row = {"grouping": "cluster", "area_set": "common", "target": "t", "encoder": "made-up"}
    row |= {"features": "pooled", "model": "ridge", "validation": "blocks", "repeat": 1, "fold": 0}
    row |= {"metric": "r2", "value": 0.5, "image_count": 8}
    rows = [
        row | {"group_name": f"cluster {n}", "area_count": count}
        for n, count in enumerate(area_counts, start=1)
    ]
    return lambda study: study.write("group_model_scores", TABLES["group_model_scores"].frame(rows))


def _sample_sizes(areas: str, *area_counts: int) -> Break:
    """Write the score of one draw at some sizes, each on so many areas."""
    row = {"target": "t", "encoder": "made-up", "features": "pooled_median", "k": 2}
    row |= {"group_name": "cluster 1", "areas": areas, "repeat": 1, "model": "ridge"}
    row |= {"metric": "rmse", "value": 0.5, "image_count": 8}
    rows = [
        row | {"sample_size": 8 * n, "area_count": count}
        for n, count in enumerate(area_counts, start=1)
    ]
    return lambda study: study.write("sample_size_scores", TABLES["sample_size_scores"].frame(rows))


def _exclusions(image_id: str, is_dropped: bool = True) -> Break:
    """Write that one image is excluded, and dropped or not."""
    row = {"authority_code": "E01", "image_id": image_id, "encoder": "colour-texture"}
    row |= {"reason": "indoor", "probability": 0.99, "is_dropped": is_dropped}
    return lambda study: study.write("image_exclusions", TABLES["image_exclusions"].frame([row]))


def _transfer(*counts: tuple[int, int]) -> Break:
    """Write the scores of one pair of authorities by areas learned from and tested on."""
    row = {"target": "t", "encoder": "made-up", "features": "pooled", "model": "ridge"}
    row |= {"train_authority": "E01", "test_authority": "E02", "metric": "r2", "value": 0.5}
    rows = [
        row | {"share_added": n / 10, "repeat": 1, "train_count": train, "area_count": test}
        for n, (train, test) in enumerate(counts)
    ]
    return lambda study: study.write("transfer_scores", TABLES["transfer_scores"].frame(rows))


def _ordinal(*points: dict[str, object]) -> Break:
    """Write what an ordinal network says of some points of one area."""
    sound = {
        "area_code": "A1",
        "target": "imd_rank",
        "encoder": "made-up",
        "fold": 1,
        "validation": "blocks",
        "continuous": 0.0,
        "decile": 5,
        "observed": 5,
        "share_added": 0.0,
    }
    rows = [sound | {"point_id": f"point {n}"} | point for n, point in enumerate(points)]
    return lambda study: study.write("ordinal_outputs", TABLES["ordinal_outputs"].frame(rows))


def _changed(**fault: object) -> Break:
    """Write one change between two images of a point."""
    sound = {
        "authority_code": "E01",
        "to_image_id": "A1p-0",
        "encoder": "made-up",
        "from_image_id": "A1p-90",
        "point_id": "A1p",
        "area_code": "A1",
        "heading_deg": 0.0,
        "from_on": date(2012, 6, 1),
        "to_on": date(2021, 6, 1),
        "cosine": 0.5,
        "from_cluster": 1,
        "to_cluster": 2,
    }
    rows = [sound, sound | {"to_image_id": "A1p-180"} | fault]
    return lambda study: study.write("capture_changes", TABLES["capture_changes"].frame(rows))


def _many_images(*vectors_of_two_years: list[float]) -> Break:
    """Make 150 images of each of two years, all of a year with the same vector."""

    def damage(study) -> None:
        image = study.lake.read("images").row(0, named=True)
        embedding = study.lake.read("image_embeddings").row(0, named=True)
        images, embeddings = [], []
        for number in range(300):
            year = number % 2
            name = {"image_id": f"image {number}"}
            images.append(image | name | {"captured_on": date(2019 + year, 6, 1)})
            embeddings.append(embedding | name | {"embedding": vectors_of_two_years[year]})
        study.write("images", TABLES["images"].frame(images))
        study.write("image_embeddings", TABLES["image_embeddings"].frame(embeddings))

    return damage


def _panorama(**values: object) -> Break:
    """Give one panorama a vector of its own, which is sound but for some values."""
    key = {"authority_code": "E01", "panorama_id": "pano A1p", "captured_on": date(2021, 6, 1)}
    key |= {"image_id": "A1p"}
    sound = {"views": "mean", "image_count": 4, "status": "ok", "embedding": [0.0, 0.6, 0.8]}
    row = key | {"encoder": "colour-texture"} | sound | values
    return lambda study: study.write(
        "panorama_embeddings", TABLES["panorama_embeddings"].frame([row])
    )


def _all_may_fail(damage: Break) -> Break:
    """Do damage to a study that allows every image to fail."""

    def allow(study) -> None:
        images = study.study.images.model_copy(update={"max_failed_share": 1.0})
        study.study = study.study.model_copy(update={"images": images})

    return _each(allow, damage)


def _each(*breaks: Break) -> Break:
    def damage(study) -> None:
        for one in breaks:
            one(study)

    return damage


def _captured_in(*months: int) -> Break:
    """Make 60 images, of these months in turn."""

    def damage(study) -> None:
        image = study.lake.read("images").row(0, named=True)
        rows = [
            image
            | {
                "image_id": f"image {number}",
                "captured_on": date(2024, months[number % len(months)], 1),
            }
            for number in range(60)
        ]
        study.write("images", TABLES["images"].frame(rows))

    return damage


def _areas_of_which_imaged(wanted: int, imaged: int) -> Break:
    """Put a point into each of so many areas, and an image into the first few."""

    def damage(study) -> None:
        image = study.lake.read("images").row(0, named=True)
        point = study.lake.read("sample_points").row(0, named=True)
        areas = [{"area_code": f"N{number:02d}"} for number in range(wanted)]
        points = [point | area | {"point_id": area["area_code"]} for area in areas]
        images = [image | area | {"image_id": area["area_code"]} for area in areas[:imaged]]
        study.write("sample_points", TABLES["sample_points"].frame(points))
        study.write("images", TABLES["images"].frame(images))

    return damage


def _profile_of(areas: int, images: Callable[[int], int]) -> Break:
    """Make a profile of areas whose target is their rank, with so many images each."""

    def damage(study) -> None:
        profile = study.mart("area_profile")
        rows = pl.concat([profile.head(1)] * areas).with_columns(
            area_code=pl.Series([f"N{rank:02d}" for rank in range(areas)]),
            observed=pl.Series([float(rank) for rank in range(areas)]),
            image_count=pl.Series([images(rank) for rank in range(areas)]),
            point_count=pl.lit(1, pl.Int64),
        )
        study.write_mart("area_profile", rows)

    return damage


ONE_IMAGE = pl.col("image_id") == "A1p-0"
ONE_AREA = pl.col("area_code") == "A1"
TUNED = ONE_AREA & (pl.col("model") == "tuned") & (pl.col("validation") == "blocks")

FAULTS: dict[str, list[tuple[Break, int]]] = {
    "areas_plausible": [
        (_set("areas", ONE_AREA, area_km2=0.0), 1),
        (_set("areas", ONE_AREA, longitude=430_000.0), 1),
    ],
    "targets_cover_areas": [
        (_add("targets", area_code="Z9"), 1),
        (_drop("targets", ONE_AREA & (pl.col("target") == "imd_rank")), 1),
    ],
    "points_have_area": [
        (_set("sample_points", pl.col("point_id") == "A1p", area_code="Z9"), 1),
        (_set("sample_points", pl.col("point_id") == "A1p", area_code=None), 1),
    ],
    "roads_have_points": [
        (_set("road_network", pl.col("authority_code") == "E01", length_m=50_000.0), 1)
    ],
    "panoramas_cover_points": [(_drop("panoramas", pl.col("point_id") == "A1p"), 1)],
    "panoramas_have_point": [(_add("panoramas", point_id="elsewhere"), 1)],
    "panoramas_found": [
        (_set("panoramas", pl.col("point_id") == "A1p", status="failed", error="no answer"), 1),
        (_all_may_fail(_set("panoramas", status="failed", error="no answer")), 2),
    ],
    "images_have_panorama": [
        (_set("images", ONE_IMAGE, panorama_id="unheard of"), 1),
        (_set("images", ONE_IMAGE, captured_on=date(1999, 1, 1)), 1),
    ],
    "images_have_area": [
        (_set("images", ONE_IMAGE, area_code="A2"), 1),
        (_set("images", ONE_IMAGE, point_id="elsewhere"), 1),
    ],
    "images_fetched": [
        (_set("images", ONE_AREA, status="failed", error="quota"), 1),
        (_all_may_fail(_set("images", status="failed", error="quota")), 2),
    ],
    "images_say_what_became_of_them": [
        (_set("images", ONE_IMAGE, path=None), 1),
        (_set("images", pl.col("status") == "failed", error=None), 1),
    ],
    "images_captured_in_the_past": [(_set("images", ONE_IMAGE, captured_on=date(2031, 1, 1)), 1)],
    "images_bright": [(_set("images", ONE_IMAGE, brightness=0.1), 1)],
    "images_sharp": [(_set("images", ONE_IMAGE, sharpness=20.0), 1)],
    "images_not_repeated": [
        (_set("images", ONE_IMAGE, perceptual_hash="0" * 16, duplicate_of="A2p-0"), 1)
    ],
    "images_recent": [
        (_set("images", ONE_AREA, captured_on=date(2015, 6, 1)), 1),
        (_set("images", ONE_AREA & (pl.col("heading_deg") == 0), captured_on=date(2009, 6, 1)), 1),
    ],
    "images_of_one_season": [(_captured_in(6, 12), 1)],
    "images_cover_areas": [(_areas_of_which_imaged(10, 8), 1)],
    "panoramas_of_provider_itself": [
        (
            _each(
                _set("panoramas", is_third_party=False),
                _set("panoramas", pl.col("point_id") == "A1p", is_third_party=True),
            ),
            1,
        )
    ],
    "imagery_leans_on_no_target": [(_profile_of(40, lambda rank: 4 * (rank > 15)), 1)],
    "embeddings_cover_images": [
        (_drop("image_embeddings", ONE_IMAGE), 1),
        (_add("image_embeddings", image_id="elsewhere"), 1),
    ],
    "embeddings_unit_length": [
        (_set("image_embeddings", ONE_IMAGE, embedding=[2.0, 0.0, 0.0]), 1),
        (_set("image_embeddings", ONE_IMAGE, embedding=[0.0, 0.0, 0.0]), 1),
        (_set("image_embeddings", ONE_IMAGE, embedding=[1.0, 0.0]), 1),
        (_set("image_embeddings", ONE_IMAGE, embedding=None), 1),
        (_set("image_embeddings", ONE_IMAGE, status="failed"), 1),
    ],
    "panorama_embeddings_unit_length": [
        (_panorama(embedding=[2.0, 0.0, 0.0]), 1),
        (_panorama(embedding=[1.0, 0.0]), 1),
        (_panorama(embedding=None), 1),
        (_panorama(image_count=0), 1),
        (_panorama(status="failed", embedding=None), 1),
    ],
    "embeddings_drift": [(_many_images([1.0, 0.0, 0.0], [0.6, 0.8, 0.0]), 2)],
    "embeddings_made": [
        (_set("image_embeddings", pl.col("image_id").str.starts_with("A"), status="failed"), 1),
        (_all_may_fail(_set("image_embeddings", status="failed")), 2),
    ],
    "panorama_embeddings_made": [(_panorama(status="failed", embedding=None, error="lost"), 1)],
    "area_embeddings_cover_images": [
        (_drop("area_embeddings", ONE_AREA), 1),
        (_set("area_embeddings", ONE_AREA, image_count=3), 1),
        (_exclusions(image_id="A2p-0"), 1),
    ],
    "assignments_cover_embeddings": [
        (_exclusions(image_id="A2p-0"), 1),
        (_drop("cluster_assignments", ONE_IMAGE), 1),
        (_add("cluster_assignments", image_id="elsewhere"), 1),
        (_set("cluster_assignments", ONE_IMAGE, cluster=3), 1),
    ],
    "shares_add_up": [
        (_drop("cluster_shares", ONE_AREA & (pl.col("cluster") == 1)), 1),
        (_set("cluster_shares", ONE_AREA, share=0.5), 2),
    ],
    "shares_cover_images": [
        (_drop("cluster_assignments", ONE_IMAGE), 1),
        (_set("cluster_assignments", ONE_IMAGE, cluster=2), 2),
        (_drop("cluster_shares", ONE_AREA & (pl.col("cluster") == 1)), 1),
    ],
    "sample_size_areas_constant": [
        (_sample_sizes("constant", 20, 20, 19), 1),
        (_sample_sizes("constant", 20, 21, 20, 22), 2),
    ],
    "group_embeddings_cover_images": [
        (_set("area_group_embeddings", ONE_AREA & (pl.col("group_name") == "1"), image_count=9), 1),
        (_drop("area_group_embeddings", ONE_AREA), 2),
        (_set("image_embeddings", ONE_IMAGE, status="failed", embedding=None), 1),
        (_exclusions(image_id="A2p-0"), 1),
    ],
    "capture_changes_in_order": [
        (_changed(from_on=date(2021, 6, 1)), 1),
        (_changed(cosine=1.5), 1),
        (_changed(from_cluster=None), 1),
        (_changed(from_image_id="nowhere"), 1),
        (_changed(to_image_id="nowhere"), 1),
    ],
    "label_shares_add_up": [
        (_drop("label_shares", ONE_AREA & (pl.col("label") == "shop")), 1),
        (_set("label_shares", ONE_AREA, share=0.6), 1),
        (_set("label_shares", ONE_AREA, mean_probability=0.1), 1),
    ],
    "predictions_match_targets": [
        (_set("predictions", TUNED, observed=99.0), 1),
        (_set("predictions", TUNED, residual=0.0), 1),
    ],
    "predictions_out_of_fold": [(_set("predictions", TUNED, fold=0), 1)],
    "predictions_compare_same_areas": [(_drop("predictions", TUNED), 1)],
    "prediction_intervals_ordered": [
        (_set("predictions", TUNED, lower=200.0), 1),
        (_set("predictions", TUNED, upper=None), 1),
        (_set("predictions", TUNED, interval_level=90.0), 1),
    ],
    "score_intervals_ordered": [
        (_set("model_scores", pl.col("model") == "ridge", lower=1e6), 4),
    ],
    "target_scores_on_same_areas": [(_target_scores(30, 30, 29), 1)],
    "group_models_on_common_areas": [(_group_models(30, 30, 29), 1)],
    "transfer_tests_on_others": [(_transfer((40, 30), (43, 27), (46, 30)), 1)],
    "area_predictions_cover_areas": [
        (_drop("area_predictions", pl.col("area_code") == "A3"), 1),
        (_set("area_predictions", pl.col("area_code") == "A3", reason=None), 1),
        (_add("area_predictions", area_code="Z9"), 1),
    ],
    "area_profile_covers_areas": [
        (_in_mart("area_profile", lambda mart: mart.filter(~ONE_AREA)), 1),
        (_in_mart("area_profile", lambda mart: pl.concat([mart, mart.head(1)])), 1),
        (_in_mart("area_profile", lambda mart: mart.with_columns(reason=NOTHING)), 2),
    ],
    "area_features_cover_areas": [
        (_in_mart("area_features", lambda mart: mart.filter(~ONE_AREA)), 1),
        (_in_mart("area_features", lambda mart: pl.concat([mart, mart.head(1)])), 1),
        (_in_mart("area_features", lambda mart: mart.with_columns(dispersion=NOTHING)), 3),
    ],
    "ordinal_outputs_out_of_fold": [
        (_ordinal({"fold": 1}, {"fold": 2}), 1),
        (_ordinal({"fold": 0}), 1),
    ],
    "ordinal_deciles_are_deciles": [
        (_ordinal({"decile": 0}, {"decile": 10}), 1),
        (_ordinal({"observed": 11}, {"observed": None}), 1),
    ],
    "authority_coverage_adds_up": [(_in_mart("authority_coverage", lambda mart: mart.head(1)), 1)],
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
    _sample_sizes("free", 20, 30, 40)(small_study)
    query = own_queries["sample_size_areas_constant"]
    assert run_check(small_study.lake, query, small_study.study).passed


def test_images_that_would_be_dropped_but_are_not_count_as_any(small_study, own_queries):
    _exclusions("A2p-0", is_dropped=False)(small_study)
    for name in ("area_embeddings_cover_images", "assignments_cover_embeddings"):
        assert run_check(small_study.lake, own_queries[name], small_study.study).passed


def test_years_that_look_alike_are_no_drift(small_study, own_queries):
    _many_images([1.0, 0.0, 0.0], [0.96, 0.28, 0.0])(small_study)
    assert run_check(small_study.lake, own_queries["embeddings_drift"], small_study.study).passed


def test_check_of_one_authority_does_not_see_the_others_fault(small_study, own_queries):
    _set("images", ONE_AREA, status="failed", error="quota")(small_study)
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
    _set("images", path=None)(small_study)
    check = own_queries["images_say_what_became_of_them"]
    found = run_check(small_study.lake, check, small_study.study, sample_rows=4)
    assert (found.offending_count, found.sample.height) == (15, 4)
