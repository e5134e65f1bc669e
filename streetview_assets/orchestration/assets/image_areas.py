"""Which area an image looks at."""

from streetview_assets.images.areas_looked_at import areas_looked_at, share_looking_elsewhere
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas
from streetview_assets.study_state.lineage import study_asset


@study_asset(
    "images",
    writes=("image_areas",),
    reads=("images", "areas"),
    keys=("pooling.look_ahead_m",),
    remembers=("panoramas",),  # where a camera stood: another place is another image
    unless=(no_areas,),
)
def image_areas(work: AssetContext) -> AssetResult:
    """The area an image looks at, beside the one it stands in: where they differ, and how often."""
    found = areas_looked_at(
        work.read("images").filter(status="ok"),
        work.read("panoramas"),
        work.read("areas"),
        work.study.pooling.look_ahead_m,
    )
    share = share_looking_elsewhere(found)
    return AssetResult(
        {"image_areas": found},
        {"share of images that look at another area than they stand in": share or 0.0},
    )
