"""Layouts and categories in a study: what is made, what is kept, and what is said otherwise."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from streetview_assets.clusters.names.user_groups import save_group
from streetview_assets.errors import StudyError
from streetview_assets.lake.parquet_lake import Provenance
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.assets import (
    clusters,
    embeddings,
    exclusions,
    images,
    layout,
    names,
    points,
)
from streetview_assets.study.images import Images
from streetview_assets.study_state.lineage import spec_for, specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.tables.registry import TABLES

UP_TO_CLUSTERS = (
    points.sample_points,
    images.panoramas,
    images.images,
    embeddings.encoders,
    embeddings.image_embeddings,
    clusters.cluster_model,
    clusters.cluster_assignments,
)
COUNT = 24
LAYOUT = {"methods": ["tsne"], "perplexities": [5], "iterations": 250, "figure_px": 400}
COLOURS = {"wood": (30, 120, 40), "brick": (150, 60, 40), "sea": (20, 60, 160)}


def make(opened: OpenStudy, *functions) -> AssetResult:
    """Make assets one after the other, as Dagster would; give what the last one made."""
    for function in functions:
        asset = function.__name__
        code = None if specs()[asset].study_wide else "all"
        log = logging.getLogger(__name__)
        work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
        origin = opened.input_fingerprint(asset, code)
        made = function(work)
        provenance = made.provenance(origin)
        opened.write(asset, made.frames, code, provenance)
    return made


def write(folder: Path, **changes) -> OpenStudy:
    """Write the study of a folder of images, and open it."""
    document = {
        "name": "images",
        "points": {"from": "images"},
        "images": {
            "provider": "folder",
            "path": "images",
            "positions": "positions.csv",
            "columns": {"category": "kind"},
        },
        "encoder": {"name": "colour-texture"},
        "clusters": {"k": 3, "sweep": [2, 3]},
        **changes,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(document))
    return open_study(folder / "study.yaml")


def write_images(folder: Path) -> None:
    """Write images of three kinds, with their places."""
    (folder / "images").mkdir()
    rng = np.random.default_rng(1)
    kinds = [list(COLOURS)[number % 3] for number in range(COUNT)]
    for number, kind in enumerate(kinds):
        noise = rng.integers(-20, 20, (48, 48, 3))
        pixels = np.clip(np.array(COLOURS[kind]) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
    pl.DataFrame(
        {
            "file": [f"{number}.png" for number in range(COUNT)],
            "lon": [0.001 * number for number in range(COUNT)],
            "lat": [51.5] * COUNT,
            "kind": kinds,
        }
    ).write_csv(folder / "positions.csv")


@pytest.fixture(scope="module")
def _folder(tmp_path_factory) -> Path:
    """A folder of images of three kinds, up to their clusters."""
    folder = tmp_path_factory.mktemp("layout")
    write_images(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        make(write(folder), *UP_TO_CLUSTERS)
    return folder


@pytest.fixture
def folder(_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREETVIEW_DATA", str(_folder / "data"))
    return _folder


def test_images_are_laid_out_once_and_coloured_anew(folder):
    opened = write(folder, layout=LAYOUT, categories={"sea": "water", "brick": None})
    made = make(opened, layout.image_layout)
    places = opened.read("image_layouts")
    assert places["image_id"].n_unique() == places.height == COUNT
    assert set(places["setting"]) == {"perplexity 5"}
    assert made.metadata["images"] == COUNT
    assert any(key.startswith("seconds") for key in made.metadata)
    figures = opened.root / "figures" / "study"
    names = ("layout_cluster", "layout_category", "layout_images_tsne_perplexity_5")
    for name in names:
        assert (figures / f"{name}.png").is_file(), name
        (figures / f"{name}.png").unlink()

    shown_otherwise = {**LAYOUT, "show": "dots", "image_px": 16}
    again = make(write(folder, layout=shown_otherwise), layout.image_layout)
    assert "layouts" in again.metadata, "vectors and settings are as they were"
    assert again.frames["image_layouts"].equals(places)
    assert [(figures / f"{name}.png").is_file() for name in names] == [True, True, False]

    other = make(write(folder, layout=LAYOUT, seed=7), layout.image_layout)
    assert "layouts" not in other.metadata


def test_a_layout_in_space_alone_has_no_flat_figure(folder):
    opened = write(folder, layout={**LAYOUT, "methods": ["umap_3d"]})
    made = make(opened, layout.image_layout)
    assert opened.read("image_layouts")["z"].null_count() == 0
    assert not [name for name in made.metadata if name.startswith(("by ", "images,"))]


def test_images_of_some_categories_alone_are_laid_out(folder):
    only = {**LAYOUT, "show": "dots", "categories": ["water", "wood"]}
    opened = write(folder, layout=only, categories={"sea": "water"})
    make(opened, layout.image_layout)
    laid_out = opened.read("image_layouts").join(opened.read("images"), on="image_id")
    assert laid_out.height == COUNT * 2 // 3
    assert set(laid_out["category"]) == {"sea", "wood"}


def test_what_the_london_study_of_cadastral_images_lists_is_there(folder):
    asked = LAYOUT | {"recipes": ["today", "classic"], "starts": 2, "show": "dots"}
    opened = write(folder, layout=asked, neighbours={"metric": "manhattan"})
    make(opened, layout.image_layout, embeddings.neighbours)
    told = opened.read("image_layouts").select("setting", "kl_divergence").unique()
    assert sorted(told["setting"]) == [
        f"perplexity 5{more}" for more in ("", ", classic", ", classic, start 2", ", start 2")
    ]
    assert told["kl_divergence"].null_count() == 0
    table = opened.read("neighbours")
    assert table.group_by("image_id").len()["len"].to_list() == [8] * COUNT
    facts = opened.read("images").select("image_id", "source_path", "category")
    file_of, kind_of = ({row[0]: row[place] for row in facts.rows()} for place in (1, 2))
    for row in table.iter_rows(named=True):
        assert row["image_id"] != row["neighbour_id"]
        assert row["file"] == file_of[row["image_id"]]
        assert row["neighbour_file"] == file_of[row["neighbour_id"]]
        assert row["neighbour_category"] == kind_of[row["neighbour_id"]]
    # Of each kind there are seven others: they come before the one of another.
    alike = table.with_columns(same=pl.col("category") == pl.col("neighbour_category"))
    assert alike.filter(pl.col("rank") <= 7)["same"].all()
    assert not alike.filter(rank=8)["same"].any()


def test_images_in_rectangles_are_dropped_on_the_plane_that_these_were_drawn_on(folder):
    rule = {"words": {}, "drop": True, "rectangles": [{"x": [-0.5, 6.5], "y": [0, 1]}]}
    opened = write(folder, exclusions=rule | {"drawn_on": "00c0ffee"})
    ids = opened.read("images")["image_id"].sort()
    rows = {"encoder": opened.encoder, "image_id": ids, "x": range(COUNT), "y": [0.5] * COUNT}
    table = TABLES["exclusion_layout"]
    plane = pl.DataFrame({**rows, "plane": "00c0ffee"}).cast(table.schema)
    opened.lake.write(table.name, plane, Provenance("by hand"), encoder=opened.encoder)
    make(opened, exclusions.image_exclusions)
    found = opened.read("image_exclusions")
    assert found.select("image_id", "reason").rows() == [(one, "rectangle 1") for one in ids[:7]]
    assert opened.included_images().filter("is_current").height == COUNT - 7
    other = write(folder, exclusions=rule | {"drawn_on": "11111111"})
    with pytest.raises(StudyError, match=r"drawn on the plane 11111111.*of today is 00c0ffee"):
        make(other, exclusions.image_exclusions)


def test_no_image_is_shown_that_the_providers_terms_do_not_let_be_kept(folder):
    opened = write(folder, layout={**LAYOUT, "show": "images"})
    deleted = Images(provider="google", keep_images=False)
    study = opened.study.model_copy(update={"images": deleted})
    plane = opened.root / "figures" / "study" / "layout_images_tsne_perplexity_5.png"
    plane.unlink(missing_ok=True)
    made = make(replace(opened, study=study), layout.image_layout)
    assert made.metadata["left out: images"] == "the provider's terms let none be shown"
    assert not plane.exists()
    assert made.frames["image_layouts"].height == COUNT


def test_too_few_images_for_a_layout_are_a_reason(folder):
    made = make(write(folder, layout={**LAYOUT, "fit_on": 3}), layout.image_layout)
    assert made.note == "too few images for a layout: 3, at least 5 needed"


def test_categories_by_the_studys_names_are_told_from_vectors(folder):
    opened = write(folder, categories={"sea": "water", "harbour": "water"})
    made = make(opened, layout.category_scores)
    scores = opened.read("category_scores")
    assert set(scores["category"]) == {"", "wood", "brick", "water"}
    assert scores.filter(measure="accuracy")["value"].item() > 0.9
    assert made.metadata["categories named that no image has"] == "harbour"
    assert (opened.root / "figures" / "study" / "category_confusion.png").is_file()
    for categories, why in (
        ({"sea": None, "brick": None}, "all images are of one category, wood"),
        (dict.fromkeys(COLOURS), "no image has a category"),
    ):
        made = make(write(folder, categories=categories), layout.category_scores)
        assert (made.note, made.applies) == (why, False)
        assert made.frames["category_scores"].is_empty()


def test_groups_put_together_by_hand_are_categories_and_groups_of_models(folder):
    ids = write(folder).read("images").sort("source_path")["image_id"].to_list()
    for group, members in (("<b>bright</b>", ids[::2]), ("dark", ids[1::2] + ids[:1])):
        save_group(folder / "user_groups.csv", group, [*members, "nobody's"])
    opened = write(folder, layout={**LAYOUT, "show": "dots"}, categories_from="user_groups")
    made = make(opened, names.user_groups)
    assert made.metadata["left out: the study has no such image"] == 2
    make(opened, layout.image_layout)
    assert (opened.root / "figures" / "study" / "layout_category.png").is_file()
    make(opened, layout.category_scores)
    scores = opened.read("category_scores")
    assert set(scores["category"]) == {"", "<b>bright</b>", "dark"}
    assert scores.filter(measure="accuracy")["image_count"].item() == COUNT - 1, "one is in both"
    spec = spec_for("category_scores", opened.study)
    assert "user_groups" in spec.reads
    assert "user_groups" not in spec_for("category_scores", write(folder).study).reads
    (folder / "user_groups.csv").unlink()


def test_images_without_categories_have_no_scores(unmade_town):
    work = AssetContext(
        unmade_town.opened, "category_scores", None, "run", False, False, tracking=None, log=None
    )
    made = layout.category_scores(work)
    assert made.note == "the images came without categories"
