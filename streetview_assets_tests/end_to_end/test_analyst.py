"""Who only looks: with the published file open disturbs nobody, and by the command waits little."""

import subprocess
import sys

from streetview_assets_tests.end_to_end.small_studies import environment, write_study

ANALYST = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
def look():
    return connection.sql(
        "select build_id, (select count(*) from cluster_shares) from about"
    ).fetchall()[0]
first = look()
print("open", flush=True)
for line in sys.stdin:
    assert look() == first
    print(first[0], flush=True)
"""

LOOKING = """
import sys
from streetview_assets.cli.app import app
for command in (["status"], ["run", "--dry-run"], ["verify"]):
    app([*command, sys.argv[1]], standalone_mode=False)
heavy = {"dagster", "geopandas", "matplotlib", "mlflow", "scipy", "sklearn", "sqlalchemy", "torch"}
print("loaded:", *sorted(heavy & set(sys.modules)))
"""


def test_an_open_connection_disturbs_nothing_and_is_not_disturbed(tiny, tmp_path, streetview):
    before = tiny.sql("select build_id from about").item()
    analyst = subprocess.Popen(
        [sys.executable, "-c", ANALYST, str(tiny.root / "streetview.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(tmp_path),
        text=True,
    )
    assert analyst.stdout is not None
    assert analyst.stdout.readline() == "open\n"
    study = write_study(tmp_path / "study", clusters={"k": 4, "sweep": [2, 3]})
    said = streetview("run", study, "--until", "clusters").output
    assert "published_database: made" in said
    still, _ = analyst.communicate("look\n", timeout=60)
    assert still == f"{before}\n"
    assert analyst.returncode == 0
    after = tiny.sql(
        "select build_id, (select count(distinct cluster) from cluster_shares) as k from about"
    ).row(0)
    assert after[0] != before
    assert after[1] == 4


def test_to_look_at_a_finished_study_loads_neither_dagster_nor_what_models_need(tiny, tmp_path):
    looked = subprocess.run(
        [sys.executable, "-c", LOOKING, str(tiny.study.path)],
        capture_output=True,
        env=environment(tmp_path / "data"),
        text=True,
        check=True,
    )
    assert "Nothing to do: everything is up to date." in looked.stdout
    assert looked.stdout.splitlines()[-1].strip() == "loaded:"
