"""Two commands at once both come to their end, and give what one gives in another folder."""

import sqlite3

from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.small_studies import (
    AUTHORITIES,
    assert_same_tables,
    finish,
    lake_of,
    start,
    write_study,
)


def test_two_authorities_by_two_processes_give_the_same_elsewhere(
    finished_tiny, tmp_path, monkeypatch, streetview
):
    study, data = write_study(tmp_path / "elsewhere"), tmp_path / "other data"
    monkeypatch.setenv("STREETVIEW_DATA", str(data))
    both = [
        start(data, "run", study, "--authority", code, "--until", "pooling") for code in AUTHORITIES
    ]
    for process in both:
        assert "Failed" not in finish(process)
    root = open_study(study).root
    there = lake_of(root)
    for table in ("areas", "images", "area_embeddings"):
        assert {name.split("/")[-2] for name in there if name.split("/")[0] == table} == {
            *AUTHORITIES
        }
    assert open_study(study).sql("select count(*) from areas").item() > 0

    finish(start(data, "run", study, "--jobs", 2))
    with sqlite3.connect(root / "mlflow.db") as tracked:
        names = [name for (name,) in tracked.execute("select name from experiments")]
        assert names.count("tiny") == 1
        assert tracked.execute("select count(*) from alembic_version").fetchone() == (1,)
    assert_same_tables(root, finished_tiny / "data" / "tiny")
    assert "Nothing to do" in streetview("run", study).output
