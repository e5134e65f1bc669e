"""Whom the model serves worse stands before any map of predictions, only where it is known."""

from streetview_assets.report.database import Published
from streetview_assets_tests.report.conftest import chapter


def test_disparities_come_before_maps(hostile_study, with_tables):
    caption = "Whom the model serves worse"
    assert caption not in chapter("predictions", Published(hostile_study.root, hostile_study.study))
    about = {
        "target": "imd_rank", "features": "median", "validation": "blocks", "area_count": 30,
        "grouping": "density of points", "group_name": "0 to 2 points per km²",
    }  # fmt: skip
    rows = [
        about | {"metric": metric, "value": value, "lower": value - 0.1, "upper": value + 0.1,
                 "interval_level": 0.9, "reference": meant, "differs": value != meant}
        for metric, value, meant in (("bias", 0.5, 0), ("slope", 1, 1), ("coverage", 0.9, 0.9))
    ]  # fmt: skip
    html = chapter("predictions", with_tables(subgroup_errors=rows))
    assert html.index(caption) < html.index("<figure>")
    told = html[html.index(caption) :].split("</table>")[0]
    assert "density of points: 0 to 2 points per km²" in told
    assert ">bias</td>" in told
    assert "0.400 to 0.600" in told
