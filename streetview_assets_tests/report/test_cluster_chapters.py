"""Chapters on clusters: numbers of the tables, reasons where there are none, small images."""

import base64
import io
import json
import re
from datetime import date
from html import unescape

import duckdb
import polars as pl
import pytest
from PIL import Image

from streetview_assets.report.database import Published
from streetview_assets.report.figures import MOST_PX, SHOWN_PX
from streetview_assets.warehouse.published_query import DATABASE
from streetview_assets_tests.report.conftest import chapter, chapters

OF_SOME_STUDIES = ("layout", "categories", "exclusions", "sample-size")


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def _note(published: Published, **notes: str) -> None:
    """Say in the published database why tables are empty."""
    with duckdb.connect(str(published.root / DATABASE)) as connection:
        connection.execute("update about set table_notes = ?", [json.dumps(notes)])


def _keep(published: Published, name: str, size: tuple[int, int], of: str = "study") -> None:
    path = published.root / "figures" / of / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise(size, 60).convert("RGB").save(path)


def test_the_advice_on_the_number_of_clusters_is_in_words_and_beside_the_studys_own(with_tables):
    apart = {2: 0.31, 3: 0.52, 4: 0.33}
    scores = [
        {"method": "kmeans", "space": "raw", "k": k, "seed": 42, "score": score, "value": value}
        for k, silhouette in apart.items()
        for score, value in (
            ("silhouette", silhouette), ("calinski_harabasz", 1000 * silhouette),
            ("davies_bouldin", 1 - silhouette), ("stability_seeds", 0.97), ("gap", silhouette),
            ("inertia", 10 - k),
        )
    ]  # fmt: skip
    scores += [
        {"method": "density", "space": "pca4", "k": k, "seed": 42, "score": score, "value": value}
        for k, score, value in (
            (3, "share_in_kinds", 0.9), (1, "prominence_needed", 1.5),
            (2, "prominence", 3.0), (3, "prominence", 2.5),
        )
    ]  # fmt: skip
    html = chapter("clusters", with_tables(cluster_scores=scores))
    text = _text(html)
    assert "3 clusters are recommended" in text
    assert "This study takes 2" in text
    assert "3 0.520 520.0 0.48 0.52 0.97" in text
    marked = re.search(r'<tr class="strong">(.*?)</tr>', html)
    assert marked
    assert _text(marked[1]).startswith("2 0.310")


def test_what_a_cluster_is_comes_from_the_mart(with_tables):
    published = with_tables()
    with duckdb.connect(str(published.root / DATABASE)) as connection:
        connection.execute(
            "create or replace table cluster_summary as select 1 as cluster, 60 as image_count, "
            "0.75 as share, 0.125 as cosine_distance_median, 2.5 as join_ratio, "
            "0.004 as join_p_value_corrected, 'a <shop>' as nearest_label, "
            "0.4 as nearest_label_probability, "
            "map {'imd_rank': -0.61, 'income_rank': 0.27} as spearman, "
            "map {'imd_rank': 0.01, 'income_rank': 0.2} as spearman_p_values, "
            "'<i>rows & rows' as name"
        )
    text = _text(chapter("clusters", published))
    assert (
        "1 <i>rows & rows 60 75% a <shop> probability 0.40 0.12 −0.61* 0.27 2.5 × p 0.004" in text
    )


def test_images_that_may_not_be_passed_on_are_not_on_the_page(with_tables):
    own = with_tables()
    _keep(own, "clusters_members", (600, 300))
    assert "image/webp" in chapter("clusters", own)
    google = {"provider": "google", "keep_images": True}
    images = own.study.images.model_copy(update=google)
    restricted = Published(own.root, own.study.model_copy(update={"images": images}))
    html = chapter("clusters", restricted)
    assert "image/webp" not in html
    assert "restrict passing them on" in html


def test_each_kind_of_scene_is_scored_on_common_and_on_its_own_areas(with_tables):
    scores = []
    for area_set, value in (("common", 0.41), ("own", 0.29)):
        common = {
            "grouping": "cluster", "area_set": area_set, "target": "imd_rank", "repeat": 1,
            "features": "pooled_median", "validation": "blocks", "fold": 0, "area_count": 26,
            "image_count": 90, "interval_level": 0.9,
        }  # fmt: skip
        for group, model, metric, found in (
            ("all", "ridge", "r2", 0.2), ("cluster 2", "ridge", "r2", value),
            ("cluster 2", "ridge", "rmse", 9.5), ("cluster 2", "ridge", "nrmse", 0.77),
            ("cluster 2", "ridge", "mae", 7.25), ("cluster 2", "ridge_all_images", "r2", 0.2),
            ("cluster 2", "ridge", "spearman", 0.66),
            ("cluster 2", "ridge", "r2_gain_over_all_images", value - 0.2),
        ):  # fmt: skip
            ends = {"lower": found - 0.05, "upper": found + 0.05}
            scores.append(
                common
                | ends
                | {"group_name": group, "model": model, "metric": metric, "value": found}
            )
    common = scores[0] | {"target": "income_rank"}
    scores += [common | {"group_name": "cluster 2", "value": -0.33}, common | {"value": 0.11}]
    text = _text(chapter("group-scores", with_tables(group_model_scores=scores)))
    assert "On the areas that all groups have (26), cluster 2 tells more than all images" in text
    ends = "0.36 to 0.46 9.50 9.45 to 9.55 0.77 0.72 to 0.82 7.25 7.20 to 7.30 0.66 0.61 to 0.71"
    assert f"cluster 2 26 90 0.41 {ends} 0.20 0.15 to 0.25 0.21 0.16 to 0.26" in text
    assert "cluster 2 26 90 0.29 0.24 to 0.34" in text
    assert "imd rank 0.20 0.41 income rank 0.11 −0.33" in text


def test_change_is_told_beside_other_places_with_the_most_changed_areas_first(with_tables):
    pair = {
        "heading_deg": 0.0, "from_on": date(2018, 6, 1), "to_on": date(2022, 6, 1),
        "from_cluster": 1,
    }  # fmt: skip
    published = with_tables(
        capture_changes=[
            pair | {
                "authority_code": "E01", "point_id": point, "area_code": area, "cosine": cosine,
                "from_image_id": f"{point}-90", "to_image_id": f"{point}-0", "to_cluster": cluster,
                "cosine_elsewhere": 1.0,
            }
            for point, area, cosine, cluster in (("A1p", "A1", 0.95, 1), ("A2p", "A2", 0.75, 2))
        ]
    )  # fmt: skip
    areas = [
        {"area_name": "Area A2", "area_code": "A2", "median_cosine": 0.75},
        {"area_name": "Area A1", "area_code": "A1", "median_cosine": 0.95},
    ]
    more = {"year": 2022, "point_count": 1, "pair_count": 1, "changed_cluster_share": 0.5,
            "median_years_between": 4.0}  # fmt: skip
    with duckdb.connect(str(published.root / DATABASE)) as connection:
        connection.register("made", pl.DataFrame([area | more for area in areas]))
        connection.execute("create or replace table area_changes as from made")
    _keep(published, "capture_changes", (500, 400), of="E01")
    html = chapter("changes", published)
    text = _text(html)
    assert "2 points have images of two captures or more, in the median 4.0 years apart" in text
    assert "is 0.850 in the median; of images of different points in one direction" in text
    assert "2018 to 2022 0.850 1.000 50%" in text
    assert text.index("Area A2 (A2) 2022") < text.index("Area A1 (A1) 2022")
    assert html.count("<img") == 1


def test_the_direction_shows_words_in_order_and_what_says_nothing(with_tables):
    one = {
        "target": "imd_rank", "lower": -0.01, "upper": 0.01, "interval_level": 0.9,
        "resample_count": 100, "area_count": 40,
    }  # fmt: skip
    rows = [
        one | {"kind": "resamples", "name": "all areas", "cosine": 0.87},
        one | {"kind": "label", "name": "green", "cosine": -0.2},
        one | {"kind": "label", "name": "shop", "cosine": 0.1},
        one
        | {
            "kind": "prompt",
            "name": "litter",
            "cosine": 0.3,
            "prompt_group": "decay",
            "says_something": True,
        },
        one | {"kind": "controls", "name": "all controls", "cosine": 0.0},
    ]
    text = _text(chapter("direction", with_tables(deprivation_direction=rows)))
    assert "Over 40 areas" in text
    assert "a cosine with it of 0.87 in the median" in text
    assert text.index("shop 0.10") < text.index("green −0.20")
    assert "litter * decay 0.30" in text
    assert "lie between −0.01 and 0.01: a text says something where its whole interval" in text
    assert "as do 1, marked *" in text


def test_chapters_without_rows_say_why_in_a_line(with_tables):
    published = with_tables(capture_changes=[], deprivation_direction=[], group_model_scores=[])
    _note(
        published,
        capture_changes="no point has two captures",
        deprivation_direction="the study names no targets",
    )
    lines = {
        "changes": "change: no point has two captures.",
        "direction": "direction: the study names no targets.",
        "group-scores": "of its own: they have not been made yet.",
    }
    made = chapters(published, *lines)
    for anchor, line in lines.items():
        assert made[anchor].strip().endswith(f"{line}</p>")


def test_chapters_that_only_some_studies_have_are_left_out_with_their_reason(with_tables):
    made = chapters(with_tables(), *OF_SOME_STUDIES, "made-from")
    assert list(made) == ["made-from"]
    text = _text(made["made-from"])
    assert "The number of images: the study file has no part sample_size ." in text
    assert "Layout: the study file has no part layout ." in text


def test_further_chapters_show_their_tables(with_tables):
    curve = {
        "target": "imd_rank", "features": "pooled_median", "k": 2, "group_name": "cluster 1",
        "model": "ridge", "metric": "r2", "area_count": 30, "image_count": 50,
    }  # fmt: skip
    scored = {"category": "", "predicted_category": "", "image_count": 200, "group_count": 40}
    published = with_tables(
        sample_size_scores=[
            curve
            | {"areas": areas, "sample_size": size, "repeat": repeat, "value": value}
            | {"note": "pls, its parameters chosen on all areas"}
            for repeat in (1, 2)
            for areas, size, value in (
                ("free", 50, 0.1), ("free", 100, 0.31), ("constant", 50, 0.1),
                ("constant", 100, 0.1),
            )
        ],
        category_scores=[
            scored | {"measure": "accuracy", "value": 0.8},
            scored | {"measure": "largest_share", "value": 0.5},
            scored | {"measure": "confusion", "category": "shop", "predicted_category": "park",
                      "value": 17.0},
        ],
        image_exclusions=[
            {"authority_code": "E01", "image_id": "A1p-0", "reason": "indoor", "is_dropped": True}
        ],
        image_layouts=[
            {"method": "umap", "setting": "neighbours 30", "image_id": "A1p-0", "x": 0.0, "y": 0.0},
            {"method": "umap_3d", "setting": "neighbours 30", "image_id": "A1p-0", "x": 0.0,
             "y": 0.0, "z": 1.0},
        ],
    )  # fmt: skip
    _keep(published, "layout_cluster", (300, 300))
    _keep(published, "layout_images_umap_neighbours_30", (300, 300))
    _keep(published, "layout_images_umap_neighbours_5", (300, 300))
    made = chapters(published, *reversed(OF_SOME_STUDIES))
    assert tuple(made) == OF_SOME_STUDIES
    curves = _text(made["sample-size"])
    assert "next to all gained by more areas" in curves
    assert "Of these scores: pls, its parameters chosen on all areas." in curves
    free, constant = curves.split("R², areas held constant")
    assert "cluster 1 0.10 ± 0.00 0.31 ± 0.00" in free
    assert "cluster 1 0.10 ± 0.00 0.10 ± 0.00" in constant
    categories = _text(made["categories"])
    assert "in 80% of 200 images" in categories
    assert "shop 17 0" in categories
    assert "indoor 1" in _text(made["exclusions"])
    assert made["layout"].count("<img") == 2, "of the settings that there are now"
    assert "UMAP in space (neighbours 30)." in _text(made["layout"])


@pytest.mark.parametrize("shows_images", [True, False])
def test_a_kept_figure_is_no_larger_than_it_is_shown(with_tables, shows_images):
    published = with_tables()
    _keep(published, "wide", (2600, 200))
    shown = published.kept_figure("wide", shows_images=shows_images)
    with Image.open(io.BytesIO(base64.b64decode(shown.src.partition(",")[2]))) as image:
        assert image.size == (MOST_PX, 100)
    assert (shown.width, shown.height) == (SHOWN_PX, 71)
    assert published.kept_figure("not there") is None
