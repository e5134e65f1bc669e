"""One registry tells the validations, and everything else takes them from it."""

import ast
from pathlib import Path
from typing import get_args

import streetview_assets
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import VALIDATIONS, Validation, mild_first, strict_first

PACKAGE = Path(streetview_assets.__file__).parent


def test_the_registry_has_every_validation_that_there_is():
    assert tuple(VALIDATIONS) == get_args(Validation)
    for table in ("model_scores", "predictions", "validations"):
        of_table = {column.name: column.one_of for column in TABLES[table].columns}
        assert of_table["validation"] == tuple(VALIDATIONS)


def test_validations_are_in_order_whatever_the_order_of_the_rows():
    rows = ["random", "knndm", "another", "random", "authorities"]
    assert strict_first(rows) == ["authorities", "knndm", "random"]
    assert mild_first(rows) == ["random", "knndm", "authorities"]


def test_no_other_file_lists_them():
    for path in PACKAGE.rglob("*.py"):
        if path.name == "validations.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set):
                items = node.keys if isinstance(node, ast.Dict) else node.elts
                names = {one.value for one in items if isinstance(one, ast.Constant)}
                listed = names & set(VALIDATIONS)
                assert len(listed) < 4, f"{path}:{node.lineno} lists {listed}"
