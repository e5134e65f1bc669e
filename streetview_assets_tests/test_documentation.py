"""What README and documentation name is there: commands, options, files, headings, keys."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import typer
import yaml
from typer.main import get_command

import streetview_assets as sv
from streetview_assets.cli.app import app
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.open_study import DEMO_STUDY

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md")), *NOTEBOOKS]
BLOCK = re.compile(r"^ *```(\S*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
READ = {"bash", "python", "sql", "yaml"}
"""Languages of blocks that a test reads, here or where the page is read (`sql`)."""
SHOWN = {"", "console", "text", "{eval-rst}", "{toctree}"}
"""What is no code, or is written by the program (`console`: the commands' own usage)."""
OF_OTHERS = {"curl", "dagster", "export", "helm", "kubectl"}
"""Programs that are not this one's; that they do what a page says no test here can say."""
LINK = re.compile(r"\]\((?!https?://)([^)\s]*)\)")
COMMANDS = [
    *(command.name or command.callback.__name__ for command in app.registered_commands),
    *(group.name for group in app.registered_groups),
]


def _text(page: Path) -> str:
    """Give what a page says; of a notebook, what stands beside its code."""
    if page.suffix != ".ipynb":
        return page.read_text("utf-8")
    cells = nbformat.read(page, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(_text(page)) if kind == language]


def _lines(page: Path) -> list[str]:
    """Give the command lines of a page, each whole where it is broken by a backslash."""
    text = "".join(_blocks(page, "bash")).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def _called(page: Path) -> list[str]:
    return [line for line in _lines(page) if line.startswith("streetview ")]


CALLS = sorted({line for page in PAGES for line in _called(page)})
NAMED = sorted(
    {
        " ".join(span.split())
        for page in PAGES
        for span in re.findall(r"`(streetview [a-z][^`|]*)", BLOCK.sub("", _text(page)))
    }
)


def test_the_front_page_is_read_in_a_few_minutes():
    assert len(README.read_bytes()) <= 7_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_read(page):
    text = _text(page)
    assert {kind for kind, _ in BLOCK.findall(text)} <= READ | SHOWN
    assert 2 * len(BLOCK.findall(text)) == len(re.findall("^ *```", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_is_a_command_that_there_is(page):
    recipes = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for line in _lines(page):
        program, *words = shlex.split(line, comments=True)
        if program == "make":
            assert words[0] in recipes, line
        else:
            assert program in {"streetview", *OF_OTHERS}, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_that_code_imports_are_there(page):
    for block in _blocks(page, "python"):
        tree = ast.parse(block)
        public = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if node.value.id == "sv"
        }
        assert public <= set(sv.__all__), block


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained(command):
    page = ROOT / "docs" / "how_to" / "choose_a_command.md"
    assert f"| `streetview {command}" in page.read_text("utf-8")


def _command(words: list[str]) -> tuple[typer.Context, list[str]]:
    """Give the command that words call as the program finds it, and the words that are left."""
    context = typer.Context(get_command(app), info_name="streetview")
    while hasattr(context.command, "get_command") and words and not words[0].startswith("-"):
        name, inner, words = context.command.resolve_command(context, words)
        context = typer.Context(inner, info_name=name, parent=context)
    return context, words


@pytest.mark.parametrize("line", CALLS)
def test_a_command_that_is_shown_is_one(line):
    """It is read as the program reads it: the command, its options and what they take."""
    context, words = _command(shlex.split(line, comments=True)[1:])
    context.command.parse_args(context, words)


@pytest.mark.parametrize("span", NAMED)
def test_a_command_that_a_sentence_names_is_one_and_has_the_options(span):
    said = re.sub(r"[\[\]\\]", " ", span).replace("TABLE", "areas")
    context, words = _command(said.split()[1:])
    known = {option for one in context.command.params for option in one.opts}
    assert {word for word in words if word.startswith("--")} <= known | {"--"}


def test_what_the_tutorial_shows_is_an_area_of_the_demo():
    codes = (DEMO_STUDY.parent / "areas.geojson").read_text("utf-8")
    shown = [line.split()[2] for line in _called(ROOT / "docs" / "tutorial" / "demo.md")
             if line.startswith("streetview show ")]  # fmt: skip
    assert shown
    assert all(re.search(rf'"area_code": ?"{code}"', codes) for code in shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    lost = []
    for link in LINK.findall(_text(page)):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (heading and heading not in _anchors(target)):
            lost.append(link)
    assert not lost


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_a_notebook_is_kept_without_what_it_gave(page):
    cells = nbformat.read(page, as_version=4).cells
    assert not [cell.id for cell in cells if cell.get("outputs") or cell.get("execution_count")]


def test_the_site_builds_without_a_warning_and_asks_no_other_host(tmp_path):
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "docs", str(site)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|link)[^>]*(?:src|href)=\"([^\"]+)", page.read_text()
        )
        assert not [address for address in loaded if re.match(r"(https?:)?//", address)], page


def _anchors(page: Path) -> set[str]:
    """Give the headings of a page as the links that lead to them."""
    headings = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_keys_of_a_study_file_that_are_shown_are_keys(page):
    schema = Study.model_json_schema(by_alias=True)
    unknown = [
        ".".join(path)
        for block in _blocks(page, "yaml")
        for path in _paths(yaml.safe_load(block))
        if not _is_key(schema, schema["$defs"], path)
    ]
    assert not unknown


def _paths(node, at=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*at, str(key))
            yield from _paths(value, (*at, str(key)))
    elif isinstance(node, list):
        for value in node:
            yield from _paths(value, at)


def _is_key(node, parts, path) -> bool:
    """Say whether a path of keys exists in a schema; where a part takes any key, it does."""
    if "$ref" in node:
        return _is_key(parts[node["$ref"].rpartition("/")[2]], parts, path)
    inner = [*node.get("anyOf", []), *node.get("oneOf", []), *node.get("allOf", [])]
    if "items" in node:
        inner.append(node["items"])
    if not path or any(_is_key(one, parts, path) for one in inner):
        return True
    if isinstance(node.get("additionalProperties"), dict):
        return _is_key(node["additionalProperties"], parts, path[1:])
    found = node.get("properties", {}).get(path[0])
    return found is not None and _is_key(found, parts, path[1:])
