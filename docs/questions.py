"""Writes the queries of a page as a file that DuckDB and the prompt can `.read`: `make docs`."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "how_to"
PAGE = FOLDER / "ask_the_database.md"
FILE = FOLDER / "questions.sql"
HEAD = (
    "-- The questions of ask_the_database.md, written by `make docs`. In DuckDB or the prompt of\n"
)
HEAD += "-- `streetview sql`: .read docs/how_to/questions.sql\n"


def questions(page: str) -> str:
    """Give the queries of a page, each below the heading that it answers."""
    parts = re.findall(r"^## ([^\n]+)$|^```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    texts = [f"\n-- {heading}" if heading else f"{query.rstrip()};" for heading, query in parts]
    return HEAD + "\n".join(texts) + "\n"


if __name__ == "__main__":
    FILE.write_text(questions(PAGE.read_text("utf-8")), "utf-8")
