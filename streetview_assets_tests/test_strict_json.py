import ast
import json
import math
from pathlib import Path

import streetview_assets
from streetview_assets.text.strict_json import to_json

PACKAGE = Path(streetview_assets.__file__).parent
HASHED_ALONE = {"base.py"}


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_a_number_that_is_none_is_null_and_all_else_stays():
    told = {"a": [math.nan, 1.5, {"b": (-math.inf, "NaN")}], "c": 0.1, "d": None}
    read = json.loads(to_json(told), parse_constant=refuse)
    assert read == {"a": [None, 1.5, {"b": [None, "NaN"]}], "c": 0.1, "d": None}
    assert to_json(json.loads("[1e999]")) == "[null]"


def test_json_is_written_in_one_place():
    writers = [
        path.name
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("json.dumps", "json.dump")
    ]
    assert set(writers) == {"strict_json.py", *HASHED_ALONE}
