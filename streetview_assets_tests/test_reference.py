"""The reference pages tell what the code holds, and are those that are committed."""

import json
from pathlib import Path

import pytest
import yaml

from streetview_assets.reference import PAGES, providers_page, study_page, study_schema, tables_page
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_the_generated_one(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_the_schema_speaks_of_the_study_file_not_of_the_model():
    schema = study_schema()
    assert schema["$schema"].startswith("http://json-schema.org/draft-07")
    assert "from" in schema["definitions"]["Points"]["properties"]
    assert "origin" not in schema["definitions"]["Points"]["properties"]
    assert not schema["additionalProperties"]
    assert sorted(schema["required"]) == ["images", "name"]
    text = json.dumps(schema)
    for word in ("prefixItems", "$defs", "file-path", '"format"'):
        assert word not in text


def test_every_reference_in_the_schema_leads_somewhere():
    schema = study_schema()

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(schema))
    assert found
    assert found == {f"#/definitions/{name}" for name in schema["definitions"]}


def test_every_key_of_the_study_file_is_described():
    page = study_page()
    empty = [line for line in page.splitlines() if line.startswith("| `") and line.endswith("|  |")]
    assert not empty, "keys without a meaning; give their Field a description"
    for key in (f"`{name}`" for name in Study.model_fields):
        assert key in page


@pytest.mark.parametrize(
    ("provider", "cells"),
    [
        (
            "google",
            [
                "7.00 US$ per 1,000 images, 5.60 beyond 100,000 a month (2025-02-28)",
                "`GOOGLE_MAPS_API_KEY`, `GOOGLE_MAPS_SIGNING_SECRET` (or none)",
                "only as its terms allow; bulk download is forbidden",
                "Imagery © Google",
            ],
        ),
        ("folder", ["nothing", "none", "yes", "© of the images: their authors"]),
    ],
)
def test_what_a_provider_costs_needs_allows_and_asks_for_is_told(provider, cells):
    (row,) = [line for line in providers_page().splitlines() if line.startswith(f"| `{provider}`")]
    assert [cell.strip() for cell in row.strip("|").split("|")][1:] == cells


def test_a_default_is_written_as_it_would_stand_in_yaml():
    rows = {
        cells[1].strip(): cells[3].strip(" `")
        for line in study_page().splitlines()
        if line.startswith("| `") and len(cells := line.replace("\\|", "/").split("|")) == 6
    }
    assert yaml.safe_load(rows["`headings_deg`"]) == [0, 90, 180, 270]
    assert yaml.safe_load(rows["`pitch_deg`"]) == 0
    assert yaml.safe_load(rows["`drivable_only`"]) is True
    assert rows["`pca`"] == "none"
    assert rows["`provider`"] == "**required**"


def test_every_column_of_every_table_is_on_the_page_with_its_key_in_bold():
    sections = tables_page().split("\n### ")[1:]
    assert [section.split("`")[1] for section in sections] == list(
        dict.fromkeys(name for name in TABLES)
    )
    for section, table in zip(sections, TABLES.values(), strict=True):
        for column in table.columns:
            cell = f"| **`{column.name}`** |" if column.key else f"| `{column.name}` |"
            assert section.count(cell) == 1, f"{table.name}.{column.name}"
