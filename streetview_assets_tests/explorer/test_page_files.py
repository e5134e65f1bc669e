"""Files that a selection is passed on as, made by the page in a real browser."""

import csv
import io
import json
import zipfile

import geopandas as gpd
import polars as pl
from PIL import Image

from streetview_assets_tests.explorer.conftest import GROUP, HOSTILE
from streetview_assets_tests.explorer.gestures import ids_of_group, rows_of_group


def select(looked, rows: list[int]) -> None:
    looked.ask(
        "(rows) => explorer.select(Uint8Array.from(explorer.study.ids, (_, row) => "
        "Number(rows.includes(row))))",
        rows,
    )


def saved(looked, button: str):
    with looked.page.expect_download() as told:
        looked.page.locator(f"#{button}").click()
    return told.value.path()


def test_tables_of_a_selection_say_what_the_page_says(looked):
    select(looked, rows_of_group(3))
    rows = list(csv.DictReader(io.StringIO(saved(looked, "csv").read_text(encoding="utf-8"))))
    assert {row["image_id"] for row in rows} == ids_of_group(3)
    assert {row["category"] for row in rows} == {HOSTILE[3]}
    features = json.loads(saved(looked, "geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) == GROUP
    assert -1.6 <= features[0]["geometry"]["coordinates"][0] <= -1.5
    assert set(saved(looked, "ids").read_text().split()) == ids_of_group(3)


def test_geoparquet_opens_in_geopandas_and_polars(looked, explored):
    rows = [0, *rows_of_group(2)]
    select(looked, rows)
    there = looked.ask("() => explorer.study.place[0]")
    looked.ask("() => { explorer.study.place[0] = NaN; }")
    file = saved(looked, "geoparquet")
    looked.ask("(there) => { explorer.study.place[0] = there; }", there)
    frame = gpd.read_parquet(file)
    assert frame.crs == "OGC:CRS84"
    assert frame.geometry.isna().tolist() == [True] + [False] * GROUP
    images = explored[1].images[rows]
    assert frame["image_id"].tolist() == images["image_id"].to_list()
    assert abs(frame.geometry.x[1:].to_numpy() - images["longitude"][1:].to_numpy()).max() < 1e-6
    read = pl.read_parquet(file, columns=["category", "street", "heading_deg"])
    assert read["category"].to_list() == images["category"].to_list()
    assert read["street"].to_list() == images["street"].to_list(), "nulls stay nulls"
    assert read["heading_deg"].to_list() == images["heading_deg"].to_list()


def test_images_are_zipped_with_whose_they_are(looked):
    select(looked, rows_of_group(1))
    with zipfile.ZipFile(saved(looked, "zip")) as packed:
        assert packed.testzip() is None
        names = set(packed.namelist())
        assert {f"{one}.png" for one in ids_of_group(1)} == names - {"images.csv", "CREDIT.txt"}
        one = Image.open(io.BytesIO(packed.read(f"{GROUP:024x}.png"))).convert("RGB")
        assert one.getpixel((30, 30))[1] > 120, "green, as planted"
        told = list(csv.DictReader(io.StringIO(packed.read("images.csv").decode())))
        assert {row["copyright"] for row in told} == {"© Nobody"}
    looked.ask("() => { explorer.study.about.mayPassOn = false; }")
    select(looked, rows_of_group(1))
    assert looked.page.locator("#zip").is_disabled()
    assert "restrict" in looked.page.locator("#zip").get_attribute("title")
    looked.ask("() => { explorer.study.about.mayPassOn = true; }")
