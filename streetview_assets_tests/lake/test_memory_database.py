"""Databases in memory are used again, and nobody notices."""

import multiprocessing

import duckdb
import polars as pl
import pytest

from streetview_assets.warehouse.memory_database import memory_database

MADE = """
create table made as select 1; create view seen as from made; create temp table kept as from made;
create macro one() as 1; create temp macro two() as 2; set variable three = 3
"""


def fill(connection):
    connection.execute(MADE)
    connection.register("frame", pl.DataFrame({"a": [1]}))


LEFT = ("from made", "from seen", "from kept", "from frame", "select one()", "select two()")


def refuse_all(connection):
    for left in LEFT:
        with pytest.raises(duckdb.CatalogException):
            connection.execute(left)
    assert connection.execute("select getvariable('three')").fetchall() == [(None,)]


def test_nothing_of_one_use_is_there_in_another(tmp_path):
    with memory_database(tmp_path) as one, memory_database(tmp_path) as beside:
        fill(one)
        refuse_all(beside)
    for _ in range(2):
        with memory_database(tmp_path) as later:
            refuse_all(later)


def fail(root):
    with memory_database(root) as connection:
        fill(connection)
        connection.execute(f"attach '{root / 'file.duckdb'}' as published; from nothing")


def test_what_a_use_that_failed_had_open_is_closed(tmp_path):
    with pytest.raises(duckdb.CatalogException):
        fail(tmp_path)
    with memory_database(tmp_path) as other:
        refuse_all(other)
        with pytest.raises(duckdb.CatalogException):
            other.execute("create table published.made as select 1")


def fill_and_spill(root):
    with memory_database(root) as connection:
        connection.execute("set memory_limit = '50MB'; set threads = 1")
        connection.execute("create table rows as select hash(range) as a from range(12e6::int)")
        assert [*root.iterdir()], "spills"
    assert not [*root.iterdir()]


def test_each_use_spills_into_the_folder_of_its_own_study(tmp_path):
    for name in ("one", "other", "one"):
        (root := tmp_path / name).mkdir(exist_ok=True)
        fill_and_spill(root)


def test_a_forked_process_has_databases_of_its_own(tmp_path):
    with memory_database(tmp_path):
        pass
    child = multiprocessing.get_context("fork").Process(target=fill_and_spill, args=(tmp_path,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
