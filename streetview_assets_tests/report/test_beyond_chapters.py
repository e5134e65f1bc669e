"""What scores say of the next authority, and of old imagery, stands in the report where known."""

from datetime import UTC, datetime, timedelta

from streetview_assets.report.database import Published
from streetview_assets_tests.report.conftest import chapter

ABOUT = {"target": "imd_rank", "features": "median", "interval_level": 0.9, "area_count": 30}


def test_the_next_authority_has_its_table(hostile_study, with_tables):
    row = ABOUT | {"model": "tuned", "metric": "r2", "value": 0.41, "town_count": 7}
    ends = {"lower": -0.23, "upper": 0.77, "typical_lower": 0.3, "typical_upper": 0.5}
    gain = row | {"model": "place_and_images", "metric": "r2_gain_over_place", "value": 0.08}
    html = chapter(
        "scores", with_tables(next_town_scores=[row | ends | {"between_share": 0.6}, gain])
    )
    told = html[html.index("What will come out in the next authority") :].split("</table>")[0]
    for text in ("−0.23 to 0.77", "0.30 to 0.50", "60%", "place and images over place"):
        assert text in told.replace(" %", "%"), text


def test_scores_by_age_of_imagery_come_with_what_they_say(hostile_study, with_tables):
    without = chapter("predictions", Published(hostile_study.root, hostile_study.study))
    assert "years between images and target" not in without or "2 to 4 years" in without
    about = ABOUT | {"validation": "blocks", "lower": 0.02, "upper": 0.09, "gap_years": 3.0}
    rows = [
        about | {"group_name": "2 to 4 years", "metric": metric, "value": 0.05}
        for metric in ("r2", "rmse", "mae")
    ]
    growth = about | {"group_name": "all", "metric": "error_per_year", "value": 0.05}
    html = chapter("predictions", with_tables(age_gap_scores=[*rows, growth]))
    said = "Errors grow as imagery and target lie apart: 0.0500 a year (90%: 0.0200 to 0.0900)"
    assert said in html
    assert html.index("2 to 4 years") < html.index("<figure>")


def test_what_came_of_protocols_says_when_they_were_written(hostile_study, with_tables):
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    row = ABOUT | {"protocol": "0123456789ab", "run_at": moment, "written_at": moment}
    row |= {"name": "to <b>west</b>", "model": "tuned", "metric": "r2", "value": 0.31}
    first = row | {"group_name": "E02", "is_preregistered": True, "lower": 0.1, "upper": 0.5}
    earlier = first | {"run_at": moment - timedelta(days=1), "value": 0.99}
    late = row | {"protocol": "ff", "group_name": "next town", "is_preregistered": False}
    html = chapter("scores", with_tables(protocol_scores=[first, earlier, late]))
    told = html[html.index("What came of protocols") :].split("</table>")[0]
    for text in (
        "to &lt;b&gt;west",
        "before the test",
        "after scores were there",
        "next town",
        "0.10 to 0.50",
    ):
        assert text in told, text
    assert "0.99" not in told, "the last time counts"
