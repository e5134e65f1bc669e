"""Images go out to Embedding Atlas, FiftyOne and PixPlot as the tables have them."""

import csv
import html
import io
import json
import re
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.errors import StudyError
from streetview_assets.exports.viewers.embedding_atlas import export_embedding_atlas
from streetview_assets.exports.viewers.fiftyone import export_fiftyone
from streetview_assets.exports.viewers.pixplot import export_pixplot_metadata
from streetview_assets.images.thumbnails import THUMBNAIL_PX
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.conftest import STUDY, UNKNOWN, small_frames
from streetview_assets_tests.lake.small_lake import ENCODER
from streetview_assets_tests.report.conftest import publish_small

HOSTILE = "=<script>alert('1')</script>|../50% \"مرحبا\u202e"
LAYOUTS = {"tsne": ("perplexity 30", "projection"), "umap": ("n 5", "umap_n_5")}
"""By method its setting, and how its columns begin in a file."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Publish the small study with layouts, neighbours, files, and names that do harm."""
    frames = small_frames("mapillary")
    areas, images = frames["areas"], frames["images"]
    frames["areas"] = areas.with_columns(
        area_name=pl.when(pl.col("area_code") == "A1").then(pl.lit(HOSTILE)).otherwise("area_name")
    )
    at = pl.col("image_id") == "A1p-0"
    frames["images"] = images.with_columns(
        category=pl.when(at).then(pl.lit(HOSTILE)).otherwise(pl.lit("a shop")),
        copyright=pl.lit("© Ann"),
        source_path=pl.lit("=a/IMG 8.jpg"),
    )
    ids = images.filter(status="ok")["image_id"].to_list()
    frames["image_layouts"] = TABLES["image_layouts"].frame(
        [
            {"encoder": ENCODER, "method": method, "setting": setting, "image_id": one}
            | {"x": float(place), "y": float(len(method))}
            for method, (setting, _) in LAYOUTS.items()
            for place, one in enumerate(ids[1:])
        ]
    )
    frames["neighbours"] = TABLES["neighbours"].frame(
        [
            {"encoder": ENCODER, "image_id": one, "rank": rank, "neighbour_id": other}
            | {"similarity": 1 - rank / 10, "is_near_duplicate": False}
            for one in ids[1:]
            for rank, other in enumerate([other for other in ids if other != one][:3], start=1)
        ]
    )
    folder = tmp_path_factory.mktemp("exports") / "study"
    opened = publish_small(folder, STUDY + "authorities: [E01, E02]\n", frames)
    (opened.root / "images").mkdir()
    for path in opened.read("images")["path"].drop_nulls():
        Image.new("RGB", (600, 400), (90, 140, 200)).save(opened.root / path)
    (opened.root / "images" / "A2p-0.jpg").write_bytes(b"no image")
    return opened


@pytest.fixture(scope="module")
def barred(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A study whose images may not be passed on, without layouts; a point's place is not known."""
    frames = small_frames("google")
    frames["sample_points"] = frames["sample_points"].filter(pl.col("point_id") != "A1p")
    text = STUDY.replace("PROVIDER", "google, keep_images: true, budget_usd: 1")
    panorama_id = pl.col("panorama_id").str.replace(" ", "-")
    frames["images"] = frames["images"].with_columns(panorama_id)
    opened = publish_small(tmp_path_factory.mktemp("barred") / "study", text, frames)
    (opened.root / "images").mkdir()
    for name in ("A1p-0", "A1q-0"):
        Image.new("RGB", (60, 40)).save(opened.root / "images" / f"{name}.jpg")
    return opened


def shown(study: OpenStudy) -> pl.DataFrame:
    return study.read("images").filter(pl.col("is_current"), status="ok")


def test_embedding_atlas_gets_images_layouts_and_neighbours(study, tmp_path):
    written = export_embedding_atlas(study, tmp_path / "a b.parquet")
    # As the tool reads it.
    rows = pd.read_parquet(written.path).set_index("image_id", drop=False)
    table = shown(study)
    assert set(rows["image_id"]) == set(table["image_id"])
    assert written.counts == {"images": table.height, "with a thumbnail": table.height - 1}
    layouts = study.read("image_layouts")
    for method, (_, stem) in LAYOUTS.items():
        for one in layouts.filter(method=method).to_dicts():
            row = rows.loc[one["image_id"]]
            assert (row[f"{stem}_x"], row[f"{stem}_y"]) == (one["x"], one["y"])
    assert rows["projection_x"].isna().sum() == 1, "what is in no layout has no place in it"
    assert {len(told["ids"]) for told in rows["neighbors"]} == {4}, "the tool stacks them"
    told = study.read("neighbours").sort("image_id", "rank")
    for (image_id,), mine in told.group_by("image_id"):
        near = rows.loc[image_id, "neighbors"]
        assert rows["image_id"].iloc[near["ids"]].tolist() == [image_id, *mine["neighbour_id"]]
        assert near["distances"] == pytest.approx([0, 0.1, 0.2, 0.3])
    areas = {row["area_code"]: row for row in study.table("area_profile").to_dicts()}
    clusters = dict(study.read("cluster_assignments").select("image_id", "cluster").iter_rows())
    for image in table.to_dicts():
        row, area = rows.loc[image["image_id"]], areas[image["area_code"]]
        assert row["category"] == image["category"]
        assert row["cluster"] == str(clusters[image["image_id"]])
        assert (row["area_name"], row["authority"]) == (area["area_name"], area["authority_name"])
        for name in ("target", "observed", "predicted"):
            assert row[name] == area[name] or (pd.isna(row[name]) and area[name] is None)
        is_dated = image["captured_on"] != UNKNOWN
        assert row["captured_on"] == (image["captured_on"] if is_dated else None)
    with Image.open(io.BytesIO(rows.loc["A1p-0", "image"]["bytes"])) as thumbnail:
        assert (thumbnail.format, max(thumbnail.size)) == ("JPEG", THUMBNAIL_PX)
    assert rows.loc["A2p-0", "image"] is None
    assert "Without a thumbnail, since they cannot be read: 1 image." in written.said
    assert written.said[-1].endswith(
        "a b.parquet' --x projection_x --y projection_y --neighbors neighbors --image image"
    )


def test_fiftyone_gets_a_feature_with_all_fields_and_a_file_each(study, tmp_path):
    written = export_fiftyone(study, tmp_path / "out")
    found = json.loads((written.path / "labels.json").read_text(encoding="utf-8"))
    assert found["type"] == "FeatureCollection"
    fields = {one["properties"]["image_id"]: one for one in found["features"]}
    images = {row["image_id"]: row for row in shown(study).to_dicts() if row["image_id"] != "A2p-0"}
    assert set(fields) == set(images)
    assert {path.name for path in (written.path / "data").iterdir()} == {
        f"{image_id}.jpg" for image_id in images
    }
    for image_id, image in images.items():
        told = fields[image_id]["properties"]
        file = written.path / "data" / told["filename"]
        assert file.read_bytes() == (study.root / image["path"]).read_bytes()
        assert fields[image_id]["geometry"]["coordinates"] == [0.5, 50.5]
        assert told["category"] == image["category"]
        assert told["source_path"] == image["source_path"]
        assert told.get("captured_on", str(UNKNOWN)) == str(image["captured_on"])
        assert None not in told.values()
    assert fields["A1q-0"]["properties"]["captured_year"] == 2024
    assert len(fields["A1q-0"]["properties"]["neighbours"]) == 3
    assert "Left out, since they cannot be read: 1 image." in written.said
    with pytest.raises(StudyError, match="holds something else already"):
        export_fiftyone(study, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_pixplot_gets_its_columns_with_names_that_are_text_to_it(study, tmp_path):
    written = export_pixplot_metadata(study, tmp_path / "metadata.csv")
    with written.path.open(encoding="utf-8", newline="") as file:
        rows = {row["filename"]: row for row in csv.DictReader(file)}
    names = "filename category tags description permalink year label lat lng"
    assert list(rows["A1p-0.jpg"]) == names.split()
    assert set(rows) == {Path(path).name for path in shown(study)["path"]}
    hostile = rows["A1p-0.jpg"]
    assert hostile["category"] == f"'{HOSTILE}", "no spreadsheet runs it"
    tags = hostile["tags"].split("|")
    assert len(tags) == 3, "category and area have one name here"
    assert not any("/" in tag for tag in tags), "PixPlot names a file by each tag"
    assert "<" not in hostile["description"]
    assert not re.search("%(?!25)", hostile["description"]), "a browser would refuse to decode it"
    said = html.unescape(unquote(hostile["description"]))
    facts = "East, imd_rank observed 100, imd_rank predicted 90, 2021-06, heading 0°, © Ann"
    assert said == f"'=a/IMG 8.jpg, {HOSTILE}, {facts}"
    assert (hostile["year"], hostile["label"]) == ("2021", "")
    assert rows["B1p-0.jpg"]["year"] == ""
    assert (float(hostile["lat"]), float(hostile["lng"])) == (50.5, 0.5)


def test_images_that_may_not_be_passed_on_stay(barred, tmp_path):
    written = export_embedding_atlas(barred, tmp_path / "atlas.parquet")
    rows = pl.read_parquet(written.path)
    assert written.counts["with a thumbnail"] == 0
    assert rows["image"].null_count() == written.counts["images"] == rows.height
    assert "Left out" in written.said[0]
    assert "projection_x" not in rows.columns
    assert written.said[-1].endswith("--x longitude --y latitude")
    with pytest.raises(StudyError, match=r"none to pass on\. Left out: .*embedding-atlas"):
        export_fiftyone(barred, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pixplot_gets_no_empty_place_and_only_images_on_disk(barred, tmp_path):
    written = export_pixplot_metadata(barred, tmp_path / "metadata.csv")
    assert written.counts == {"images": 2}
    assert pl.read_csv(written.path).columns[-1] == "label", "PixPlot ends at an empty place"
    assert "Without lat and lng, since 1 image has no place." in written.said
    assert "keep it to yourself" in " ".join(written.said)
    with written.path.open(newline="") as file:
        addresses = {row["filename"]: row["permalink"] for row in csv.DictReader(file)}
    assert addresses["A1p-0.jpg"].endswith("map_action=pano&pano=pano-A1p")
    for file in (barred.root / "images").iterdir():
        file.unlink()
    with pytest.raises(StudyError, match="kept on disk"):
        export_pixplot_metadata(barred, tmp_path / "metadata.csv")


def test_each_is_a_sub_command(study, tmp_path, monkeypatch):
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "small").symlink_to(study.root)
    for name, output in (
        ("embedding-atlas", "atlas.parquet"),
        ("fiftyone", "dataset"),
        ("pixplot-metadata", "metadata.csv"),
    ):
        asked = ["export", name, str(study.study.path), "--output", str(tmp_path / output)]
        answer = CliRunner().invoke(app, asked)
        assert answer.exit_code == 0, answer.output
        assert (tmp_path / output).exists()
