"""What is public says what it takes: shapes, units and meaning of its parameters."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "streetview_assets"
ELSEWHERE = {
    "cli": "each parameter has its help",
    "demo": "made once, by its own modules",
    "images/providers/synthetic": "what all of it takes is told in `shapes.py`",
}
FILES = [
    path.relative_to(PACKAGE).as_posix()
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.relative_to(PACKAGE).as_posix().startswith(tuple(ELSEWHERE))
]


def _functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for one in getattr(node, "body", ()):
        if getattr(one, "name", "_").startswith("_"):
            continue
        if isinstance(one, ast.ClassDef):
            yield from _functions(one)
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    told = function.args
    names = {one.arg for one in (*told.posonlyargs, *told.args, *told.kwonlyargs)}
    return names - {"self", "cls"}


def test_many_parameters_or_a_seed_are_described():
    silent = [
        f"{file}: {function.name}"
        for file in FILES
        for function in _functions(ast.parse((PACKAGE / file).read_text()))
        if len(_parameters(function)) > 2 or "seed" in _parameters(function)
        if "Parameters\n----------" not in (ast.get_docstring(function) or "")
    ]
    assert not silent, "ruff looks for each parameter of a section, not for the section"
