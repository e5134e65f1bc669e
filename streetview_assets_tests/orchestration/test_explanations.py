"""What moves predictions in a whole study: by the model that did not see an area, and shown."""

import json
import logging

import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets.explanations import image_influences
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.text.amounts import change
from streetview_assets.warehouse.marts import publish_study


def with_explanations(opened: OpenStudy) -> OpenStudy:
    """Write the study file anew, with the part that asks for explanations."""
    path = opened.study.path
    path.write_text(f"{path.read_text()}\nexplanations: {{images: 2}}\n")
    return open_study(path)


def explain(opened: OpenStudy):
    """Make the tables; give what the asset told."""
    log = logging.getLogger(__name__)
    work = AssetContext(opened, "image_influences", None, "run", False, False, None, log)
    made = image_influences(work)
    origin = opened.input_fingerprint("image_influences", None)
    opened.write("image_influences", made.frames, None, made.provenance(origin))
    return made.metadata


def test_what_is_explained_is_what_is_published_of_the_area(town) -> None:
    opened = with_explanations(town.opened)
    predictions = opened.read("predictions")
    headline = predictions.filter(model="tuned", validation="knndm", repeat=1)
    forgotten = headline["area_code"].min()
    without = predictions.filter(pl.col("area_code") != forgotten)
    provenance = opened.provenance("predictions", None)
    opened.lake.write("predictions", without, provenance, encoder=opened.encoder)
    told = explain(opened)
    areas = opened.read("area_influences").sort("area_code")
    pooled = opened.read("area_embeddings").filter(statistic="median").sort("area_code")
    assert areas["area_code"].equals(pooled["area_code"])
    assert areas["image_count"].equals(pooled["image_count"])
    said = areas.join(headline, on=["area_code", "fold", "validation"], suffix="_published")
    assert said["predicted"].to_list() == pytest.approx(
        said["predicted_published"].to_list(), rel=1e-4
    )
    (final,) = areas.filter(fold=0).to_dicts()
    assert (final["area_code"], final["validation"]) == (forgotten, None)
    fitted = opened.read("area_predictions").filter(area_code=forgotten)["predicted"][0]
    assert final["predicted"] == pytest.approx(fitted, rel=1e-3)
    assert told["areas whose prediction is of the final fit"] == 1
    rows = opened.read("image_influences")
    assert rows["rank"].max() == 2
    images = opened.read("images").filter("is_current")
    assert rows.join(images, on=["image_id", "area_code"], how="anti").is_empty()


def test_an_area_is_shown_with_what_moves_it(town, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    opened = with_explanations(town.opened)
    explain(opened)
    rows = opened.read("image_influences").sort("change", descending=True)
    area = rows["area_code"][0]

    def say(*words: str) -> str:
        done = CliRunner().invoke(app, ["show", area, str(opened.study.path), *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    def sheet_height() -> int:
        with Image.open(opened.root / "figures" / "shown" / f"{area}.png") as sheet:
            return sheet.height

    assert json.loads(say("--json"))["influences"] is None
    assert "influence" not in say()
    before = sheet_height()
    publish_study(opened)
    mine = rows.filter(area_code=area)
    output = say()
    for image_id, moved in mine.select("image_id", "change").iter_rows():
        assert image_id in output
        assert change(moved) in output
    assert sheet_height() > before + 100
    told = json.loads(say("--json"))
    assert (told["kind"], told["facts"]["area_code"]) == ("area", area)
    assert [one["image_id"] for one in told["influences"]["images"]] == mine["image_id"].to_list()
    explained = opened.read("area_influences").filter(area_code=area)["predicted"][0]
    assert told["influences"]["area"]["predicted"] == pytest.approx(explained)
