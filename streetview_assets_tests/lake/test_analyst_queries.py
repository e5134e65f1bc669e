"""The questions of the documentation are asked of a published file, word for word."""

import re
import runpy
from pathlib import Path

import pytest

from streetview_assets.warehouse.published_query import query_published

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how_to" / "ask_the_database.md"


def _questions() -> dict[str, str]:
    """Give the SQL of each question of the page, by the question."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    asked = {part.partition("\n")[0]: _queries(part) for part in parts}
    return {
        f"{question} ({number})": sql
        for question, queries in asked.items()
        for number, sql in enumerate(queries, start=1)
    }


def _queries(text: str) -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ASKED = [
    pytest.param(sql, id=f"{page.name} {number}")
    for page in PAGES
    for number, sql in enumerate(_queries(page.read_text(encoding="utf-8")), start=1)
]
QUESTIONS = _questions()
QUESTIONS |= {
    page: _queries((ROOT / page).read_text(encoding="utf-8"))[0]
    for page in ("README.md", "docs/how_to/read_the_scores.md")
}


def test_the_file_that_can_be_read_has_the_questions_of_the_page():
    written = runpy.run_path(str(ROOT / "docs" / "questions.py"))["questions"](
        PAGE.read_text("utf-8")
    )
    assert written == PAGE.with_name("questions.sql").read_text("utf-8"), "run `make docs`"


def test_there_are_ten_questions():
    numbers = {question.partition(".")[0] for question in QUESTIONS if question[0].isdigit()}
    assert len(numbers) == 10


@pytest.mark.parametrize("sql", ASKED)
def test_a_query_of_any_page_asks_for_what_is_there(published_once, sql: str):
    query_published(published_once.lake.root, f"select * from ({sql.rstrip().rstrip(';')}) limit 0")


def test_the_front_page_opens_a_study_as_it_says(published_once, tmp_path, monkeypatch):
    (code,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / published_once.study.name).symlink_to(published_once.lake.root)
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path))
    monkeypatch.chdir(published_once.file.parent)
    Path("leeds.yaml").write_text(published_once.file.read_text("utf-8"), "utf-8")
    there = {}
    exec(code, there)  # the page's own words
    assert there["profile"].height == len(there["areas"]) > 0
    assert there["areas"].crs == 4326


@pytest.mark.parametrize("question", QUESTIONS)
def test_question_has_an_answer(published_once, question: str):
    answer = query_published(published_once.lake.root, QUESTIONS[question])
    if "(2)" in question or "read_the_scores" in question:
        return  # the small study has no scores by group, and no headline
    assert answer.height > 0, f"{question}: no row, though the small study has some"
    empty = [column.name for column in answer if column.null_count() == answer.height]
    assert set(empty) <= {"note"}, f"{question}: nothing but nulls in {empty}"
