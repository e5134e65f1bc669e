"""The SQL folder: headers, the tables that queries read, views and marts."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from streetview_assets.errors import StreetviewError
from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.queries import (
    Query,
    read_queries,
    read_query,
    run_query,
    tables_read,
)

CHECK_HEADER = "-- Rows.\n-- asset: areas\n-- severity: warn\n-- blocking: false\n"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from areas", ("areas",)),
        ("from targets", ("targets",)),
        ("with images as (select * from panoramas) select * from images", ("panoramas",)),
        ("with areas as (select * from areas) select * from areas", ("areas",)),
        ("select (select count(*) from images) from areas", ("areas", "images")),
        ("from areas where area_code in (select area_code from targets)", ("areas", "targets")),
        ("from areas union all by name (from study)", ("areas",)),
        ("select * from areas anti join targets using (area_code)", ("areas", "targets")),
        ("select * from range(3), unnest([1])", ()),
        ("with recursive t as (select 1 n union all select n + 1 from t) from t", ()),
    ],
)
def test_tables_read_looks_through_ctes_and_subqueries(sql: str, expected: tuple[str, ...]):
    assert tables_read(sql, TABLES, "x.sql") == expected


@pytest.mark.parametrize("sql", ["from nowhere", "from other.areas", "from 'areas.parquet'"])
def test_unknown_table_is_refused_with_file_and_table(tmp_path: Path, sql: str):
    path = tmp_path / "odd.sql"
    path.write_text(f"-- Odd.\n{sql}")
    with pytest.raises(StreetviewError, match=r"odd\.sql: reads `.*(nowhere|areas)"):
        read_query(path, "mart", set())


def test_sql_that_cannot_be_read_is_refused_with_its_file(tmp_path: Path):
    path = tmp_path / "odd.sql"
    path.write_text("-- Odd.\nselect from where (")
    with pytest.raises(StreetviewError, match=r"odd\.sql: not readable as SQL"):
        read_query(path, "mart", set())


def test_check_without_severity_is_refused_with_what_is_expected(tmp_path: Path):
    path = tmp_path / "odd.sql"
    path.write_text("-- Odd.\n-- asset: areas\n-- blocking: true\nfrom areas")
    with pytest.raises(StreetviewError, match=r"odd\.sql: .*severity.*error, warn.*found None"):
        read_query(path, "check", set())


def test_header_gives_description_meanings_and_settings(tmp_path: Path):
    for kind in ("marts", "checks"):
        (tmp_path / kind).mkdir()
    (tmp_path / "marts" / "m.sql").write_text(
        "-- One row: of many,\n-- on two lines.\n-- area_code: the area,\n--     any polygon\n"
        "select area_code from areas -- no: header\n"
    )
    (tmp_path / "checks" / "c.sql").write_text(f"{CHECK_HEADER}from m")
    mart, check = read_queries(tmp_path)
    assert mart.description == "One row: of many, on two lines."
    assert mart.columns == {"area_code": "the area, any polygon"}
    assert (check.asset, check.severity, check.blocking) == ("areas", "warn", False)
    assert check.reads == ("m",)


def test_what_several_queries_read_alike_is_told_once_and_put_before_each(tmp_path: Path):
    for folder in ("relations", "marts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "relations" / "coded.sql").write_text("-- Codes.\nselect area_code from areas\n")
    (tmp_path / "marts" / "m.sql").write_text(
        "-- Some.\n-- area_code: it\nwith one as (from coded limit 1)\nfrom one"
    )
    (mart,) = read_queries(tmp_path)
    assert mart.reads == ("areas",)
    assert (mart.description, mart.columns) == ("Some.", {"area_code": "it"})
    assert "select area_code from areas" in mart.sql, "a mart goes out of date with its relations"


def test_the_folder_holds_what_no_contract_says(own_queries):
    assert not set(own_queries) & set(TABLES)
    views = {name for name, query in own_queries.items() if query.kind == "view"}
    assert views == {"all_scores", "all_predictions", "image_clusters"}


def test_every_column_of_a_mart_is_described_in_order(small_study, own_queries):
    for query in own_queries.values():
        if query.kind == "mart":
            assert list(query.columns) == small_study.mart(query.name).columns, query.name


def test_queries_over_an_empty_lake_give_their_columns(tmp_path: Path, small_study, own_queries):
    empty = Lake(tmp_path / "empty")
    query = own_queries["area_profile"]
    frame = run_query(empty, query, small_study.study)
    assert frame.is_empty()
    assert frame.schema == small_study.mart("area_profile").schema


def test_a_mart_that_is_not_made_is_named(tmp_path: Path, small_study, own_queries):
    with pytest.raises(StreetviewError, match="`area_profile` is not made yet"):
        run_query(Lake(tmp_path / "empty"), own_queries["authority_coverage"], small_study.study)


def test_area_profile_has_every_area_with_its_reason(small_study):
    profile = small_study.mart("area_profile")
    assert profile["area_code"].to_list() == ["A1", "A2", "A3", "B1", "B2"]
    assert profile["image_count"].to_list() == [8, 3, 0, 4, 0]
    assert profile["failed_image_count"].to_list() == [0, 1, 0, 0, 0]
    assert profile["point_count"].to_list() == [2, 1, 0, 1, 1]
    assert profile["predicted"].to_list() == [90.0, 55.0, None, 60.0, None]
    assert profile["reason"].to_list() == [None, None, "no imagery", None, "no imagery"]
    assert profile["observed"].to_list() == [100.0, 50.0, 70.0, 10.0, None]
    assert profile["residual"].to_list() == [10.0, -5.0, None, -50.0, None]
    assert profile["model"].drop_nulls().unique().to_list() == ["tuned"]
    assert profile["validation"].drop_nulls().unique().to_list() == ["blocks"]
    assert profile["fitted"].to_list() == [91.0, 56.0, None, 61.0, None]


def test_area_profile_takes_the_strictest_validation_that_there_is(small_study, own_queries):
    blocks = small_study.lake.read("predictions").filter(pl.col("validation") == "blocks")
    others = [blocks.with_columns(validation=pl.lit(name)) for name in ("random", "knndm")]
    small_study.write("predictions", pl.concat([others[0], blocks, others[1]]))
    profile = run_query(small_study.lake, own_queries["area_profile"], small_study.study)
    assert profile["validation"].drop_nulls().unique().to_list() == ["knndm"]
    assert profile.height == 5


def test_area_profile_dates_leave_out_unknown_ones(small_study):
    profile = small_study.mart("area_profile")
    assert profile["captured_oldest_on"].to_list() == [
        date(2021, 6, 1),
        date(2022, 3, 1),
        *[None] * 3,
    ]
    assert profile["captured_newest_on"].to_list() == [
        date(2024, 6, 1),
        date(2022, 3, 1),
        *[None] * 3,
    ]
    assert profile["captured_median_on"].to_list() == [
        date(2021, 6, 1),
        date(2022, 3, 1),
        *[None] * 3,
    ]


def test_area_profile_shares_and_targets_are_maps(small_study):
    first, _, without, *_ = small_study.mart("area_profile").iter_rows(named=True)
    assert _as_dict(first["cluster_shares"]) == {1: 0.25, 2: 0.75}
    assert (first["main_cluster"], first["main_cluster_share"]) == (2, 0.75)
    assert _as_dict(first["targets"]) == {"imd_rank": 100.0, "income_rank": 1000.0}
    assert without["cluster_shares"] is None


def test_of_clusters_as_large_an_area_is_mainly_of_the_more_typical(small_study, own_queries):
    in_b1 = pl.col("area_code") == "B1"
    half = (pl.lit(2, pl.Int64).alias("image_count"), pl.lit(0.5).alias("share"))
    small_study.change("cluster_shares", *half, where=in_b1)
    query = own_queries["area_profile"]
    lowest = run_query(small_study.lake, query, small_study.study)
    assert lowest.filter(in_b1)["main_cluster"].item() == 1
    nearest = pl.col("image_id") == "B1p-90"
    small_study.change("cluster_assignments", pl.lit(0.01).alias("distance"), where=nearest)
    typical = run_query(small_study.lake, query, small_study.study)
    assert typical.filter(in_b1)["main_cluster"].item() == 2


def test_an_area_whose_images_are_all_dropped_says_so(small_study, own_queries):
    for table in ("predictions", "area_predictions"):
        small_study.lake.path(table, encoder="colour-texture").unlink()
    images = small_study.lake.read("images").filter(pl.col("area_code").is_in(["A1", "A2"]))
    aside = images.filter(pl.col("image_id") != "A1p-0").select(
        "authority_code",
        "image_id",
        encoder=pl.lit("colour-texture"),
        reason=pl.lit("indoor"),
        probability=pl.lit(0.99),
        is_dropped=pl.lit(True),
    )
    query = own_queries["area_profile"]
    for is_dropped, said in (
        (True, "all images of the area are excluded"),
        (False, "no model is fitted yet"),
    ):
        small_study.write("image_exclusions", aside.with_columns(is_dropped=is_dropped))
        profile = run_query(small_study.lake, query, small_study.study)
        assert profile["reason"].to_list()[:2] == ["no model is fitted yet", said]


def test_area_features_is_one_wide_row_an_area(small_study, own_queries):
    features = small_study.mart("area_features")
    assert features["area_code"].to_list() == ["A1", "A2", "A3", "B1", "B2"]
    first, _, without, *_ = features.iter_rows(named=True)
    assert first["pooled_median"] == first["pooled_mean"] == pytest.approx([0.5, 0.2, 0.1])
    assert (first["dispersion"], first["embedded_image_count"]) == (0.25, 8)
    assert _as_dict(first["cluster_shares"]) == {1: 0.25, 2: 0.75}
    own = _as_dict(first["cluster_vectors"])
    assert own.keys() == {1, 2}
    assert own[1] == pytest.approx([1.0, 0.0, 0.0])
    assert without["cluster_vectors"] is None
    assert _as_dict(first["label_shares"]) == {"house": 0.0, "shop": 1.0}
    assert _as_dict(first["targets"]) == {"imd_rank": 100.0, "income_rank": 1000.0}
    assert (first["observed"], first["predicted"], first["fitted"]) == (100.0, 90.0, 91.0)
    assert (without["pooled_median"], without["label_shares"]) == (None, None)
    assert without["reason"] == "no imagery"
    for table in ("label_shares", "targets", "predictions", "area_predictions"):
        for path in small_study.lake.files(table):
            path.unlink()
    small_study.make_marts()
    bare = small_study.mart("area_features")
    assert bare.height == 5
    assert bare["label_shares"].null_count() == bare["observed"].null_count() == 5
    for path in small_study.lake.files("areas"):
        path.unlink()
    small_study.make_marts()
    nothing = small_study.mart("area_features")
    assert (nothing.height, nothing.schema) == (0, features.schema)


def _as_dict(found: object) -> dict:
    return (
        dict(found.items())
        if isinstance(found, dict)
        else dict(tuple(one.values()) for one in found)
    )


def test_area_profile_says_why_before_there_is_a_model(small_study, own_queries):
    for table in ("predictions", "area_predictions"):
        small_study.lake.path(table, encoder="colour-texture").unlink()
    profile = run_query(small_study.lake, own_queries["area_profile"], small_study.study)
    assert profile["reason"].to_list() == [
        "no model is fitted yet",
        "no model is fitted yet",
        "no sample point in the area",
        "no model is fitted yet",
        "no imagery in the area",
    ]


def test_rows_of_another_encoder_stay_out_of_the_marts(small_study, own_queries):
    before = small_study.mart("area_profile")
    for table in ("cluster_shares", "area_embeddings", "predictions"):
        for path in small_study.lake.files(table):
            other = Path(str(path).replace("encoder=colour-texture", "encoder=another"))
            other.parent.mkdir(parents=True)
            pl.read_parquet(path, hive_partitioning=False).with_columns(
                encoder=pl.lit("another")
            ).write_parquet(other)
    after = run_query(small_study.lake, own_queries["area_profile"], small_study.study)
    assert after.equals(before)


def test_authority_coverage_counts_what_is_there(small_study):
    coverage = small_study.mart("authority_coverage")
    east, west = coverage.iter_rows(named=True)
    assert (east["authority_code"], west["authority_code"]) == ("E01", "E02")
    assert (east["area_count"], east["area_with_point_count"], east["area_with_image_count"]) == (
        3,
        2,
        2,
    )
    assert (east["image_count"], east["image_failed_count"]) == (11, 1)
    assert east["image_failed_share"] == pytest.approx(1 / 12)
    assert (east["road_km"], east["points_per_km"]) == (1.5, 2.0)
    assert east["embedding_count"] == 11
    assert east["target_mean"] == pytest.approx((100 + 50 + 70) / 3)
    assert (west["point_with_imagery_count"], west["point_without_imagery_count"]) == (1, 1)
    assert west["captured_newest_on"] is None
    assert west["predicted_area_count"] == 1


def test_authority_coverage_knows_a_study_without_areas(small_study, own_queries):
    for table in ("areas", "targets"):
        for path in small_study.lake.files(table):
            path.unlink()
    small_study.lake.write(
        "mart/area_profile",
        run_query(small_study.lake, own_queries["area_profile"], small_study.study),
        Provenance("made from", "fingerprint"),
    )
    coverage = run_query(small_study.lake, own_queries["authority_coverage"], small_study.study)
    assert coverage["authority_code"].to_list() == ["E01", "E02"]
    assert coverage["area_count"].to_list() == [0, 0]
    assert coverage["image_count"].to_list() == [11, 4]


def query_of(folder: Path, table: str) -> Query:
    """Read a query of a whole table."""
    path = folder / f"all_{table}.sql"
    path.write_text(f"-- Rows.\nfrom {table}", encoding="utf-8")
    return read_query(path, "view", set())


def test_times_come_back_in_utc(small_study, tmp_path):
    frame = run_query(small_study.lake, query_of(tmp_path, "images"), small_study.study)
    assert frame.schema["fetched_at"] == pl.Datetime("us", "UTC")
    assert frame.schema == TABLES["images"].schema


def test_a_query_over_one_authority_reads_its_files_alone(small_study, tmp_path):
    areas = query_of(tmp_path, "areas")
    frame = run_query(small_study.lake, areas, small_study.study, authority="E02")
    assert frame["area_code"].to_list() == ["B1", "B2"]
