"""Points go back as the file they came in, with a tag of their cluster."""

import json

import polars as pl
import pytest
import yaml

from streetview_assets.errors import StudyError
from streetview_assets.exports.map_tags import export_tags
from streetview_assets.lake.parquet_lake import Provenance
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.points import Points
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.test_export_hdf5 import PLACES, make_study

# At `a` two images of p1 and three of p2 have a vector; `b` shares the panorama p1; at `d` there
# is nothing.
CLUSTERS = {"p1": (1, 3, 3, 3), "p2": (2, 2, 2, 2), "p3": (5, 5, 4, 5)}
TAGS = {"a": "cluster 2 of 7", "b": "cluster 3 of 7", "c": "cluster 5 of 7", "d": None}
EXTRA = {
    "a": {"extra": {"tags": ["corner", "cluster 2 of 7"]}},
    "b": {"extra": {"panoDate": "2019-05"}, "countryCode": None},
    "c": {"heading": 137, "zoom": 0.5, "panoId": "CAoSLE"},
    "d": {"extra": {"tags": ["mine"]}},
}


def location(name: str) -> dict:
    return {"lat": 53.8, "lng": PLACES[name], "name": name, **EXTRA[name]}


MAP = {
    "name": "Orte",
    "customCoordinates": [
        *(location(name) for name in "cadb"),
        {"lat": 53.8000001, "lng": PLACES["b"], "twice": [1, {"x": "ü"}]},
        {"lng": 5, "lat": 5, "far": True},
    ],
    "extra": {"infoCoordinates": []},
}


def write(opened: OpenStudy, table: str, rows: list[dict]) -> None:
    frame = TABLES[table].frame(rows)
    provenance = Provenance("made", "of")
    opened.lake.write(table, frame, provenance, authority="all", encoder="colour-texture")


@pytest.fixture
def opened(tmp_path):
    opened = make_study(tmp_path)
    (tmp_path / "points.json").write_text(json.dumps(MAP))
    there = opened.read("image_embeddings").filter(status="ok")
    views = opened.read("images").join(there.select("image_id"), on="image_id", how="semi")
    rows = [
        {"authority_code": "all", "image_id": image["image_id"], "encoder": "colour-texture"}
        | {"method": "kmeans", "space": "raw", "k": 7, "distance": 0.1}
        | {"cluster": cluster}
        for image in views.iter_rows(named=True)
        for cluster in [CLUSTERS[image["panorama_id"]][int(image["heading_deg"]) // 90]]
    ]
    write(opened, "cluster_assignments", rows)
    return opened


def tags_of(path) -> dict[str, list]:
    document = json.loads(path.read_text())
    locations = document if isinstance(document, list) else document["customCoordinates"]
    return {one.get("name", one.get("far")): one.get("extra", {}).get("tags") for one in locations}


def test_the_file_goes_out_as_it_came_with_tags(opened, tmp_path):
    written = export_tags(opened, tmp_path / "out" / "tagged.json")
    document = json.loads(written.path.read_text())
    expected = json.loads(json.dumps(MAP))
    for one in expected["customCoordinates"]:
        name = "b" if "twice" in one else one.get("name")
        tag = TAGS.get(name)
        if tag and tag not in one.get("extra", {}).get("tags", []):
            one.setdefault("extra", {}).setdefault("tags", []).append(tag)
    assert document == expected
    assert json.dumps(document) == json.dumps(expected), "another order of keys"
    assert written.counts == {"locations": 6, "with tags": 4}
    assert written.said == [
        "Without a tag, since no image of theirs is in a cluster: 2 locations.",
    ]
    areas = TABLES["areas"].frame()
    before, after = (
        import_points(Points(path=path), areas).points.drop("source_properties")
        for path in (tmp_path / "points.json", written.path)
    )
    assert before.equals(after)
    assert [path.name for path in written.path.parent.iterdir()] == ["tagged.json"]


def test_a_list_stays_a_list_and_a_table_becomes_one(opened, tmp_path):
    (tmp_path / "points.json").write_text(json.dumps([location("c")]))
    path = export_tags(opened, tmp_path / "t.json").path
    assert json.loads(path.read_text()) == [location("c") | {"extra": {"tags": [TAGS["c"]]}}]
    study = yaml.safe_load((tmp_path / "study.yaml").read_text())
    (tmp_path / "points.csv").write_text("lat,lon\n53.8,-1.51\n")
    study["points"] = {"path": "points.csv"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    of_table = OpenStudy(load_study(tmp_path / "study.yaml"), opened.root)
    found = json.loads(export_tags(of_table, tmp_path / "t.json").path.read_text())
    assert {one["lng"]: one.get("extra") for one in found} == {
        PLACES[name]: tag and {"tags": [tag]} for name, tag in TAGS.items()
    }
    points = import_points(Points(path=tmp_path / "t.json"), TABLES["areas"].frame()).points
    assert points["point_id"].to_list() == opened.read("sample_points")["point_id"].to_list()


def test_by_heading_each_view_has_a_tag(opened, tmp_path):
    found = tags_of(export_tags(opened, tmp_path / "t.json", by_heading=True).path)
    assert found["c"] == [f"heading {heading}: cluster 5 of 7" for heading in (0, 90, 270)], (
        "the view that is missing has no cluster"
    )
    assert found["a"][2] == "heading 0: cluster 1 of 7", "of two images, the lower number"
    assert found["d"] == ["mine"]


def test_the_likeliest_label_comes_along_where_asked(opened, tmp_path):
    with pytest.raises(StudyError, match="no image has a label"):
        export_tags(opened, tmp_path / "t.json", labels=True)
    rows = [
        {"authority_code": "all", "image_id": image_id, "encoder": "colour-texture"}
        | {"label": label, "similarity": 0.2, "probability": value, "is_best": value > 0.5}
        for image_id in opened.read("images")["image_id"]
        for label, value in (("shop", 0.7), ("house", 0.3))
    ]
    write(opened, "label_scores", rows)
    found = tags_of(export_tags(opened, tmp_path / "t.json", labels=True).path)
    assert found["c"] == ["cluster 5 of 7", "shop"]


def test_other_clusters_are_fitted_for_the_file_and_said_to_be(opened, tmp_path):
    written = export_tags(opened, tmp_path / "t.json", k=2, space="pca3")
    found = tags_of(written.path)
    assert found["c"][0] in {"cluster 1 of 2 (pca3)", "cluster 2 of 2 (pca3)"}
    assert written.said[0].startswith("The study has no 2 clusters in pca3")
    again = export_tags(opened, tmp_path / "u.json", k=2, space="pca3")
    assert again.path.read_text() == written.path.read_text()
    for options, why in (
        ({"space": "umap"}, "no space 'umap'"),
        ({"k": 1}, "2 to 500"),
        ({"k": 400}, "no 400 clusters in raw: too few images"),
    ):
        with pytest.raises(StudyError, match=why):
            export_tags(opened, tmp_path / "v.json", **options)
    assert not (tmp_path / "v.json").exists()


def test_the_file_that_came_in_is_never_written_over(opened, tmp_path):
    before = (tmp_path / "points.json").read_bytes()
    with pytest.raises(StudyError, match="the study's own file of points"):
        export_tags(opened, tmp_path / "." / "points.json")
    assert (tmp_path / "points.json").read_bytes() == before


def test_a_study_that_has_not_run_says_so(opened, tmp_path):
    for table in ("cluster_assignments", "image_embeddings"):
        write(opened, table, [])
    with pytest.raises(StudyError, match=r"no image has a vector yet.*streetview run"):
        export_tags(opened, tmp_path / "t.json")
    assert isinstance(opened.read("cluster_assignments"), pl.DataFrame)
