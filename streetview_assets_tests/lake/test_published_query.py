"""Questions to the published file: closed to all else, and open to older clients."""

import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.warehouse.memory_database import memory_database, remove_spilled
from streetview_assets.warehouse.publish import STORAGE_VERSION
from streetview_assets.warehouse.published_query import DATABASE, query_published

OLD_CLIENT = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
for (name,) in connection.execute("select table_name from information_schema.tables").fetchall():
    connection.execute(f"from {name}").fetchall()
print(duckdb.__version__, connection.execute("select count(*) from all_predictions").fetchone()[0])
"""
HOSTILE = (
    "copy areas to '{target}'",
    "copy (select 1) to '{target}' (format parquet)",
    "copy areas from '{secret}'",
    "explain analyze copy (select 1) to '{target}'",
    "from read_text('{secret}')",
    "from read_blob('{secret}')",
    "from read_csv('{secret}')",
    "from read_parquet('{lake}')",
    "from '{lake}'",
    "from parquet_metadata('{lake}')",
    "from sniff_csv('{secret}')",
    "from glob('/*')",
    "select (select content from read_text('{secret}'))",
    "with t as (from read_text('{secret}')) from t",
    "from query('from read_text(''{secret}'')')",
    "from (pivot (from read_text('{secret}')) on filename using count(*))",
    "attach '{target}'",
    "attach '{published}' as other",
    "detach streetview",
    "use memory",
    "create table taken as from areas",
    "create temp table taken as from areas",
    "create or replace temp view areas as select 1",
    "create macro taken() as 1",
    "drop table areas",
    "delete from areas",
    "update areas set area_name = ''",
    "insert into areas from areas",
    "set enable_external_access = true",
    "reset enable_external_access",
    "set memory_limit = '1TB'",
    "pragma enable_profiling = 'json'",
    "pragma database_list",
    "call enable_logging(storage = 'file', storage_path = '{target}')",
    "from enable_logging(storage = 'file', storage_path = '{target}')",
    "install httpfs",
    "load json",
    "update extensions",
    "export database '{target}'",
    "import database '{target}'",
    "checkpoint",
    "begin",
    "execute prepared",
    "select 1; copy areas to '{target}'",
    "select 1; select 2",
    "-- nothing",
)


@pytest.fixture
def places(published_once, tmp_path: Path) -> dict[str, str]:
    """A file with a secret, a place to write to, and files of the study."""
    secret = tmp_path / "secret.csv"
    secret.write_text("password\nhunter2\n")
    root = published_once.lake.root
    return {
        "secret": str(secret),
        "target": str(tmp_path / "written"),
        "lake": str(published_once.lake.files("areas")[0]),
        "published": str(root / DATABASE),
    }


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_query_reaches_the_published_tables_alone(published_once, places, sql):
    root = published_once.lake.root
    before = {path: path.stat() for path in root.rglob("*")}
    with pytest.raises(StudyError, match=r"DuckDB refuses|one select is expected") as refused:
        query_published(root, sql.format(**places), with_vectors=True)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not Path(places["target"]).exists()
    after = {path: path.stat() for path in root.rglob("*")}
    assert {path: (at.st_size, at.st_mtime_ns) for path, at in after.items() if path.is_file()} == {
        path: (at.st_size, at.st_mtime_ns) for path, at in before.items() if path.is_file()
    }


def test_variables_of_the_program_are_no_tables(published_once):
    root, connection = published_once.lake.root, pl.DataFrame({"a": [1]})
    for name in ("connection", "statements"):
        with pytest.raises(StudyError, match="does not exist"):
            query_published(root, f"from {name}")
    assert connection.height == 1


@pytest.mark.parametrize(
    "sql",
    [
        "with t as (from areas) select * from t;",
        "describe areas",
        "summarize areas",
        "show tables",
        "values (1)",
        "pivot images on status using count(*) group by area_code",
    ],
)
def test_whatever_only_reads_is_answered(published_once, sql):
    assert query_published(published_once.lake.root, sql).height


@pytest.mark.parametrize("sql", ["select interval 1 month", "select union_value(k := 1)"])
def test_a_result_that_no_frame_holds_is_the_askers_error(published_once, sql):
    with pytest.raises(StudyError, match="cast it"):
        query_published(published_once.lake.root, sql)


def test_vectors_come_from_a_folder_whose_name_looks_like_a_pattern(published, tmp_path):
    moved = tmp_path / "data [x]*"
    shutil.copytree(published.lake.root, moved)
    found = query_published(moved, "from image_embeddings order by image_id", with_vectors=True)
    expected = published.lake.read("image_embeddings").sort("image_id")
    assert found["embedding"].to_list() == expected["embedding"].to_list()


def test_what_does_not_fit_into_memory_spills_into_the_studys_folder_and_goes(tmp_path):
    with memory_database(tmp_path, memory_limit="100MB", threads="1") as connection:
        connection.execute(
            "create temp table much as select hash(a) as h, repeat('x', 50) || a as t "
            "from range(3_000_000) r(a)"
        )
        (spill,) = tmp_path.iterdir()
        assert any(spill.iterdir())
        remove_spilled(tmp_path)
        assert spill.exists(), "of a living process"
    assert not list(tmp_path.iterdir())


SPILL_AND_STAY = """
import os, sys
from pathlib import Path
from streetview_assets.warehouse.memory_database import memory_database
with memory_database(Path(sys.argv[1]), memory_limit="100MB", threads="1") as connection:
    connection.execute(
        "create temp table much as select repeat('x', 50) || a from range(3_000_000) r(a)"
    )
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_spilled_is_removed_by_the_next_build(tmp_path):
    subprocess.run([sys.executable, "-c", SPILL_AND_STAY, tmp_path], check=False)
    assert list(tmp_path.iterdir())
    remove_spilled(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_file_is_in_the_storage_format_of_duckdb_1(published_once):
    assert STORAGE_VERSION == "v1.0.0"
    header = (published_once.lake.root / DATABASE).read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64, "storage version of 0.10 to 1.1"


def test_a_client_of_duckdb_1_reads_every_table(published_once, pytestconfig):
    """The wheel is kept in pytest's cache; where it cannot be had, this is skipped."""
    old = pytestconfig.cache.mkdir("duckdb-1.0.0")
    if not (old / "duckdb").is_dir():
        wanted = [f"--target={old}", "--only-binary=:all:", "--no-deps", "duckdb==1.0.0"]
        quick = ["--quiet", "--retries=0", "--timeout=10", "--disable-pip-version-check"]
        got = subprocess.run(
            [sys.executable, "-m", "pip", "install", *quick, *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
        if got.returncode:
            pytest.skip(f"duckdb 1.0.0 cannot be installed here: {got.stderr[-200:]}")
    ran = subprocess.run(
        [sys.executable, "-c", OLD_CLIENT, published_once.lake.root / DATABASE],
        env={"PYTHONPATH": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["1.0.0", "27"]
