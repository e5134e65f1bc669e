"""Ratings in, scores of all images out; an image file and a place get an answer."""

import json
import logging

import numpy as np
import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy, open_study

MADE = ("ratings", "image_ratings", "rating_agreement", "perception_model", "image_perception")


def make(opened: OpenStudy, *assets: str) -> None:
    """Make assets one after the other, as Dagster would."""
    for asset in assets:
        for code in (None,) if specs()[asset].study_wide else opened.authorities:
            origin = opened.input_fingerprint(asset, code)
            log = logging.getLogger(__name__)
            work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
            made = specs()[asset].make(work)
            opened.write(asset, made.frames, code, made.provenance(origin))


@pytest.fixture
def perceived(town) -> OpenStudy:
    """The town, whose images forty people rated by how green they are."""
    opened = town.opened
    images = opened.read("images").filter(status="ok", is_current=True).sort("image_id")
    rng = np.random.default_rng(0)
    green = images["green_mean"].to_numpy() - images["red_mean"].to_numpy()
    true = 3 + (green - green.mean()) / green.std()
    rows = [
        (
            image_id,
            "<b>green</b>",
            float(np.clip(round(true[at] + rng.normal() / 2), 1, 5)),
            f"{who}",
        )
        for at, image_id in enumerate(images["image_id"].head(images.height * 2 // 3))
        for who in rng.choice(40, 4, replace=False)
    ]
    columns = ["image", "quality", "value", "rater_id"]
    ratings = opened.study.path.with_name("ratings.csv")
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(ratings)
    document = yaml.safe_load(opened.study.path.read_text())
    document["perception"] = {"ratings": "ratings.csv", "k": [5, 10], "method": "ridge"}
    opened.study.path.write_text(yaml.safe_dump(document))
    return open_study(opened.study.path)


def test_people_s_ratings_give_every_image_a_score(perceived):
    make(perceived, *MADE)
    scores = perceived.read("perception_scores").filter(validation="random", group_name="all")
    told = {
        (model, metric): value
        for model, metric, value in scores.select("model", "metric", "value").iter_rows()
    }
    assert told["chosen", "r2"] > told["mean", "r2"] + 0.2
    assert told["chosen", "ceiling_share"] > told["chosen", "r2"]
    images = perceived.read("images").filter(status="ok", is_current=True)
    table = perceived.read("image_perception")
    assert set(table["image_id"]) == set(images["image_id"])
    ok = table.filter(status="ok")
    assert ok.height > 0.9 * table.height
    assert ok.select((pl.col("lower") <= pl.col("predicted")).all()).item()
    figures = {path.name for path in (perceived.root / "figures" / "study").iterdir()}
    assert {"perception_predicted.png", "perception_scores.png"} <= figures
    _answers(perceived, images.row(0, named=True))


def _answers(opened: OpenStudy, image: dict[str, str]) -> None:
    """Ask the command of an image, of a broken file and of a place."""
    study = ["--study", str(opened.study.path), "--json"]
    file, broken = opened.root / image["path"], opened.root / "broken.jpg"
    broken.write_bytes(file.read_bytes()[:200])
    asked = CliRunner().invoke(app, ["perception", "score", str(file), str(broken), *study])
    assert asked.exit_code == 1, "one of the two cannot be read"
    good, bad = json.loads(asked.stdout)
    (quality,) = good["qualities"]
    assert quality["quality"] == "<b>green</b>"
    assert quality["nearest"][0]["image_id"] == image["image_id"]
    assert quality["lower"] < quality["predicted"] < quality["upper"]
    assert (bad["status"], bad["qualities"]) == ("failed", [])
    assert bad["reason"]
    point = opened.read("sample_points").filter(point_id=image["point_id"]).row(0, named=True)
    place = f"{point['longitude']},{point['latitude']}"
    asked = CliRunner().invoke(app, ["perception", "score", "--at", place, *study])
    answer = json.loads(asked.stdout)
    assert answer["nearest"][0]["distance_m"] < 1
    assert answer["area"]["area_code"] == point["area_code"]


def test_what_is_asked_wrongly_is_told(unmade_town):
    study = ["--study", str(unmade_town.opened.study.path)]
    for words, told in (
        ([], "name image files, or a place"),
        (["--at", "3"], "give longitude and latitude"),
        (["--at", "200,3"], "longitude is -180 to 180"),
        (["one.jpg"], "has no part `perception`"),
    ):
        asked = CliRunner().invoke(app, ["perception", "score", *words, *study])
        assert asked.exit_code == 2
        assert told in asked.stderr
