"""Thumbnails in sprites, for the page of all images."""

import polars as pl

from streetview_assets.embeddings.looked_at import looked_at
from streetview_assets.explorer.atlas import atlas_table, draw_atlas, drop_other_sprites
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part
from streetview_assets.study_state.lineage import study_asset


@study_asset(
    "clusters",
    writes=("thumbnails_atlas",),
    reads=("images", "sample_points", "image_layouts"),
    keys=("encoder.views",),
    study_wide=True,
    unless=(no_part("explorer"),),
)
def thumbnails_atlas(work: AssetContext) -> AssetResult:
    """Sprites of thumbnails, images that lie near each other in the first layout side by side.

    A sprite of the same images that is there is kept: who is stopped goes on. Of deleted images
    the thumbnails are drawn.
    """
    from streetview_assets.explorer.static_site import ATLAS

    terms = terms_of(work.study.images.provider)
    if not terms.may_store:
        return work.not_applicable(f"the terms of {terms.images} restrict keeping thumbnails")
    images = _images(work)
    if images.is_empty():
        return work.not_applicable("there is no image")
    folder = work.opened.root / ATLAS
    atlas = draw_atlas(images, work.opened.root, folder, on_progress=work.progress("images"))
    drop_other_sprites(folder, atlas)
    table = atlas_table(images, atlas)
    told = {"sprites": sum(map(len, atlas.sprites.values())), "they lie in": str(folder)}
    return AssetResult({"thumbnails_atlas": table}, {work.called: images.height, **told})


def _images(work: AssetContext) -> pl.DataFrame:
    """Put the images that count into the order of their cells."""
    from streetview_assets.explorer.facts import in_order, named_layouts

    images = work.read_all("images")
    seen = looked_at(current_images(images), work.study.encoder.views).select("image_id")
    places = work.read_all("sample_points").unique("point_id", keep="first", maintain_order=True)
    placed = (
        images.join(seen, on="image_id", how="semi")
        .sort("image_id", "authority_code")
        .unique("image_id", keep="first", maintain_order=True)
        .join(places.select("point_id", "longitude", "latitude"), on="point_id", how="left")
    )
    return in_order(placed, named_layouts(work.read_all("image_layouts")))
