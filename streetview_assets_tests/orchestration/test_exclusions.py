"""Images excluded in a whole study: what is then made without them, and what goes stale."""

import logging

import polars as pl
import yaml

from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import clusters, exclusions, models, pooling
from streetview_assets.orchestration.runs.schedule_order import waves
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.pooling.pool import pool_areas
from streetview_assets.study_state.lineage import spec_for, specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.warehouse.queries import read_queries, sql_folder
from streetview_assets_tests.lake.checked import run_check

EAST, WEST = "X01000001", "X01000002"
TABLE = "image_exclusions"
CHECKS = {
    "area_embeddings_cover_images",
    "assignments_cover_embeddings",
    "shares_cover_images",
    "group_embeddings_cover_images",
    "shares_add_up",
}
MADE = (
    exclusions.image_exclusions,
    pooling.area_embeddings,
    clusters.cluster_model,
    clusters.cluster_assignments,
    clusters.cluster_shares,
    clusters.area_group_embeddings,
)


def work_on(opened: OpenStudy, asset: str, code: str | None) -> AssetContext:
    log = logging.getLogger(__name__)
    return AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)


def make(opened: OpenStudy, *functions) -> dict[str, object]:
    """Make assets in every authority, one after the other; give what the last one told."""
    for function in functions:
        asset = function.__name__
        for code in [None] if specs()[asset].study_wide else [EAST, WEST]:
            origin = opened.input_fingerprint(asset, code)
            made = function(work_on(opened, asset, code))
            provenance = made.provenance(origin)
            opened.write(asset, made.frames, code, provenance)
    return dict(made.metadata)


def with_rule(opened: OpenStudy, **rule: object) -> OpenStudy:
    document = yaml.safe_load(opened.study.path.read_text())
    path = opened.study.path.with_name("other.yaml")
    path.write_text(yaml.safe_dump(document | {"exclusions": rule}))
    return open_study(path)


def behind(opened: OpenStudy) -> set[str]:
    states = study_status(opened)
    return {state.asset for state in states if state.state in ("missing", "out of date", "waiting")}


def made_otherwise(opened: OpenStudy, other: OpenStudy) -> set[str]:
    """Name the assets that are made from something else in another study of the same data."""
    return {
        asset
        for asset, spec in other.assets.items()
        for code in ([None] if spec.study_wide else [EAST, WEST])
        if opened.input_fingerprint(asset, code) != other.input_fingerprint(asset, code)
    }


def categorise(opened: OpenStudy) -> tuple[str, pl.DataFrame]:
    """Call every third image of the east, and all of one of its areas, indoor ones."""
    images = opened.read("images", EAST)
    area = images.drop_nulls("area_code")["area_code"].min()
    indoor = (pl.int_range(pl.len()) % 3 == 0) | (pl.col("area_code") == area).fill_null(False)
    changed = images.with_columns(
        category=pl.when(indoor).then(pl.lit("indoor")).otherwise(pl.lit("street"))
    )
    opened.lake.write("images", changed, opened.provenance("images", EAST), authority=EAST)
    return area, changed


def test_what_is_dropped_has_no_part_in_pooling_and_clusters_and_counts_add_up(town) -> None:
    opened = town.opened
    emptied, images = categorise(opened)
    before = opened.read("area_embeddings").filter(statistic="median")
    dropping = with_rule(opened, categories=["indoor"], drop=True)
    told = make(dropping, *MADE)
    aside = opened.read("image_exclusions")
    indoor = images.filter(category="indoor", is_current=True, status="ok")
    assert set(aside["image_id"]) == set(indoor["image_id"])
    assert told == {}
    rest = images.filter(pl.col("category") != "indoor")
    pooled = opened.read("area_embeddings", EAST)
    vectors = opened.read("image_embeddings", EAST)
    assert pooled.equals(pool_areas(rest, vectors, encoder=opened.encoder))
    assert emptied not in set(pooled["area_code"])
    after = opened.read("area_embeddings").filter(statistic="median")
    placed = indoor.drop_nulls("area_code")
    assert before["image_count"].sum() - after["image_count"].sum() == placed.height > 5
    assigned = opened.read("cluster_assignments")
    assert assigned.join(aside, on="image_id", how="semi").is_empty()
    shares = opened.read("cluster_shares")
    assert shares["image_count"].sum() == after["image_count"].sum()
    for query in read_queries(sql_folder()):
        if query.name in CHECKS:
            found = run_check(dropping.lake, query, dropping.study)
            assert found.passed, (query.name, found.sample)


def test_images_are_the_same_whoever_reads_them_and_without_the_excluded_by_name(town) -> None:
    _, images = categorise(town.opened)
    dropping = with_rule(town.opened, categories=["indoor"], drop=True)
    make(dropping, exclusions.image_exclusions)
    current = images.filter("is_current")
    street = current.filter(pl.col("category") != "indoor")
    assert 0 < street.height < current.height
    for opened, kept in ((town.opened, current), (dropping, street)):
        for asset in ("image_embeddings", "capture_changes"):
            assert work_on(opened, asset, EAST).read("images").equals(images)
        for asset in ("area_embeddings", "cluster_shares"):
            work = work_on(opened, asset, EAST)
            assert work.read("images").equals(images)
            included = work.read(INCLUDED)
            assert included["image_id"].equals(images["image_id"])
            assert included.filter("is_current")["image_id"].equals(kept["image_id"])


def test_an_area_that_lost_all_its_images_says_so(town) -> None:
    emptied, _ = categorise(town.opened)
    dropping = with_rule(town.opened, categories=["indoor"], drop=True)
    make(dropping, exclusions.image_exclusions, pooling.area_embeddings)
    work = work_on(dropping, "deprivation_model", None)
    tables = {name: work.read_all(name) for name in ("areas", INCLUDED, "area_embeddings")}
    why = models.areas_without_vector(work, tables)[emptied]
    assert why == "all images of the area are excluded"


def test_without_drop_they_are_listed_and_shown_and_all_else_stays_as_it_is(town) -> None:
    categorise(town.opened)
    listing = with_rule(town.opened, categories=["indoor", "shop"])
    assert made_otherwise(town.opened, listing) == {"image_exclusions"}
    work = work_on(listing, "image_exclusions", EAST)
    told = exclusions.image_exclusions(work).metadata
    count = told["by reason"]["category: indoor"]
    assert told["excluded"] == f"{count} images would be dropped"
    assert told["categories that no image here has"] == "shop"
    assert (listing.root / "figures" / EAST / "image_exclusions.png").is_file()
    make(listing, exclusions.image_exclusions)
    assert all(listing.is_fresh("image_exclusions", code) for code in (EAST, WEST))


def test_to_drop_them_puts_out_of_date_what_sees_images_and_nothing_else(town) -> None:
    dropping = with_rule(town.opened, categories=["indoor"], drop=True)
    downstream = {
        asset
        for asset, spec in town.opened.assets.items()
        if spec.stage in ("pooling", "clusters", "models")
    }
    reading = {
        asset
        for asset in town.opened.assets
        if "image_exclusions" in spec_for(asset, dropping.study).reads
        and "image_exclusions" not in spec_for(asset, town.opened.study).reads
    }
    assert {"area_embeddings", "cluster_model", "model_selection"} <= reading
    assert reading == downstream - {"capture_changes", "gains"}
    # What is told of all images reads what others made of the rest.
    assert behind(dropping) == {*downstream, "image_exclusions"}


def test_images_are_excluded_before_anything_is_made_without_them(town) -> None:
    study = with_rule(town.opened, categories=["indoor"], drop=True).study
    every = [spec_for(asset, study) for asset in specs()]
    ordered = [spec for wave in waves(every) for spec in wave]
    names = [spec.asset for spec in ordered]
    readers = [name for name, spec in zip(names, ordered, strict=True) if TABLE in spec.reads]
    assert names.index(TABLE) < min(names.index(name) for name in readers)


def test_an_encoder_without_words_needs_categories_and_says_so(town) -> None:
    for rule in ({}, {"drop": True}, {"words": {"indoor": ["a room"]}}):
        wordless = with_rule(town.opened, **rule)
        made = exclusions.image_exclusions(work_on(wordless, "image_exclusions", EAST))
        assert made.frames["image_exclusions"].is_empty()
        assert made.note.startswith("the encoder colour-texture has no words")
        assert not made.applies
        assert made.note.endswith("Or name `categories` of the images in `exclusions:`")
