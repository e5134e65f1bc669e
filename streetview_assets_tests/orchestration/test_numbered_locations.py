"""A group with folders of views by number moves in: sv-clustering's layout, without a table."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from streetview_assets.exports.cluster_results import export_cluster_results
from streetview_assets.exports.map_tags import export_tags
from streetview_assets.orchestration.assets import (
    cluster_meaning,
    clusters,
    embeddings,
    images,
    layout,
    points,
)
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.orchestration.test_layout import make

UP_TO_MAPS = (
    points.sample_points,
    images.panoramas,
    images.images,
    embeddings.encoders,
    embeddings.image_embeddings,
    embeddings.panorama_embeddings,
    clusters.cluster_model,
    clusters.cluster_assignments,
    clusters.cluster_shares,
    cluster_meaning.cluster_meaning,
)
COUNT, HEADINGS = 9, (0, 90, 180, 270)
KINDS = ((30, 120, 40), (150, 60, 40), (20, 60, 160))


def write_locations(folder: Path) -> None:
    """Write the list of locations, from 0, and their folders, in which one view is missing."""
    rng = np.random.default_rng(1)
    listed = []
    for number in range(COUNT):
        here = folder / "images" / f"location_{number}"
        here.mkdir(parents=True)
        for heading in HEADINGS:
            noise = rng.integers(-20, 20, (32, 32, 3))
            pixels = np.clip(np.array(KINDS[number % 3]) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(here / f"heading_{heading}.jpg")
        Image.new("RGB", (128, 32)).save(here / "stitched_panorama.jpg")
        place = {"lat": -33.4 - 0.01 * number, "lng": -70.6, "panoId": f"p{number}"}
        listed.append({**place, "heading": 17 * number, "pitch": 0, "zoom": 0})
    (folder / "images" / "location_4" / "heading_90.jpg").unlink()
    beyond = folder / "images" / f"location_{COUNT}"
    beyond.mkdir()
    Image.new("RGB", (32, 32)).save(beyond / "heading_0.jpg")
    (folder / "locations.json").write_text(json.dumps(listed))


@pytest.fixture(scope="module")
def moved_in(tmp_path_factory) -> OpenStudy:
    """The study of such folders, with panoramas looked at, and several numbers of clusters."""
    folder = tmp_path_factory.mktemp("locations")
    write_locations(folder)
    document = {
        "name": "chile",
        "points": {"from": "images"},
        "images": {"provider": "folder", "path": "images", "positions": "locations.json"},
        "encoder": {"name": "colour-texture", "views": "mean"},
        "clusters": {"k": 3, "sweep": [2, 4], "keep": [2, 4], "keep_in": ["raw", "pca3"]}
        | {"figures": ["members"]},
        "layout": {"methods": ["tsne"], "perplexities": [5], "iterations": 250, "show": "dots"},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        opened = open_study(folder / "study.yaml")
        stale = opened.root / "figures" / "study" / "clusters_map_k9_raw.png"
        stale.parent.mkdir(parents=True)
        stale.write_bytes(b"of an earlier study file")
        make(opened, *UP_TO_MAPS, layout.image_layout)
    return opened


def test_views_belong_to_the_location_of_their_number_and_are_one_panorama(moved_in):
    found = moved_in.read("images").filter(status="ok")
    places = moved_in.read("sample_points").select("point_id", "latitude")
    placed = found.join(places, on="point_id")
    number = pl.col("source_path").str.extract(r"location_(\d+)/").cast(pl.Int64)
    assert placed.select((pl.col("latitude") + 33.4 + 0.01 * number).abs().max()).item() < 1e-6
    assert found.height == COUNT * len(HEADINGS) - 1
    assert set(found["heading_deg"]) == set(map(float, HEADINGS))
    panoramas = moved_in.read("panorama_embeddings")
    assert sorted(panoramas["image_count"]) == [3, *[4] * (COUNT - 1)]
    files = moved_in.read("images")["source_path"].to_list()
    assert not any("stitched" in file or f"location_{COUNT}/" in file for file in files)


def test_every_number_that_is_kept_is_in_the_tables_in_each_space(moved_in):
    fits = {(3, "raw"), (2, "raw"), (4, "raw"), (2, "pca3"), (3, "pca3"), (4, "pca3")}
    for table in ("cluster_centres", "cluster_assignments", "cluster_shares"):
        rows = moved_in.read(table)
        if table != "cluster_shares":  # there are no areas
            assert set(rows.select("k", "space").rows()) == fits, table
    assigned = moved_in.read("cluster_assignments")
    assert assigned.group_by("k", "space").len()["len"].to_list() == [COUNT] * len(fits)
    figures = moved_in.root / "figures" / "study"
    others = {f"clusters_map_k{k}_{space}" for k, space in fits - {(3, "raw")}}
    sheets = {f"clusters_members_of_{cluster}" for cluster in (1, 2, 3)}
    for name in {"clusters_map", "layout_clusters"} | others | sheets:
        assert (figures / f"{name}.png").is_file(), name
    assert {path.stem for path in figures.glob("clusters_map_k*.png")} == others


def test_the_list_goes_out_with_bare_tags_and_the_clusters_by_location(moved_in, tmp_path):
    source = json.loads(moved_in.study.images.positions.read_text())
    tagged = export_tags(moved_in, tmp_path / "tagged.json", k=4, space="pca3", bare=True)
    assert tagged.said == [], "the clusters are the study's"
    written = json.loads(tagged.path.read_text())
    assert [{k: v for k, v in one.items() if k != "extra"} for one in written] == source
    tags = [one["extra"]["tags"] for one in written]
    assert {len(of_one) for of_one in tags} == {1}
    assert {tag for (tag,) in tags} == {"1", "2", "3", "4"}
    found = export_cluster_results(moved_in, tmp_path / "r.json", k=4, space="pca3")
    results = json.loads(found.path.read_text())
    assert list(results) == ["1", "2", "3", "4"]
    cluster_of = {name: label for label, names in results.items() for name in names}
    assert [cluster_of[f"location_{number}"] for number in range(COUNT)] == [t for (t,) in tags]
    # Three kinds of pixels: location 0, 3 and 6 are alike.
    three = json.loads(export_cluster_results(moved_in, tmp_path / "s.json").path.read_text())
    assert sorted(three.values()) == [[f"location_{at + k}" for at in (0, 3, 6)] for k in range(3)]
