"""The dictionary of a published study, and questions one after the other."""

import io
import os
import pty
import sys

import polars as pl
import pytest

from streetview_assets.cli.describe import describe_table, describe_tables, write_dictionary
from streetview_assets.cli.sql_prompt import ask_in_turn
from streetview_assets.cli.tables import show_frame
from streetview_assets.errors import StudyError
from streetview_assets.study_state.open_study import OpenStudy


@pytest.fixture
def opened(published_once) -> OpenStudy:
    return OpenStudy(published_once.study, published_once.lake.root)


def test_every_table_is_listed_and_every_column_of_one(opened, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    describe_tables(opened)
    said = capsys.readouterr().out
    assert all(name in said for name in ("areas", "area_profile", "about", "findings"))
    describe_table(opened, "area_profile")
    lines = capsys.readouterr().out.splitlines()
    (reason,) = [line for line in lines if line.startswith("reason ")]
    assert "varchar" in reason
    assert "%" in reason


def test_a_table_that_is_none_names_those_of_a_like_name(opened):
    with pytest.raises(StudyError, match=r"'area_profil' is published\. Did you mean area_profile"):
        describe_table(opened, "area_profil")
    with pytest.raises(StudyError, match="no table"):
        describe_table(opened, 'areas"; drop table areas; --')


def test_the_page_has_all_of_it(opened, tmp_path):
    write_dictionary(opened, tmp_path / "dictionary.md")
    page = (tmp_path / "dictionary.md").read_text()
    wanted = opened.sql("select table_name from duckdb_tables() where database_name = 'streetview'")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        f"## {name}" for name in wanted["table_name"]
    ]
    assert "| `area_code` | varchar | 100% |" in page


def test_questions_of_a_pipe_are_answered_in_turn(opened, capsys, monkeypatch):
    asked = "select 40 + 2 as answer;\n\n\\d about\nselect\n  count(*) as n\nfrom areas"
    monkeypatch.setattr(sys, "stdin", io.StringIO(asked))
    ask_in_turn(opened)
    said = capsys.readouterr().out
    for told in ("answer", "42", "build_id", "│ 5 "):
        assert told in said
    monkeypatch.setattr(sys, "stdin", io.StringIO("drop table areas;"))
    with pytest.raises(StudyError, match="one select is expected"):
        ask_in_turn(opened)


def test_a_file_of_questions_is_read_each_below_what_it_asks(opened, capsys, monkeypatch, tmp_path):
    asked = tmp_path / "asked.sql"
    asked.write_text(
        "-- 1. How many?\nselect count(*) as n\nfrom areas;\n\n-- 2. Sum?\nselect 6 * 7;\n"
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO(f".read {asked}\nselect 13;"))
    ask_in_turn(opened)
    said = capsys.readouterr().out
    told = [said.index(words) for words in ("1. How many?", "│ 5 ", "2. Sum?", "│ 42 ", "│ 13 ")]
    assert told == sorted(told)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f".read {tmp_path / 'none.sql'}"))
    with pytest.raises(StudyError, match="not readable as a file of questions"):
        ask_in_turn(opened)


def test_at_a_terminal_a_refused_question_is_told_and_the_next_answered(
    opened, capsys, monkeypatch
):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(ours, b"selec 1;\n\\x\nselect 6 * 7\n as answer;\n\\q\nselect 13 as never;\n")
        ask_in_turn(opened)
    os.close(ours)
    said = capsys.readouterr().out
    assert "DuckDB refuses the query" in said
    assert "no command '\\\\x'" in said
    assert "42" in said
    assert "never" not in said


def test_ctrl_c_at_the_prompt_takes_back_what_was_typed_and_no_more(opened, capsys, monkeypatch):
    typed = iter(["select 1 +", KeyboardInterrupt, "select 6 * 7;", EOFError])

    def type_next(prompt: str) -> str:
        line = next(typed)
        if isinstance(line, str):
            return line
        raise line

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", type_next)
    ask_in_turn(opened)
    said = capsys.readouterr().out
    assert "│ 42 " in said
    assert "refuses" not in said


def test_many_columns_stand_side_by_side_where_there_is_room(capsys, monkeypatch):
    frame = pl.DataFrame({f"c{number}": [number] for number in range(10)})
    for columns, heads in (("140", "c9"), ("40", "row 1")):
        monkeypatch.setenv("COLUMNS", columns)
        show_frame(frame)
        said = capsys.readouterr().out
        assert heads in said.splitlines()[1]
