"""Ratings: what people said of images and places, and the scores that images get by them."""

import polars as pl

from streetview_assets.embeddings.looked_at import named_by
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part
from streetview_assets.study.perception import Perception
from streetview_assets.study_state.lineage import study_asset
from streetview_assets.study_state.sources import RATING_KEYS

_NEAR = ("images", "panoramas")
_NEAR_KEYS = ("perception.within_m", "crs", "encoder.views")


@study_asset(
    "perception",
    writes=("ratings", "comparisons"),
    reads=_NEAR,
    keys=(*RATING_KEYS, *_NEAR_KEYS),
    study_wide=True,
    refresh="eager",
    unless=(no_part("perception"),),
)
def ratings(work: AssetContext) -> AssetResult:
    """What people said of images, pairs of images or places, each with its image or why none."""
    from streetview_assets.perception.ratings.matched_rows import with_images, with_pairs
    from streetview_assets.perception.ratings.rating_files import check_qualities

    wishes, images = _perception(work), _images(work)
    rated, compared = work.sources.ratings(), work.sources.comparisons()
    check_qualities(wishes, rated, compared)
    near = _near(work, rated.frame, images)
    tables = {
        "ratings": with_images(rated.frame, images, near, wishes.qualities),
        "comparisons": with_pairs(compared.frame, images, wishes.qualities),
    }
    return AssetResult(tables, _told(tables))


@study_asset(
    "perception",
    writes=("image_ratings",),
    reads=("ratings", "comparisons", *_NEAR),
    keys=("perception.groups", "perception.least_raters", *_NEAR_KEYS),
    code_version=2,
    study_wide=True,
    refresh="eager",
    unless=(no_part("perception"),),
)
def image_ratings(work: AssetContext) -> AssetResult:
    """What people see in each rated image, by group of people, with its standard error."""
    from streetview_assets.perception.ratings.image_scores import image_scores, in_words

    wishes, rated = _perception(work), work.opened.read("ratings")
    scores, left_out = image_scores(
        rated,
        work.opened.read("comparisons"),
        _near(work, rated, _images(work)),
        groups=wishes.groups,
        least_raters=wishes.least_raters,
    )
    told = {"images by quality and group": in_words(scores)}
    return AssetResult(
        {"image_ratings": scores}, told | ({"groups left out": left_out} if left_out else {})
    )


@study_asset(
    "perception",
    writes=("rating_agreement", "group_ratings"),
    reads=("ratings", "image_ratings"),
    keys=("perception.groups", "perception.least_raters", "models.interval_level", "seed"),
    study_wide=True,
    refresh="eager",
    unless=(no_part("perception"),),
)
def rating_agreement(work: AssetContext) -> AssetResult:
    """How far people agree, the ceiling that this sets to models, and which groups differ."""
    from streetview_assets.perception.agreement.group_rows import differences_in_words
    from streetview_assets.perception.agreement.group_rows import group_ratings as group_rows
    from streetview_assets.perception.agreement.rows import agreement_in_words
    from streetview_assets.perception.agreement.rows import rating_agreement as agreement_rows
    from streetview_assets.perception.ratings.image_scores import asked_groups, used

    wishes, scores = _perception(work), work.opened.read("image_ratings")
    rated = used(work.opened.read("ratings"))
    groups, chance = asked_groups(rated, wishes.groups), work.study.seed
    level = work.study.models.interval_level
    agreement = agreement_rows(rated, scores, groups, level=level, seed=chance)
    differences = group_rows(
        rated, scores, groups, least_raters=wishes.least_raters, level=level, seed=chance
    )
    told = {"how far people agree": agreement_in_words(agreement)}
    differing = differences_in_words(differences)
    return AssetResult(
        {"rating_agreement": agreement, "group_ratings": differences},
        told | {"groups that differ": differing},
    )


def _perception(work: AssetContext) -> Perception:
    wishes = work.study.perception
    assert wishes is not None, "built only where the study asks for it"
    return wishes


def _images(work: AssetContext) -> pl.DataFrame:
    """Give all images by the names they go by, each with the one in whose place it is looked at."""
    images, named = work.read_all("images"), list(named_by(work.study.encoder.views))
    seen = work.looked_at(images).select(*named, seen_id="image_id")
    return images.join(seen, on=named, how="inner")


def _near(work: AssetContext, rated: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Find the images that stand for rated places: what is looked at, of current captures."""
    from streetview_assets.perception.ratings.rated_places import images_of_places

    places = rated.select("place_id", "longitude", "latitude").drop_nulls().unique("place_id")
    key = ["authority_code", "provider", "panorama_id", "captured_on"]
    where = work.read_all("panoramas").filter(status="ok").unique(key)
    seen = current_images(images).filter(pl.col("image_id") == pl.col("seen_id"))
    placed = seen.unique("image_id").join(where, on=key, how="left")
    return images_of_places(
        places,
        placed.select("image_id", "longitude", "latitude"),
        within_m=_perception(work).within_m,
        crs=_crs(work, places),
    )


def _crs(work: AssetContext, places: pl.DataFrame) -> str:
    """Name the study's CRS in metres; with neither areas nor roads, that of the places."""
    import geopandas as gpd

    from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, metric_crs

    if places.is_empty():
        return GEOGRAPHIC_CRS
    if work.study.areas or work.study.roads:
        return work.sources.crs()
    around = gpd.GeoSeries.from_xy(places["longitude"], places["latitude"], crs=GEOGRAPHIC_CRS)
    return metric_crs(work.study.crs, around)


def _told(tables: dict[str, pl.DataFrame]) -> dict[str, object]:
    """Count what came, by what became of it, and tell the values of each quality."""
    told: dict[str, object] = {}
    for name, table in tables.items():
        counts = table.group_by("status", pl.col("reason").fill_null("")).len()
        told[f"{name} by status"] = {
            f"{status} {reason}".strip(): count
            for status, reason, count in counts.sort("status", "reason").rows()
        }
    values = (
        tables["ratings"]
        .group_by("quality")
        .agg(least=pl.col("value").min(), greatest=pl.col("value").max())
    )
    told["values by quality"] = {
        quality: f"{least:g} to {greatest:g}"
        for quality, least, greatest in values.drop_nulls().sort("quality").rows()
    }
    return told
