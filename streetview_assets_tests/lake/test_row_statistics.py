"""Files of which the footer says that nothing failed are not read for failures."""

import polars as pl
import pyarrow.parquet as pq

from streetview_assets.lake.row_statistics import has_none


def test_a_value_outside_of_what_rows_span_is_in_none(tmp_path):
    path = tmp_path / "data.parquet"
    frame = pl.DataFrame({"status": ["ok", "missing"] * 50, "number": [1] * 100})
    pq.write_table(frame.to_arrow(), path, row_group_size=30)
    assert has_none(path, "status", "failed")
    assert not has_none(path, "status", "missing")
    assert not has_none(path, "status", "no"), "between two that are there"
    assert not has_none(path, "other", "failed")


def test_one_row_of_many_groups_is_found(tmp_path):
    path = tmp_path / "data.parquet"
    frame = pl.DataFrame({"status": ["ok"] * 99 + ["failed"]})
    pq.write_table(frame.to_arrow(), path, row_group_size=30)
    assert not has_none(path, "status", "failed")
    pq.write_table(frame.to_arrow(), path, row_group_size=30, write_statistics=False)
    assert not has_none(path, "status", "zebra"), "a footer that does not say"
