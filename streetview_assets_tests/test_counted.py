"""A number agrees with what it counts, and the verb with both: never "1 images were".

The package's own sentences are read, so that a new one is held as well.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import streetview_assets
from streetview_assets.text.counted import counted

ROOT = Path(streetview_assets.__file__).parent
PLURALS = {"authority": "authorities", "category": "categories", "process": "processes"}
# What is counted somewhere is counted everywhere; these no message of today counts.
FURTHER = "asset author bin column degree error fold interval key level megapixel page pixel street"
# A number, what it counts, at most two words before that: "3 rated images".
NOUN = re.compile(
    r"^ (?:(?!(?:as|in|no|of|on|or|the|to|under|where|with) )[a-z]+ ){0,2}?([a-z]+s)\b"
)
VERB = re.compile(r"^ (are|do|differ|fail|have|hold|lack|lie|need|stand|were)\b")
MEASURE = re.compile(r"[%fg]$")

# Of two or more by construction, or no count: file, value and noun. Constants need no line.
RIGHT = {
    ("areas/targets.py", "target.name", "numbers"),
    ("clusters/fit/hdbscan.py", "found.min_cluster_size", "images"),
    ("clusters/number/index_charts.py", "space.removeprefix('pca')", "components"),
    ("clusters/number/recommendation.py", "count", "clusters"),
    ("clusters/number/recommendation.py", "count", "kinds"),
    ("clusters/number/recommendation.py", "space.removeprefix('pca')", "components"),
    ("embeddings/encoders/aspect_ratio.py", "count", "tiles"),
    ("embeddings/encoders/aspect_ratio.py", "side", "pixels"),
    ("embeddings/encoders/imported/vector_file.py", "len(names)", "models"),
    ("files/csv_file.py", "most", "degrees"),
    ("image_decoding.py", "most_pixels // 1000000", "megapixels"),
    ("models/evaluations/sample_size_summary.py", "count", "groups"),
    ("models/metrics/coverage.py", "most", "images"),
    ("models/metrics/coverage.py", "least", "images"),
    ("models/results/validation_rows.py", "len(splits)", "repeats"),
    ("models/validation/task.py", "gaps", "areas"),
    ("perception/published/environment_texts.py", "len(VARIABLES)", "variables"),
    ("perception/published/exported_model.py", "sorted(dimensions)", "numbers"),
    ("points/own_images/position_table.py", "columns.file", "names"),
    ("report/chapters/coverage.py", "'more' if correlation > 0 else 'fewer'", "images"),
    ("cli/perception/run.py", "seed", "repeats"),
    ("study/clusters.py", "key", "names"),
    ("study/yaml.py", "len(text)", "characters"),
    ("files/geo_file.py", "place", "names"),
}


def is_counted(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "counted"


@pytest.fixture(scope="module")
def nodes() -> list[tuple[str, ast.AST]]:
    return [
        (path.relative_to(ROOT).as_posix(), node)
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) or is_counted(node)
    ]


def formatted(nodes: list[tuple[str, ast.AST]]) -> Iterator[tuple[str, ast.FormattedValue, str]]:
    """Give each value of an f-string with the text that follows it."""
    for file, node in nodes:
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in pairwise(parts):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                yield file, value, str(text.value)


def plurals(nodes: list[tuple[str, ast.AST]]) -> set[str]:
    """Give the plural of each noun that the package counts."""
    told = [
        ast.literal_eval(node.args[1])
        for _, node in nodes
        if is_counted(node) and isinstance(node.args[1], ast.Constant)
    ]
    nouns = {text.split()[-1] for text in told} | {text.split()[0] for text in told}
    return {PLURALS.get(noun, f"{noun}s") for noun in nouns | set(FURTHER.split())}


def test_a_number_says_what_it_counts_and_the_verb_agrees():
    assert counted(1, "area") == "1 area"
    assert counted(0, "area") == "0 areas"
    assert counted(1204, "authority", "authorities") == "1,204 authorities"
    assert counted(1, "area has", "areas have") == "1 area has"


def test_no_message_sets_a_plural_behind_a_number_that_may_be_one(nodes):
    known = plurals(nodes)
    wrong, right = set(), set()
    for file, value, text in formatted(nodes):
        said = ast.unparse(value.value)
        form = ast.unparse(value.format_spec)[2:-1] if value.format_spec else ""
        found = NOUN.match(text)
        if not found or found[1] not in known or MEASURE.search(form):
            continue
        if is_counted(value.value) or said.rpartition(".")[2].isupper():
            continue
        key = (file, said, found[1])
        (right if key in RIGHT else wrong).add(key)
    assert not wrong, "say it by text.counted.counted"
    assert right == RIGHT, "take out of RIGHT what is no longer said"


def test_no_verb_in_the_plural_follows_what_may_be_one(nodes):
    wrong = [
        (file, value.lineno, ast.unparse(value.value), found[1])
        for file, value, text in formatted(nodes)
        if is_counted(value.value) and (found := VERB.match(text))
    ]
    assert not wrong, "give counted() the noun with its verb, of one and of several"


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ("report/templates/*.html", r"(thousands|count|length) *}} [a-z]+s\b"),
        ("explorer/page/**/*.js", r"\$\{counted\(\w[^,}]*\)\} [a-z]+s\b"),
    ],
)
def test_nor_does_a_page(files, wrong):
    pages = sorted(ROOT.glob(files))
    assert pages
    found = {
        page.name: line.strip()
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.search(wrong, line)
    }
    assert not found
