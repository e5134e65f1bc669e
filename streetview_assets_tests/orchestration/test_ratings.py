"""Ratings in a study: GeoJSON of averages, who gave them, and what is remade when files change."""

import json

import pytest
import yaml

from streetview_assets.errors import StudyError
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.orchestration.runs.preflight import check_inputs
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.points.street_stores import jpeg

ASSETS = frozenset({"sample_points", "panoramas", "images", "ratings", "image_ratings"})
STUDY = {
    "name": "rated",
    "points": {"from": "images"},
    "images": {"provider": "folder", "path": "photos", "positions": "photos.csv"},
    "perception": {
        **{"ratings": "data.geojson", "demographics": "demo.csv", "qualities": ["safety"]},
        **{"groups": {"region": ["NL", "non-NL"]}, "least_raters": 2},
    },
}
HEADER = "image_id,category_id,rating,age,country,postalcode,session_id"
PEOPLE = ["30,The Netherlands,,s1", "40,,1234 ab,s2", "50,Spain,,s3"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A study of four photos, of which three were rated, each by three people."""
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    (tmp_path / "photos").mkdir()
    for number in range(4):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(jpeg(number))
    places = "".join(f"{number}.jpg,{-1.5 + number / 100},53.8\n" for number in range(4))
    (tmp_path / "photos.csv").write_text("file,lon,lat\n" + places)
    features = [
        {"type": "Feature", "geometry": None, "properties": properties}
        for properties in (
            {"image_id": 10 + number, "url": f"https://host/{number}.jpg", "average_safety": 3}
            for number in range(3)
        )
    ]
    (tmp_path / "data.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    rows = [
        f"{10 + number},{category},{1 + (number + place) % 5},{person}"
        for number in range(3)
        for category in (1, 5)
        for place, person in enumerate(PEOPLE)
    ]
    (tmp_path / "demo.csv").write_text("\n".join([HEADER, *rows, "99,5,3,20,Spain,,s4"]))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    return tmp_path


def test_ratings_find_their_images_and_follow_their_files_by_content(folder):
    opened = open_study(folder / "study.yaml")
    assert not run_study(opened, only=ASSETS).failures
    ratings = opened.read("ratings")
    assert dict(ratings["status"].value_counts().rows()) == {
        **{"ok": 9, "not_asked": 10 - 1, "no_image": 1}
    }
    assert "1234 ab" not in str(ratings.rows())
    scores = opened.read("image_ratings")
    files = opened.read("images").select("image_id", "source_path")
    by_file = scores.join(files, on="image_id").sort("source_path", "group_name")
    assert by_file.select("source_path", "group_name", "score", "rater_count").rows() == [
        row
        for number in range(3)
        for row in (
            (f"{number}.jpg", "all", pytest.approx(2 + number), 3),
            (f"{number}.jpg", "region NL", pytest.approx(1.5 + number), 2),
        )
    ]

    text = (folder / "demo.csv").read_text()
    (folder / "demo.csv").write_text(text.replace(",", ";"))
    again = open_study(folder / "study.yaml")
    assert not again.is_fresh("ratings", None), "the file is another"
    assert not run_study(again, only=frozenset({"ratings"})).failures
    assert again.is_fresh("image_ratings", None), "what it says is the same"
    assert again.read("ratings").equals(ratings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"qualities": ["safty"]}, "nobody rated 'safty'. Did you mean 'safety'?"),
        ({"ratings": "study.yaml"}, "files of kind '.yaml' are not read as ratings"),
        ({"comparisons": "pairs.csv"}, "'safety' is compared there and rated in"),
        ({"columns": {"left": "x"}, "comparisons": "pairs.csv"}, "has no column 'x'"),
    ],
)
def test_a_wrong_file_is_told_before_anything_runs(folder, change, said):
    (folder / "pairs.csv").write_text("left,right,choice,quality\n0.jpg,1.jpg,left,safety\n")
    study = STUDY | {"perception": STUDY["perception"] | change}
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    with pytest.raises(StudyError) as error:
        check_inputs(open_study(folder / "study.yaml"))
    assert said in str(error.value)
    assert str(folder / "study.yaml") in str(error.value)
