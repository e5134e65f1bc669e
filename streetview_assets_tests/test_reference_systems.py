"""What the page on other systems names is there: commands, options, tables, keys, figures."""

import re
import shlex
from pathlib import Path

import pytest
import typer

import streetview_assets
from streetview_assets.cli.app import app
from streetview_assets.exports.frames import FRAMES
from streetview_assets.reference import study_schema
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.queries import queries_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference_systems.md").read_text(encoding="utf-8")
SCHEMA = study_schema()
SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(streetview_assets.__file__).parent.rglob("*.py")
)
STATES = ("there", "partly: ", "not there")
HEADS = ("it has", "here", "state")
ROWS = [
    tuple(cell.strip() for cell in line.split("|")[1:-1])
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| it has")
]
NAMED = sorted({name for _, here, *_ in ROWS for name in re.findall(r"`([^`]+)`", here)})
"""All that stands as code in the middle column."""


def columns(name: str) -> list[str]:
    """List the columns of a table, view or mart; none where there is no such."""
    told = {query.name: list(query.columns) for query in queries_of("view", "mart")}
    if name in told:
        return told[name]
    return [column.name for column in TABLES[name].columns] if name in TABLES else []


def is_key(path: str) -> bool:
    """Say whether the study file has a key, and, after a colon, takes the value."""
    path, _, value = path.partition(": ")
    schema = SCHEMA
    node = {"$ref": "#/definitions/Study", **schema}
    for name in path.split("."):
        found = [part["properties"] for part in parts_of(node, schema) if "properties" in part]
        node = next((fields[name] for fields in found if name in fields), None)
        if node is None:
            return False
    return not value or any(
        re.search(part.get("pattern", "$^"), value)
        or value in (*part.get("enum", ()), part.get("const"))
        for part in parts_of(node, schema)
    )


def parts_of(node: dict, schema: dict) -> list[dict]:
    """Unfold a schema: itself, what it refers to, its items, and its alternatives."""
    inner = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    inner += [node["items"]] if isinstance(node.get("items"), dict) else []
    name = node.get("$ref", "").rpartition("/")[2]
    inner += [schema["definitions"][name]] if name in schema["definitions"] else []
    return [node, *(part for one in inner for part in parts_of(one, schema))]


def refuse_command(text: str) -> None:
    """Fail where a command, or an option of it, is not there; nothing is run."""
    command, words = typer.main.get_command(app), shlex.split(text)[1:]
    context = typer.Context(command)
    while hasattr(command, "resolve_command") and words and not words[0].startswith("-"):
        name, command, words = command.resolve_command(context, words)
        context = typer.Context(command, parent=context, info_name=name)
    there = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= there
    if context.info_name == "TABLE":
        assert words[0] in FRAMES or columns(words[0]), words[0]


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name):
    table, _, column = name.partition(".")
    if name.startswith("streetview "):
        refuse_command(name)
    elif name.startswith("figures/"):
        drawn = re.findall(r'f?"([a-z]\w{4,}(?:{\w*})?)"', SOURCES)
        stem = Path(name).stem
        assert any(re.fullmatch(re.sub(r"{\w*}", r"\\w+", word), stem) for word in drawn)
    else:
        assert (column in columns(table) if column else columns(table)) or is_key(name)


def test_every_row_says_whether_it_is_there():
    assert len(ROWS) > 80
    for row in ROWS:
        assert len(row) == len(HEADS), row
        assert row[2].startswith(STATES), row
        assert "`" in row[1] or not row[2].startswith("there"), row
