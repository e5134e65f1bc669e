"""A path is a path: polars reads `[ ] * ?` in one as a pattern unless it is told not to."""

import ast
from pathlib import Path

import streetview_assets

READERS = {f"{how}_{what}" for how in ("read", "scan") for what in ("parquet", "csv", "ndjson")}
READERS |= {"read_parquet_schema", "read_parquet_metadata", "read_ipc", "scan_ipc"}


def test_no_reader_of_polars_takes_a_path_for_a_pattern():
    package = Path(streetview_assets.__file__).parent
    calls = [
        (path.name, node)
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "pl"
        and node.func.attr in READERS
    ]
    assert len(calls) > 5
    patterns = [
        f"{name}: {ast.unparse(node)}"
        for name, node in calls
        if "glob=False" not in [ast.unparse(keyword) for keyword in node.keywords]
    ]
    assert patterns == []
