import unicodedata
from urllib.parse import unquote

import dagster as dg
import pytest

from streetview_assets.text.safe_name import (
    LONGEST_BYTES,
    ignores_case,
    safe_name,
    told_apart_by_case,
)

ORDINARY = (
    "E08000035",
    "leeds-centre",
    "all",
    "a_b.c",
    "2A004",
    "Murcia",
    "A Coruña",
    "Łódź",
    "東京都",
)
HOSTILE = (
    *("", " ", ".", "..", "...", "../../../../ESCAPED", "/etc/passwd", "a/b", "a\\b", "~", "~root"),
    *("a.", "a ", " a", ".git", "a..b", "a...b", "-", "a\nb", "a\rb", "a\tb", "a\0b", "\x1b[31m"),
    *(
        "A[1]",
        "*",
        "?",
        "{a,b}",
        "[!a]",
        "a,b",
        "a|b",
        "100%",
        "%2F",
        "%",
        "%-",
        "a#b",
        "a;b",
        "a&b",
    ),
    *("$HOME", "`id`", "it's", 'say "so"', "<b>", "a=b", "a:b", "C:", "|id", "!x!", "[red]x[/]"),
    *("CON", "con", "con.txt", "COM1", "Nul", "lpt9.a.b", "study", "Study", "shown"),
    *(
        "é",
        "e\u0301",
        "Ω",
        "Ω".lower(),
        "\u2126",
        "가",
        "\u1100\u1161",
        "x\u030c",
        "\u202e",
        "\ud800",
    ),
    *("n" * 300, "n" * 301, "ü" * 300, "/" * 300, "." * 300),
)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_are_their_own_names(text):
    assert safe_name(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_one_file_in_its_folder_that_tells_it(text, tmp_path):
    folder = tmp_path / "inside"
    folder.mkdir()
    name = safe_name(text)
    (folder / name).write_text("")
    assert [file.name for file in folder.iterdir()] == [name]
    assert [file.name for file in tmp_path.iterdir()] == ["inside"]
    assert len(name.encode()) <= LONGEST_BYTES
    assert not name.startswith(".")
    assert unquote(name, errors="surrogatepass") == text or text == "" or len(text) > 100
    dg.StaticPartitionsDefinition([name])
    assert not set(name) & set("/[]|,*")


def test_texts_that_differ_in_case_alone_are_found(tmp_path):
    assert told_apart_by_case(["A1", "b/", "a1", "B/"]) == ("A1", "a1")
    assert told_apart_by_case(["A1", "A2", "É", "E\u0301"]) == ()
    (tmp_path / "Case").mkdir()
    assert ignores_case(tmp_path / "Case" / "data") == (tmp_path / "cASE").is_dir()


def test_no_two_texts_share_a_name_on_any_file_system():
    texts = [*ORDINARY, *HOSTILE]
    composed = {unicodedata.normalize("NFC", safe_name(text)) for text in texts}
    assert len(composed) == len(set(texts))
