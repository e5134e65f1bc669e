"""What a command loads before it begins: nothing that takes longer than the command itself."""

import subprocess
import sys

import pytest

STARTED = """
import sys
{imports}
print(*sorted(set(sys.argv[1:]) & set(sys.modules)))
"""
HEAVY = (
    *("dagster", "geopandas", "matplotlib", "mlflow", "pandas", "scipy", "sklearn", "sqlalchemy"),
    *("sqlglot", "torch"),
)
ASSETS = "from streetview_assets.study_state.lineage import specs; specs()"


@pytest.mark.parametrize(
    ("imports", "unwanted"),
    [
        ("import streetview_assets.cli.app", ("polars", "pyarrow", "pydantic", *HEAVY)),
        ("import streetview_assets.study_state.outdated, streetview_assets.cli.tables", HEAVY),
        (f"{ASSETS}; import streetview_assets.orchestration.runs.status", ("duckdb", *HEAVY)),
    ],
    ids=["help", "sql", "status"],
)
def test_a_short_command_loads_little(imports, unwanted):
    program = STARTED.format(imports=imports)
    found = subprocess.run(
        [sys.executable, "-c", program, *unwanted], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []
