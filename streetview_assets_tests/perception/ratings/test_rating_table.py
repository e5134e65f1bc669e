"""CSV of ratings in the shapes people have, and one clear error for each fault."""

import polars as pl
import pytest

from streetview_assets.errors import StudyError

SHOWN = ("image_name", "quality", "value", "spread", "rating_count", "rater_id", "source")


def rows(frame, *columns):
    return sorted(frame.select(columns or SHOWN).rows(), key=str)


def test_a_row_a_rating_keeps_who_rated_and_no_postcode(read):
    frame = read(
        "file,quality,rating,user_id,age,gender,country,postcode\n"
        "a/1.jpg,safe,4,u1,30,woman,,1234 ab\n"
        "a/1.jpg,safe,2,u2,,man,Spain,08001\n"
    )
    assert rows(frame) == [
        ("a/1.jpg", "safe", 2.0, None, 1, "u2", "ratings"),
        ("a/1.jpg", "safe", 4.0, None, 1, "u1", "ratings"),
    ]
    assert rows(frame, "rater_id", "age", "region") == [("u1", 30.0, "NL"), ("u2", None, "non-NL")]
    assert "1234 ab" not in str(frame.rows())


def test_several_columns_of_values_are_as_many_qualities(read):
    text = "photo;safe;green;n\n1.jpg;3,5;4;10\n2.jpg;;2;8\n"
    columns = {"value": {"safety": "safe", "greenness": "green"}}
    frame = read(text, columns=columns)
    assert rows(frame) == [
        ("1.jpg", "greenness", 4.0, None, 10, None, "averages"),
        ("1.jpg", "safety", 3.5, None, 10, None, "averages"),
        ("2.jpg", "greenness", 2.0, None, 8, None, "averages"),
        ("2.jpg", "safety", None, None, 8, None, "averages"),
    ]


def test_scores_of_place_pulse_are_averages_by_study(read):
    text = "location_id\tstudy_id\ttrueskill.score\tnum_votes\nx1\ts1\t24.5\t7\nx1\ts2\t20\t5\n"
    assert rows(read(text, name="qscores.tsv")) == [
        ("x1", "s1", 24.5, None, 7, None, "averages"),
        ("x1", "s2", 20.0, None, 5, None, "averages"),
    ]


def test_a_file_without_a_column_of_qualities_rates_the_one_that_is_asked_for(read):
    text = "image_id,rating\n1,3\n1,4\n"
    assert set(read(text, qualities=("calm",))["quality"]) == {"calm"}
    assert rows(read(text)) == [
        ("1", "rating", value, None, 1, None, "ratings") for value in (3, 4)
    ]


def test_places_come_with_averages_by_group_of_people(read, shared_data):
    text = (shared_data / "perception" / "streetception_frankfurt.csv").read_text()
    frame = read(text)
    assert frame["place_id"].n_unique() == 753
    counted = frame.group_by("quality", "group_name").len()
    assert set(counted.filter(quality="safety")["group_name"]) == {
        *(None, "gender male", "gender female", "age 19-39", "age 40-59", "age 60+")
    }
    first = frame.filter(quality="safety", place_id="50.084749_8.570908")
    assert rows(first, "group_name", "value", "spread", "rating_count") == [
        ("age 19-39", 3.25, None, 4),
        ("age 40-59", 3.25, None, 4),
        ("age 60+", None, None, None),
        ("gender female", 3.17, None, 6),
        ("gender male", 3.5, None, 2),
        (None, 3.3, 0.87, 9),
    ]


def test_equal_rows_are_two_ratings_whatever_the_order_of_rows(read):
    lines = ["1.jpg,3,u1", "1.jpg,3,u1", "2.jpg,3,u1"]
    ids = [
        read("\n".join(["image,rating,rater", *lines[::step]]))["rating_id"].sort().to_list()
        for step in (1, -1)
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


def test_hostile_text_is_text(read):
    name = "../../etc/passwd'; drop table ratings; --<script>" + "x" * 300 + "\u202e"
    frame = read(f'image,quality,rating\n"{name}","{name}",1\n')
    assert frame.select("image_name", "quality").row(0) == (name, name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,rating\n1.jpg,good\n", "column 'rating', row 2: 'good' is not a finite number"),
        ("image,rating\n1.jpg,-inf\n", "column 'rating', row 2: '-inf' is not a finite number"),
        ("image,rating\n,1\n", "column 'image', row 2: nothing stands there"),
        ("image,safe\n1.jpg,1\n", "no column holds ratings. Name it under perception.columns.valu"),
        ("who,rating\n1.jpg,1\n", "no column says which image or place is rated"),
        ("lon,lat,rating\n8,95,1\n", "column 'lat', row 2: '95' is not between -90 and 90"),
        ("lon,lat,rating\n8,,1\n", "column 'lat', row 2: nothing stands there"),
        ("image,rating,count\n1.jpg,1,-4\n", "column 'count', row 2: '-4' is below 0"),
        ("image,rating,rating_id\n1,1,7\n2,1,7\n", "rating_id '7' stands there twice for 'rating'"),
        ("image,rating\n1.jpg,1,2\n", "row 2: 3 cells below 2 names"),
        ("image,rating\n", "has a header and no rows"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_place(read, tmp_path, text, said):
    with pytest.raises(StudyError) as error:
        read(text)
    assert said in str(error.value)
    assert str(error.value).startswith(f"perception.ratings: {tmp_path / 'given.csv'}")


def test_a_column_that_the_study_names_has_to_be_there(read):
    with pytest.raises(StudyError, match=r"columns\.image: .* no column 'phot'\. Did you mean 'ph"):
        read("photo,rating\n1,2\n", columns={"image": "phot"})


def test_nothing_written_in_the_ways_of_other_programs_is_no_value(read):
    frame = read("image,rating\n1,NaN\n2,NA\n3,null\n4,\n5,2\n")
    assert frame["value"].to_list() == [None, None, None, None, 2]
    assert frame.schema["value"] == pl.Float64


def test_ids_of_who_rated_are_named_by_a_csv_beside_them(read, tmp_path):
    (tmp_path / "demo.csv").write_text("image_id,category_id,rating\n7,5,4\n8,5,2\n")
    text = "image_id,filename,mean\n7,a/1.jpg,3\n"
    frame = read(text, demographics=tmp_path / "demo.csv")
    assert rows(frame, "image_name", "quality", "value") == [
        ("8", "safety", 2.0),
        ("a/1.jpg", "safety", 4.0),
    ]


def test_columns_called_as_the_qualities_of_the_study_are_theirs(read):
    text = "image_id,url,Walkability,walkability_sd,n,shops\n7,https://host/a.jpg,3.5,0.5,4,9\n"
    frame = read(text, qualities=("walkability",))
    assert rows(frame) == [
        ("https://host/a.jpg", "walkability", 3.5, 0.5, 4, None, "averages"),
    ]
