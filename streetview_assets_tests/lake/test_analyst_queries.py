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


@pytest.mark.parametrize("question", QUESTIONS)
def test_question_has_an_answer(published_once, question: str):
    answer = query_published(published_once.lake.root, QUESTIONS[question])
    if "(2)" in question or "read_the_scores" in question:
        return  # the small study has no scores by group, and no headline
    assert answer.height > 0, f"{question}: no row, though the small study has some"
    empty = [column.name for column in answer if column.null_count() == answer.height]
    assert set(empty) <= {"note"}, f"{question}: nothing but nulls in {empty}"
