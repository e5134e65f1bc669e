"""Tags are added to those that a location has, and all else stays as it came."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.errors import StudyError
from streetview_assets.points.imported.locations import tagged

texts = st.lists(st.sampled_from(["cluster 1 of 7", "corner", "Straße", ""]), max_size=4)


def test_tags_come_after_those_that_are_there_and_never_twice():
    location = {"lat": 1, "extra": {"a": 0, "tags": ["corner", 3], "panoDate": "2019"}, "zoom": 0}
    before = copy.deepcopy(location)
    found = tagged(location, ["shop", "corner", "shop"], place="here")
    assert found == {
        "lat": 1,
        "extra": {"a": 0, "tags": ["corner", 3, "shop"], "panoDate": "2019"},
        "zoom": 0,
    }
    assert [list(found), list(found["extra"])] == [list(before), list(before["extra"])]
    assert location == before, "the input was changed"


@pytest.mark.parametrize("extra", [{}, {"extra": None}, {"extra": {}}, {"extra": {"tags": None}}])
def test_where_there_are_no_tags_yet_they_are_made(extra):
    assert tagged({"lat": 1, **extra}, ["a"], place="here") == {"lat": 1, "extra": {"tags": ["a"]}}


@given(texts, texts)
def test_a_second_time_changes_nothing(own, new):
    once = tagged({"extra": {"tags": own}}, new, place="here")
    assert tagged(once, new, place="here") == once
    assert once["extra"]["tags"][: len(own)] == own
    assert set(once["extra"]["tags"]) == {*own, *new}


def test_without_tags_nothing_is_touched():
    assert tagged({"extra": "odd"}, [], place="here") == {"extra": "odd"}


@pytest.mark.parametrize("extra", ["text", 3, ["a"], {"tags": "corner"}, {"tags": {"a": 1}}])
def test_what_tags_cannot_be_added_to_is_refused_by_place(extra):
    with pytest.raises(StudyError, match=r"map\.json, location 2: `extra.* expected"):
        tagged({"extra": extra}, ["a"], place="map.json, location 2")
