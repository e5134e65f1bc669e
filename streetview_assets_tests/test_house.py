"""The house stays small: folders, files and functions of a size that one can look over."""

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import streetview_assets
from streetview_assets.images.providers.registry import PROVIDERS, provider_class

PACKAGE = Path(streetview_assets.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
EQUALS = ("assets", "chapters")
"""Folders that are a list of equals, which may be longer: a file a stage, a file a chapter."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.fixture(scope="module")
def functions() -> dict[str, Function]:
    return {
        f"{name_of(path)}:{node.lineno} {node.name}": node
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function)
    }


def length(function: Function) -> int:
    """Count the lines of the body, without decorators, signature and docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def is_asset(function: Function) -> bool:
    called = [one.func if isinstance(one, ast.Call) else one for one in function.decorator_list]
    return any(ast.unparse(one).endswith("_asset") for one in called)


def identifiers(path: Path) -> Iterator[str]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return (token.string for token in tokens if token.type == tokenize.NAME)


def test_a_folder_can_be_looked_over():
    files = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert len(files) > 40
    most = {folder: 24 if folder.name in EQUALS else 14 for folder in files}
    assert [name_of(folder) for folder in files if files[folder] > most[folder]] == []


def test_a_file_has_one_idea():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name_of(path): count for path, count in lines.items() if count > 400} == {}


def test_a_function_does_one_thing(functions):
    assert [name for name, function in functions.items() if length(function) > 60] == []


def test_an_asset_reads_calls_writes_and_tells(functions):
    assets = {name: function for name, function in functions.items() if is_asset(function)}
    assert len(assets) > 25
    assert [name for name, function in assets.items() if length(function) > 20] == []


def test_an_image_is_called_an_image():
    found = {name_of(path) for path in MODULES for name in identifiers(path) if "picture" in name}
    assert found | {name_of(path) for path in MODULES if "picture" in name_of(path)} == set()


def constants(path: Path) -> Iterator[str]:
    """Give the texts of a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


NAMED_OTHERWISE = {
    "embeddings/encoders/weights.py": "a checkpoint may be a folder",
    "orchestration/tracking/champion.py": "the tag that says whether images are synthetic",
    "orchestration/tracking/mlflow_resource.py": "the tag that says whether images are synthetic",
    "study/embeddings.py": "whom to name beside vectors of satellites, as their terms ask",
    "warehouse/about.py": "the column that says whether images are synthetic",
    "warehouse/study_relation.py": "the column that says whether images are synthetic",
}
"""Files that have a provider's name and mean something else, each with its meaning."""


def test_a_provider_is_named_in_its_own_file_and_the_registry_alone():
    remote = [name for name in PROVIDERS if provider_class(name).is_remote]
    naming = set()
    for path in MODULES:
        if PACKAGE / "images/providers" in path.parents:
            continue
        texts, names = list(constants(path)), {name.lower() for name in identifiers(path)}
        of_a_service = [one for name in remote for one in (*texts, *names) if name in one.lower()]
        if (
            of_a_service
            or set(texts) & set(PROVIDERS)
            or any(f"{name}provider" in one for name in PROVIDERS for one in names)
        ):
            naming.add(name_of(path))
    assert naming == set(NAMED_OTHERWISE)


def test_what_a_provider_is_stands_in_its_own_file():
    for name in PROVIDERS:
        provider = provider_class(name)
        assert provider.name == name
        assert provider.__module__.startswith(f"streetview_assets.images.providers.{name}")
