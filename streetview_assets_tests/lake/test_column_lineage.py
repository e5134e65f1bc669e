"""What each column of a mart is made of, read from its SQL."""

from pathlib import Path

import pytest

from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import DEMO_STUDY
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.column_lineage import column_lineage
from streetview_assets.warehouse.queries import queries_of, read_query
from streetview_assets.warehouse.study_relation import study_relation

SQL = """-- One row an area.
-- area_code: the area
-- kept: how many images are there
-- counted: rows
-- encoder: of the study file
with there as (select image_id, area_code, size_bytes from images where status = 'ok')
select areas.area_code, sum(there.size_bytes) + max(targets.value) as kept, count(*) as counted,
    (select encoder from study) as encoder
from areas join there using (area_code) join targets on targets.area_code = areas.area_code
group by all
"""


def test_columns_are_followed_through_ctes_joins_and_sums(tmp_path: Path):
    (tmp_path / "marts").mkdir()
    path = tmp_path / "marts" / "kept.sql"
    path.write_text(SQL)
    assert column_lineage(read_query(path, "mart", ()), [], ["encoder"]) == {
        "area_code": [("areas", "area_code")],
        "kept": [("images", "size_bytes"), ("targets", "value")],
    }


@pytest.mark.parametrize("mart", queries_of("mart"), ids=lambda mart: mart.name)
def test_every_mart_is_followed_to_columns_that_there_are(mart):
    marts = queries_of("mart")
    of = {one.name: one.columns for one in marts} | {name: TABLES[name].schema for name in TABLES}
    lineage = column_lineage(mart, marts, study_relation(load_study(DEMO_STUDY)).columns)
    ends = {end for columns in lineage.values() for end in columns}
    assert {table for table, _ in ends} <= set(mart.reads)
    assert all(column in of[table] for table, column in ends)
    assert len(lineage) > len(mart.columns) / 2
