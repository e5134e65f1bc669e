"""Images are found by the names that came with ratings, whatever roots these begin with."""

import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.perception.ratings.image_names import match_names
from streetview_assets.perception.ratings.matched_rows import with_images
from streetview_assets.perception.ratings.rated_places import NEAR

IMAGES = pl.DataFrame(
    [
        ("i1", "p1", "north/1.jpg", "i1"),
        ("i2", "p2", "south/1.jpg", "i2"),
        ("i3", "p3", "south/Café 2.JPG", "i3"),
        ("v1", "pano", None, "v1"),
        ("v2", "pano", None, "v1"),
        ("w1", "two", None, "w1"),
        ("w2", "two", None, "w2"),
    ],
    schema=["image_id", "panorama_id", "source_path", "seen_id"],
    orient="row",
)


@pytest.mark.parametrize(
    ("name", "image", "status"),
    [
        ("north/1.jpg", "i1", "ok"),
        ("https://host/survey/south/1.jpg", "i2", "ok"),
        ("C:\\photos\\south\\caf%C3%A9 2.jpeg", "i3", "ok"),
        ("https://elsewhere/Cafe\u0301 2.JPG", "i3", "ok"),
        ("https://elsewhere/1.jpg", None, "ambiguous"),
        ("i1", "i1", "ok"),
        ("https://host/i2.png", "i2", "ok"),
        ("v2.jpg", "v1", "ok"),
        ("https://host/pano.jpg", "v1", "ok"),
        ("two", None, "ambiguous"),
        ("3.jpg", None, "no_image"),
        ("", None, "no_image"),
    ],
)
def test_a_name_is_of_one_image_or_says_why_not(name, image, status):
    found = match_names(pl.Series([name, name]), IMAGES)
    assert found.select("name", "image_id", "status").rows() == [(name, image, status)]
    assert (found["reason"][0] is None) == (status == "ok")


def test_no_image_is_found_by_the_place_of_its_row():
    names = ["south/1.jpg", "none.jpg", "north/1.jpg"]
    for order in (names, names[::-1]):
        found = dict(match_names(pl.Series(order), IMAGES).select("name", "image_id").rows())
        assert found == {"south/1.jpg": "i2", "none.jpg": None, "north/1.jpg": "i1"}


def test_a_file_of_which_no_name_is_an_image_is_refused(read):
    rows = read("image,rating\nx.jpg,1\ny.jpg,2\n")
    with pytest.raises(
        StudyError, match=r"none of the 2 rated images .* name x\.jpg, y\.jpg; the study"
    ):
        with_images(rows, IMAGES, pl.DataFrame(schema=NEAR), None)


def test_every_rating_says_what_became_of_it(read):
    rows = read(
        "image,quality,rating\nnorth/1.jpg,safe,1\nnorth/1.jpg,green,1\nsouth/1.jpg,safe,\n"
        "x.jpg,safe,1\n1.jpg,safe,1\n"
    )
    table = with_images(rows, IMAGES, pl.DataFrame(schema=NEAR), ("safe",))
    told = {
        (name, quality): status
        for name, quality, status in table.select("image_name", "quality", "status").rows()
    }
    assert told == {
        ("north/1.jpg", "safe"): "ok",
        ("north/1.jpg", "green"): "not_asked",
        ("south/1.jpg", "safe"): "no_value",
        ("x.jpg", "safe"): "no_image",
        ("1.jpg", "safe"): "ambiguous",
    }
    assert table.filter(pl.col("status") != "ok")["reason"].null_count() == 0
