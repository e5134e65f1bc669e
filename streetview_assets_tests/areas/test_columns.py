import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.areas.columns import as_codes, as_numbers, closest, listed, read_source
from streetview_assets.errors import StudyError

WANTED = {"lookup.code": "code", "lookup.value": "value"}


def write_excel(path, sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_three_kinds_of_file_give_the_same(tmp_path):
    rows = [["01", 1.5], ["02", None], ["03", -4.0]]
    frame = pl.DataFrame(rows, schema={"code": pl.String, "value": pl.Float64}, orient="row")
    frame.write_csv(tmp_path / "table.csv")
    frame.write_csv(tmp_path / "table.tsv", separator="\t")
    frame.write_csv(tmp_path / "semicolons.csv", separator=";", decimal_comma=True)
    frame.write_parquet(tmp_path / "table.parquet")
    write_excel(
        tmp_path / "table.xlsx",
        {"one": [["code", "other", "value"], *([a, "x", b] for a, b in rows)]},
    )
    for name in ("table.csv", "table.tsv", "semicolons.csv", "table.parquet", "table.xlsx"):
        source = read_source(tmp_path / name, WANTED)
        assert as_codes(source.frame["code"]).to_list() == ["01", "02", "03"], name
        assert as_numbers(source, "value", "key").to_list() == [1.5, None, -4.0], name


def test_excel_numbers_are_codes_without_a_decimal_point(tmp_path):
    write_excel(tmp_path / "table.xlsx", {"one": [["code", "value"], [101.0, "2.5"], [7, " "]]})
    source = read_source(tmp_path / "table.xlsx", WANTED)
    assert as_codes(source.frame["code"]).to_list() == ["101", "7"]
    assert as_numbers(source, "value", "key").to_list() == [2.5, None]


def test_the_sheet_is_chosen_and_a_wrong_one_named(tmp_path):
    path = tmp_path / "table.xlsx"
    write_excel(path, {"Notes": [["read me"]], "Data": [["code", "value"], ["a", 1]]})
    assert read_source(path, WANTED, "Data").frame.rows() == [("a", "1")]
    with pytest.raises(StudyError, match=r"lookup\.sheet: .*no sheet 'data'.*Notes, Data"):
        read_source(path, WANTED, "data")
    with pytest.raises(StudyError, match=r"sheet 'Notes' \(of the sheets Notes, Data\), has no"):
        read_source(path, WANTED)


@pytest.mark.parametrize(
    ("cell", "row"), [("n/a", 3), ("1,234", 3), ("inf", 3), ("12*", 3), ("[x]", 3)]
)
def test_text_among_numbers_is_found_where_it_stands(tmp_path, cell, row):
    path = tmp_path / "table.csv"
    path.write_text(f'code,value\n01,5\n02,"{cell}"\n03,7\n')
    source = read_source(path, WANTED)
    with pytest.raises(StudyError) as caught:
        as_numbers(source, "value", "targets.0.value")
    for part in ("targets.0.value", str(path), "'value'", f"row {row}:", repr(cell), "leave"):
        assert part in str(caught.value)


def test_dates_and_flags_are_no_numbers(tmp_path):
    frame = pl.DataFrame({"code": ["01"], "value": [True], "day": ["2024-01-01"]})
    frame.with_columns(pl.col("day").str.to_date()).write_parquet(tmp_path / "table.parquet")
    source = read_source(tmp_path / "table.parquet", {"a": "value", "b": "day"})
    for column in ("value", "day"):
        with pytest.raises(StudyError, match=r"row 1: .* is not a number"):
            as_numbers(source, column, "key")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("table.csv", b"", "not readable as a UTF-8 CSV"),
        ("table.csv", "code,value\né,1\n".encode("latin-1"), "not readable as a UTF-8 CSV"),
        ("table.csv", b"code,value\n1,2,3\n", "not readable as a UTF-8 CSV"),
        ("table.xlsx", b"code,value\n1,2\n", "not readable as Excel"),
        ("table.parquet", b"code,value\n1,2\n", "not readable as Parquet"),
        ("table.json", b"{}", r"\.json' are not read as tables"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=rf"{name} \(named at lookup\.code\).*{message}"):
        read_source(tmp_path / name, WANTED)


def test_every_wrong_column_is_said_at_once(tmp_path):
    (tmp_path / "table.csv").write_text("Code,vlaue\n1,2\n")
    with pytest.raises(StudyError) as caught:
        read_source(tmp_path / "table.csv", WANTED)
    assert "lookup.code" in str(caught.value)
    assert "Did you mean 'Code'?" in str(caught.value)
    assert "Did you mean 'vlaue'?" in str(caught.value)
    assert "columns there are: Code, vlaue." in str(caught.value)


@given(st.lists(st.integers(-(2**52), 2**52) | st.none(), min_size=1))
def test_whole_numbers_keep_their_digits_as_codes(numbers):
    expected = [None if number is None else str(number) for number in numbers]
    for dtype in (pl.Int64, pl.Float64):
        assert as_codes(pl.Series(numbers, dtype=dtype)).to_list() == expected


def test_codes_are_listed_in_order_with_their_number():
    assert listed(["b", "a", "b"]) == "a, b"
    assert listed([f"{i:02}" for i in range(20, 0, -1)]) == "01, 02, 03, 04, 05, … (20 in all)"
    assert closest("LSOA21CD", ["lsoa21_code", "name"]) == "lsoa21_code"
    assert closest("zzz", ["lsoa21_code", "name"]) is None
