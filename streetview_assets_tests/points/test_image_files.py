"""Each file of one's own images has a row: where it belongs, or why it is left out."""

from datetime import date

import polars as pl
import pytest
from PIL import Image

from streetview_assets.points.own_images.files_table import files_table, left_out
from streetview_assets.points.own_images.positions import read_image_positions
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES, check_contract


@pytest.fixture
def images(tmp_path, make_areas):
    """Images inside of two areas, one outside of both, and one without a position."""
    areas = make_areas({"west": (-100, 0, 0, 100), "east": (0, 0, 100, 100)})
    inside = areas.select("longitude", "latitude").rows()
    told = {"in_west.jpg": (*inside[0], "2020-05-17"), "in_east.jpg": (*inside[1], "2012-01-01")}
    told |= {"far.jpg": (0.5, 10.0, "2020-05-17"), "nowhere.jpg": ("", "", "")}
    for name in told:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    table = tmp_path / "positions.csv"
    rows = [",".join(map(str, (name, *facts))) for name, facts in told.items()]
    table.write_text("\n".join(["file,lon,lat,t", *rows]))
    wishes = {
        "provider": "folder",
        "path": tmp_path,
        "positions": table,
        "columns": {"captured_at": "t"},
    }
    return wishes, areas


def test_positions_are_held_against_the_areas_and_dates_of_the_study(images):
    wishes, areas = images
    study = Images.model_validate(wishes | {"captured_between": ("2019-01", None)})
    table = files_table(read_image_positions(study), areas, study)
    check_contract(TABLES["image_files"], table)
    rows = {path: rest for path, *rest in table.select("source_path", "area_code", "reason").rows()}
    assert rows == {
        "far.jpg": [None, "in no area of the study"],
        "in_east.jpg": [rows["in_east.jpg"][0], rows["in_east.jpg"][1]],
        "in_west.jpg": [rows["in_west.jpg"][0], None],
        "nowhere.jpg": [None, "no position in images.positions"],
    }
    assert "captured outside" in rows["in_east.jpg"][1]
    assert left_out(table)["source_path"].to_list() == ["far.jpg", "in_east.jpg", "nowhere.jpg"]


def test_without_areas_every_image_with_a_place_is_taken(images):
    study = Images.model_validate(images[0])
    table = files_table(read_image_positions(study), TABLES["areas"].frame(), study)
    taken = table.filter(status="taken")
    assert taken["source_path"].to_list() == ["far.jpg", "in_east.jpg", "in_west.jpg"]
    assert taken["captured_at"].dt.date().max() == date(2020, 5, 17)
    assert taken.select(pl.col("point_id").str.contains("^[0-9.]+_")).to_series().all()
