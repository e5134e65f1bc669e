"""The questions of the README are asked of a published file, word for word."""

import re
from pathlib import Path

import pytest

from streetview_assets.warehouse.published_query import query_published

README = Path(__file__).parents[2] / "README.md"
HEADING = "## Ten questions an analyst asks"


def _questions() -> dict[str, str]:
    """Give the SQL of each question of the README, by the question."""
    _, _, after = README.read_text(encoding="utf-8").partition(f"{HEADING}\n")
    chapter = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"^### (.+?)\n(.*?)^```sql\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    return {question: sql for question, _, sql in found}


QUESTIONS = _questions()
pytestmark = pytest.mark.skipif(not QUESTIONS, reason=f"the README has no chapter `{HEADING}`")


def test_there_are_ten_questions():
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize("question", QUESTIONS)
def test_question_has_an_answer(published_once, question: str):
    answer = query_published(published_once.lake.root, QUESTIONS[question])
    assert answer.height > 0, f"{question}: no row, though the small study has some"
    empty = [column.name for column in answer if column.null_count() == answer.height]
    assert set(empty) <= {"note"}, f"{question}: nothing but nulls in {empty}"
