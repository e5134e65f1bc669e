"""The published file: what is in it, who may read it meanwhile, and what a kill leaves."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import geopandas as gpd
import polars as pl
import pytest

from streetview_assets.errors import ContractError, StreetviewError, StudyError
from streetview_assets.study.embeddings import ALPHAEARTH_CREDIT, Satellite
from streetview_assets.tables.contract import Column
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.publish import Build, publish
from streetview_assets.warehouse.published_query import (
    DATABASE,
    ask,
    opened_publication,
    published_file,
    query_published,
)
from streetview_assets_tests.started import programs

PLACE = ["longitude", "latitude"]
BUILT_AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


def _build(build_id: str = "build 1") -> Build:
    return Build("hash", "0.1.0", build_id, BUILT_AT)


def _ask(study, sql: str) -> pl.DataFrame:
    return query_published(study.lake.root, sql)


@pytest.fixture(scope="module")
def tables(published_once) -> dict[str, pl.DataFrame]:
    """Every table of the published file, read in one go."""
    path = published_file(published_once.lake.root)
    with opened_publication(path) as connection:
        return {name: ask(connection, f"from {name}") for name in TABLES}


def test_every_table_is_a_table_with_the_types_of_its_contract(published_once, tables):
    kinds = dict(
        _ask(
            published_once, "select table_name, table_type from information_schema.tables"
        ).iter_rows()
    )
    for name, table in TABLES.items():
        assert kinds[name] == "BASE TABLE"
        found = tables[name].schema
        for column, dtype in table.schema.items():
            if isinstance(dtype, pl.List) or (name, column) == ("image_embeddings", "embedding"):
                continue
            assert found[column] == dtype, (name, column)
    assert {name for name, kind in kinds.items() if kind == "VIEW"} == {
        "all_scores",
        "image_clusters",
        "all_predictions",
    }
    assert {"area_profile", "authority_coverage", "about"} <= {*kinds}


def test_columns_are_those_of_the_contract_but_for_vectors_that_stay_in_the_lake(
    published_once, tables
):
    out = {"image_embeddings", "panorama_embeddings", "baseline_embeddings", "rated_embeddings"}
    out |= {"satellite_embeddings", "place_descriptions"}
    comments = dict(
        _ask(published_once, "select table_name, comment from duckdb_tables()").iter_rows()
    )
    for name, table in TABLES.items():
        left_out = {"embedding"} if name in out else set()
        columns = [one for one in table.schema if one not in left_out]
        assert tables[name].columns == columns
        assert comments[name].startswith(table.meaning)
        assert ("--with-vectors" in comments[name]) == bool(left_out)


def test_rows_are_those_of_the_lake_sorted_by_key(published_once, tables):
    for name, table in TABLES.items():
        expected = published_once.lake.read(name).sort(table.key)
        columns = [
            column for column, dtype in table.schema.items() if not isinstance(dtype, pl.List)
        ]
        assert tables[name].select(columns).equals(expected.select(columns)), name


def test_pooled_vectors_have_the_encoders_length_and_distances_work(published_once):
    found = _ask(published_once, "from area_embeddings")
    assert found.schema["embedding"] == pl.Array(pl.Float32, 3)
    (distance,) = _ask(
        published_once,
        "select array_cosine_distance(a.embedding, b.embedding) from area_embeddings a, "
        "area_embeddings b limit 1",
    ).row(0)
    assert distance == pytest.approx(0, abs=1e-6)


def test_an_outline_is_a_geometry_with_its_crs_where_it_is_asked_for(published_once, tmp_path):
    """The file has WKB, so that older versions of DuckDB read it."""
    typed = "select area_code, as_geometry(geometry) as geometry from areas"
    written = tmp_path / "areas.parquet"
    with duckdb.connect(str(published_once.lake.root / DATABASE), read_only=True) as connection:
        assert [str(kind) for kind in connection.table("areas").types][-1] == "BLOB"
        assert str(connection.sql(typed).types[1]) == "GEOMETRY('OGC:CRS84')"
        connection.execute(f"copy ({typed}) to '{written}'")
    outlines = gpd.read_parquet(written)
    assert outlines.crs == "OGC:CRS84"
    kept = published_once.lake.read("areas").sort("area_code")
    asked = _ask(published_once, f"{typed} order by area_code")
    assert asked["geometry"].equals(kept["geometry"]), "whoever asks here has WKB as before"
    assert (
        outlines.sort_values("area_code").geometry.to_wkb().tolist() == kept["geometry"].to_list()
    )


def test_tables_and_columns_have_comments(published_once):
    tables = dict(
        _ask(
            published_once,
            "select table_name, comment from duckdb_tables() union all "
            "select view_name, comment from duckdb_views() where not internal",
        ).iter_rows()
    )
    assert tables["areas"] == "One row per small area."
    assert all(tables.values()), tables
    columns = _ask(
        published_once,
        "select table_name, column_name, comment from duckdb_columns() where not internal",
    )
    bare = columns.filter(pl.col("comment").is_null())
    assert bare.is_empty(), bare.rows()


def test_all_scores_and_predictions_unite_the_tables(published_once):
    scopes = dict(
        _ask(published_once, "select scope, count(*) from all_scores group by scope").iter_rows()
    )
    assert scopes == {"study": 12, "authority": 4, "held_out": 2}
    predictions = _ask(published_once, "select distinct scope, validation from all_predictions")
    assert sorted(predictions.iter_rows()) == [
        ("held_out", "authorities"),
        ("study", "blocks"),
        ("study", "random"),
    ]


def test_images_stand_beside_their_place_and_their_cluster_of_every_number(published_once):
    asked = "select * from image_clusters"
    rows = {row["image_id"]: row for row in _ask(published_once, asked).to_dicts()}
    images = published_once.lake.read("images").filter("is_current", status="ok")
    assert set(rows) == set(images["image_id"])
    points = published_once.lake.read("sample_points")
    of_point = {point: place for point, *place in points[["point_id", *PLACE]].iter_rows()}
    clusters = published_once.lake.read("cluster_assignments").rows_by_key("image_id", named=True)
    for row in rows.values():
        assert [row[name] for name in PLACE] == of_point[row["point_id"]]
        own = {str(one["k"]): one["cluster"] for one in clusters.get(row["image_id"], ())}
        found = row["clusters"]
        found = (
            found if isinstance(found, dict) else {one["key"]: one["value"] for one in found or ()}
        )
        assert found == own
    assert any(row["clusters"] for row in rows.values())


def test_about_says_what_the_file_was_made_from(published_once):
    (about,) = _ask(published_once, "from about").iter_rows(named=True)
    assert about["study"] == "small"
    assert (about["study_hash"], about["build_id"]) == ("hash", "build 1")
    assert about["built_at"] == BUILT_AT
    assert about["authorities"] == ["E01", "E02"]
    assert (about["captured_oldest_on"], about["captured_newest_on"]) == (
        date(2021, 6, 1),
        date(2024, 6, 1),
    )
    assert about["attributions"] == ["Imagery © Mapillary contributors, CC BY-SA 4.0", "© Ann"]
    assert about["licences"] == ["Mapillary images: CC BY-SA 4.0"]
    assert (about["synthetic"], about["note"]) == (False, None)


def test_whom_satellites_vectors_are_of_is_named_as_their_terms_ask(synthetic_study):
    study = synthetic_study.study
    seen = study.model_copy(update={"satellite": Satellite(path=study.path)})
    publish(synthetic_study.lake, seen, _build())
    (about,) = _ask(synthetic_study, "from about").iter_rows(named=True)
    assert ALPHAEARTH_CREDIT in about["attributions"]
    assert "AlphaEarth: CC BY 4.0" in about["licences"]


def test_drawn_images_are_called_so_wherever_they_had_a_say(synthetic_study):
    publish(synthetic_study.lake, synthetic_study.study, _build())
    assert _ask(synthetic_study, "select synthetic, note from about").row(0) == (
        True,
        "synthetic images: drawn by a program, not of any real place",
    )
    comments = dict(
        _ask(
            synthetic_study,
            "select table_name, comment from duckdb_tables() union all "
            "select view_name, comment from duckdb_views() where not internal",
        ).iter_rows()
    )
    for name in ("panoramas", "images", "predictions", "area_profile", "all_scores"):
        assert "synthetic images" in comments[name], name
    assert "synthetic" not in comments["areas"]
    assert _ask(synthetic_study, "select bool_and(synthetic) from area_profile").item()


def test_the_file_can_be_copied_away_and_opened_alone(published, tmp_path: Path):
    alone = tmp_path / "laptop" / "copy.duckdb"
    alone.parent.mkdir()
    (published.lake.root / DATABASE).rename(alone)
    (published.lake.root / "lake").rename(tmp_path / "gone")
    with duckdb.connect(str(alone), read_only=True) as connection:
        assert connection.execute("select count(*) from all_predictions").fetchone() == (27,)


def test_two_builds_of_one_lake_hold_the_same(small_study):
    found = []
    for build in ("1", "2"):
        publish(small_study.lake, small_study.study, _build(build))
        found.append([_ask(small_study, f"from {name}") for name in ("images", "predictions")])
    assert all(first.equals(second) for first, second in zip(*found, strict=True))


READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    found = connection.execute("select (select build_id from about), count(*) from images")
    print(*found.fetchone(), sep="|", flush=True)
"""


def test_a_reader_who_has_the_old_file_open_goes_on(published):
    path = published.lake.root / DATABASE
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with reader:
        assert _next_answer(reader) == "build 1|16"
        published.drop("images", pl.col("area_code") == "A1")
        report = publish(published.lake, published.study, _build("build 2"))
        assert report.row_counts["images"] == 8
        assert _next_answer(reader) == "build 1|16"
        assert _ask(published, "select build_id from about").item() == "build 2"
        reader.stdin.close()


def _next_answer(reader: subprocess.Popen) -> str:
    reader.stdin.write("again\n")
    reader.stdin.flush()
    return reader.stdout.readline().strip()


def test_a_process_that_holds_the_old_file_is_answered_from_the_new_one(published):
    with duckdb.connect(str(published.lake.root / DATABASE), read_only=True) as held:
        publish(published.lake, published.study, _build("build 2"))
        assert _ask(published, "select build_id from about").item() == "build 2"
        assert held.execute("select build_id from about").fetchone() == ("build 1",)


PUBLISHER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.warehouse.publish import Build, publish
from streetview_assets.study.study_file import load_study
publish(Lake(Path(sys.argv[1])), load_study(sys.argv[2]),
    Build("hash", "0.1.0", sys.argv[3], datetime.now(UTC)))
"""


def _publish_in_another_process(study, build_id: str) -> subprocess.Popen:
    return programs.Popen(
        [sys.executable, "-c", PUBLISHER, str(study.lake.root), str(study.file), build_id]
    )


def _half_built(root: Path) -> list[Path]:
    return list(root.glob(f".{DATABASE}.*.tmp*"))


def _make_large(study) -> None:
    row = study.lake.read("road_network").row(0, named=True)
    many = TABLES["road_network"].frame([row])
    many = pl.concat([many] * 400_000).with_columns(road_id=pl.int_range(pl.len()).cast(pl.String))
    study.write("road_network", many)


def test_a_killed_build_leaves_the_old_file_and_the_next_one_clears_up(published):
    root = published.lake.root
    before = (root / DATABASE).read_bytes()
    _make_large(published)
    build = _publish_in_another_process(published, "killed")
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size > 100_000 for path in _half_built(root)):
        assert build.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(build.pid, signal.SIGKILL)
    build.wait()
    assert _half_built(root), "the kill came too late to show anything"
    assert (root / DATABASE).read_bytes() == before
    assert _ask(published, "select build_id from about").item() == "build 1"

    publish(published.lake, published.study, _build("build 2"))
    assert not _half_built(root)
    assert _ask(published, "select count(*) from road_network").item() == 400_001


def test_two_builds_at_once_both_end_and_leave_one_sound_file(published):
    builds = [_publish_in_another_process(published, f"side by side {n}") for n in (1, 2)]
    assert [build.wait(60) for build in builds] == [0, 0]
    assert _ask(published, "select build_id from about").item().startswith("side by side")
    assert not _half_built(published.lake.root)


def test_vectors_of_single_images_come_in_on_demand(published_once):
    without = _ask(published_once, "from image_embeddings")
    assert "embedding" not in without.columns
    found = query_published(
        published_once.lake.root,
        "select image_id, embedding, area_name from image_embeddings "
        "join images using (image_id) join areas using (area_code) order by image_id",
        with_vectors=True,
    )
    expected = published_once.lake.read("image_embeddings").sort("image_id")
    assert found["embedding"].to_list() == expected["embedding"].to_list()


def test_vectors_without_a_lake_are_refused_with_where_they_were_sought(published, tmp_path):
    (published.lake.root / "lake").rename(tmp_path / "gone")
    with pytest.raises(StreetviewError, match=r"image_embeddings: no vectors"):
        query_published(published.lake.root, "from image_embeddings", with_vectors=True)


def test_asking_before_anything_is_published_says_what_to_do(small_study):
    with pytest.raises(StudyError, match=r"nothing is published yet; `streetview run`"):
        _ask(small_study, "from areas")


@pytest.mark.parametrize("sql", ["from nowhere", "selct 1", "create table x as select 1", ""])
def test_a_query_that_duckdb_refuses_is_the_askers_error(published_once, sql: str):
    with pytest.raises(StudyError, match=r"DuckDB refuses|one select is expected"):
        _ask(published_once, sql)


def test_vectors_of_another_length_than_the_encoder_says_stop_the_build(published):
    published.change("encoders", pl.lit(4, pl.Int64).alias("dimension"))
    with pytest.raises(ContractError, match=r"table area_embeddings: .*length 4"):
        publish(published.lake, published.study, _build("build 2"))
    assert _ask(published, "select build_id from about").item() == "build 1"
    assert not _half_built(published.lake.root)


def test_a_lake_without_models_or_embeddings_is_published(small_study):
    for name, table in TABLES.items():
        if table.stage not in ("areas", "points", "images"):
            for path in small_study.lake.files(name):
                path.unlink()
    small_study.make_marts()
    report = publish(small_study.lake, small_study.study, _build())
    assert (report.row_counts["images"], report.row_counts["area_embeddings"]) == (16, 0)
    assert report.authorities == ("E01", "E02")


def test_files_made_before_their_table_grew_a_column_are_published_with_nulls(
    small_study, monkeypatch
):
    grown = Column("grown", pl.Float64(), "Came with a later version.")
    for name, table in TABLES.items():
        if not table.source:
            monkeypatch.setitem(TABLES, name, replace(table, columns=(*table.columns, grown)))
    small_study.make_marts()
    publish(small_study.lake, small_study.study, _build())
    rows = _ask(small_study, "select count(*), count(grown) from images").row(0)
    assert rows == (16, 0)
