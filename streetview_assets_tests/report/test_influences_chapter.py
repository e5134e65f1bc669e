"""What moves predictions has a chapter where a study asks for it, which says how far it does."""

from streetview_assets.report.build import sections
from streetview_assets.report.database import Published
from streetview_assets_tests.report.conftest import HOSTILE, chapter


def test_a_study_that_does_not_ask_has_no_such_chapter(hostile_study):
    published = Published(hostile_study.root, hostile_study.study)
    assert sections(published, {"influences"}) == []


def test_how_far_images_and_words_move_predictions_is_told(with_tables):
    about = {"target": "imd_rank", "features": "median", "model": "ridge"}
    held_out = about | {"validation": "blocks", "fold": 1, "predicted": 50.0, "image_count": 20}
    moved = {"top_tenth_change": 4.5, "random_tenth_change": 1.5}
    single = {"area_code": "B1", "fold": 0, "predicted": 9.0, "image_count": 1}
    areas = [
        held_out | moved | {"area_code": "A1"},
        held_out | moved | {"area_code": "A2", "top_tenth_change": 5.5},
        about | single | {"note": "the area has no other image"},
    ]
    counted = {"target": "imd_rank", "image_count": 3}
    words = [
        counted | {"area_code": area, "label": label, "change": change}
        for area, label, change in [
            ("A1", HOSTILE, 2.0), ("A2", HOSTILE, -1.0), ("A1", "field", 3.0), ("A2", "shop", None),
        ]
    ]  # fmt: skip
    html = " ".join(
        chapter("influences", with_tables(area_influences=areas, word_influences=words)).split()
    )
    assert "3 areas are explained" in html
    assert "1 without a value of the target by the final fit" in html
    assert "1 has one image" in html
    assert "moves by 5.00 on average; without as many by lot, by 1.50" in html
    assert "adds to groups of the others" in html
    told = html[html.index("<caption>") :]
    assert "<script>alert" not in told
    assert told.index(">field<") < told.index("East &lt;b&gt;")
    assert "shop" not in told
