"""Groups of people: ages with both ends, and the region, however it was written."""

import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.perception.ratings.groups import (
    age_range,
    is_from_nl,
    is_of_age,
    rater_groups,
    region_of,
)
from streetview_assets.study.perception import RaterGroups


@pytest.mark.parametrize(
    ("country", "postcode", "region"),
    [
        *((dutch, None, "NL") for dutch in ("NL", "nl ", "The Netherlands", "NEDERLAND", "Dutch")),
        *(("", postcode, "NL") for postcode in ("1234AB", "1234 ab", " 1234  Ab ")),
        ("Belgium", "1000", "non-NL"),
        ("Finland", None, "non-NL"),  # has an `nl` in it
        (None, "12345 AB", "non-NL"),
        (None, " ", None),
    ],
)
def test_a_region_is_told_however_it_is_written(country, postcode, region):
    schema = {"country": pl.String, "postalcode": pl.String}
    person = pl.DataFrame([(country, postcode)], schema=schema, orient="row")
    assert person.select(region_of()).item() == region
    assert person.select(is_from_nl()).item() is (region == "NL")


def test_both_ends_of_an_age_are_in_it():
    ages = pl.DataFrame({"age": [17.0, 18, 29, 30, 120, None]})
    assert ages.filter(is_of_age("18-29"))["age"].to_list() == [18, 29]
    assert ages.filter(is_of_age("30+"))["age"].to_list() == [30, 120]
    assert (age_range("18"), age_range("18,29")) == ((18, 120), (18, 29))


@pytest.mark.parametrize("text", ["", "a", "18-", "-18", "30-18", "1-2-3", "18;29"])
def test_what_is_no_range_of_ages_is_refused(text):
    with pytest.raises(StudyError, match="age"):
        age_range(text)


def test_groups_are_those_that_are_named_and_there():
    people = pl.DataFrame(
        {
            "age": [20.0, 40, None],
            "gender": ["Woman", "woman ", "<script>"],
            "education": [None, "University", None],
            "region": ["NL", None, "non-NL"],
        }
    )
    wishes = RaterGroups(age=("18-29",), gender=True, region=("non-NL",), education=True)
    sizes = {
        group.name: people.filter(group.members).height for group in rater_groups(wishes, people)
    }
    assert sizes == {
        **{"all": 3, "age 18-29": 1, "gender <script>": 1, "gender woman": 2},
        **{"education university": 1, "region non-NL": 1},
    }
    with pytest.raises(StudyError, match="'Holland' is not known"):
        rater_groups(RaterGroups(region=("Holland",)), people)
