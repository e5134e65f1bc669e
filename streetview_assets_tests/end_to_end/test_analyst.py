"""Who has the published file open disturbs nobody, and is not disturbed."""

import subprocess
import sys

from streetview_assets_tests.end_to_end.small_studies import environment, finish, start, write_study

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


def test_an_open_connection_disturbs_nothing_and_is_not_disturbed(tiny, tmp_path):
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
    said = finish(start(tmp_path / "data", "run", study, "--until", "clusters"))
    assert "published_database: made" in said
    still, _ = analyst.communicate("look\n", timeout=60)
    assert still == f"{before}\n"
    assert analyst.returncode == 0
    after = tiny.sql(
        "select build_id, (select count(distinct cluster) from cluster_shares) as k from about"
    ).row(0)
    assert after[0] != before
    assert after[1] == 4
