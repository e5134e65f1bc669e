"""Whom the model serves worse stands before any map of predictions, only where it is known."""

import re

from PIL import Image

from streetview_assets.report.database import Published
from streetview_assets_tests.report.conftest import chapters


def test_disparities_come_before_maps(hostile_study, with_tables):
    assert not chapters(Published(hostile_study.root, hostile_study.study), "maps")
    about = {
        "target": "imd_rank", "features": "median", "validation": "blocks", "area_count": 30,
        "grouping": "density of points", "group_name": "0 to 2 points per km²",
    }  # fmt: skip
    rows = [
        about | {"metric": metric, "value": value, "lower": value - 0.1, "upper": value + 0.1,
                 "interval_level": 0.9, "reference": meant, "differs": value != meant}
        for metric, value, meant in (("bias", 0.5, 0), ("slope", 1, 1), ("coverage", 0.9, 0.9))
    ]  # fmt: skip
    here = with_tables(subgroup_errors=rows)
    kept = here.root / "figures/study/prediction_maps.png"
    kept.parent.mkdir(parents=True)
    Image.new("RGB", (60, 30)).save(kept)
    html = chapters(here, "maps", "predictions")["maps"]
    told, _, maps = html.partition("</table>")
    assert "<figure>" in maps
    assert "Whom the model serves worse" in told
    assert "density of points: 0 to 2 points per km²" in told
    assert ">bias</td>" in told
    assert "0.400 to 0.600" in told


def test_kinds_stand_in_the_order_of_their_numbers(with_tables):
    rows = [
        {"target": "imd_rank", "features": "median", "validation": "blocks", "area_count": 30,
         "grouping": "decile", "group_name": f"decile {number}", "metric": "coverage",
         "value": 0.9, "interval_level": 0.9, "reference": 0.9, "differs": False}
        for number in (1, 10, 2)
    ]  # fmt: skip
    html = chapters(with_tables(subgroup_errors=rows), "maps")["maps"]
    assert re.findall(r"decile \d+", html) == ["decile 1", "decile 2", "decile 10"]
