"""Ratings with who gave them: the file of the percept project, and files that are wrong."""

import pytest

from streetview_assets.errors import StudyError
from streetview_assets.perception.ratings.demographics import CATEGORIES, read_demographics

HEADER = "image_id,category_id,rating,age,gender,country,postalcode,education,session_id\n"


def _file(tmp_path, rows, header=HEADER, encoding="utf-8"):
    path = tmp_path / "demo.csv"
    path.write_bytes((header + rows).encode(encoding))
    return path


def test_a_rating_keeps_who_gave_it(tmp_path):
    rows = '007,5,4,33,woman,The Netherlands,,University,s1\n8.0,1,2,,,"Congo, DR",,,s2\n'
    read = read_demographics(_file(tmp_path, rows))
    assert read.select("image_id", "quality", "value", "rater_id", "age", "region").rows() == [
        ("007", "safety", 4.0, "s1", 33.0, "NL"),
        ("8", "walkability", 2.0, "s2", None, "non-NL"),
    ]


def test_the_categories_are_counted_as_the_survey_counts_them(tmp_path):
    rows = "".join(f"1,{at},3,20,,,,,\n" for at in range(1, 6))
    assert tuple(read_demographics(_file(tmp_path, rows))["quality"]) == CATEGORIES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_any_usual_form_of_csv_is_read(tmp_path, separator, encoding):
    decimal = "3,5" if separator == ";" else "3.5"
    text = f"Image_ID,Category_ID,Rating\n1,2,{decimal if separator != ',' else '3.5'}\n"
    if separator != ",":
        text = text.replace("3,5", "#").replace(",", separator).replace("#", "3,5")
    read = read_demographics(_file(tmp_path, text, header="", encoding=encoding))
    assert read.select("image_id", "quality", "value").rows() == [("1", "bikeability", 3.5)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,1,3,20,,,,,\n1,1,four,20,,,,,\n", "column 'rating', row 3: 'four' is not a finite"),
        ("1,1,inf,20,,,,,\n", "column 'rating', row 2: 'inf' is not a finite number"),
        ("1,1,,20,,,,,\n", "column 'rating', row 2: nothing stands there"),
        ("\n1,6,3,20,,,,,\n", "column 'category_id', row 3: '6' is no category"),
        ("1,1,3,young,,,,,\n", "column 'age', row 2: 'young' is not a finite number"),
        (",1,3,20,,,,,\n", "column 'image_id', row 2"),
        ("1,1,3,20,,,,,,,,,\n", "row 2: 13 cells below 9 names"),
        ("", "has a header and no rows"),
    ],
)
def test_what_is_wrong_is_told_by_column_and_row(tmp_path, rows, said):
    path = _file(tmp_path, rows)
    with pytest.raises(StudyError) as error:
        read_demographics(path)
    assert said in str(error.value)
    assert str(error.value).startswith(f"perception.demographics: {path}")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("image_id,rating\n", "no column 'category_id'"),
        ("image_id,image_id,category_id,rating\n", "two columns 'image_id'"),
        ("", "is empty"),
    ],
)
def test_a_wrong_header_is_told(tmp_path, header, said):
    with pytest.raises(StudyError, match=said):
        read_demographics(_file(tmp_path, "", header=header))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused_with_the_remedy(tmp_path, encoding):
    path = _file(tmp_path, "1,1,3,20,é,,,,\n" * 9, encoding=encoding)
    with pytest.raises(StudyError, match="Save it as CSV in UTF-8"):
        read_demographics(path)
