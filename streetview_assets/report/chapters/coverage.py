"""Chapter "Coverage": which areas are seen, which are not and why, and whether that leans."""

from typing import Any

import polars as pl

from streetview_assets.areas.map import draw_areas
from streetview_assets.areas.standing import deciles
from streetview_assets.charts import bars, panels
from streetview_assets.clusters.profile.join_counts import on_the_sphere
from streetview_assets.clusters.profile.target_profile import EARTH_RADIUS_M, spearman
from streetview_assets.figures import COLOURS, Figure, lead
from streetview_assets.report.cells import rounded
from streetview_assets.report.database import Published
from streetview_assets.report.figures import PHONE_DPI, embedded
from streetview_assets.text.counted import counted

LEAST_AREAS = 10
SEEN = "areas that are seen"
WHY_UNSEEN = (
    pl.when(pl.col("point_count") == 0)
    .then(pl.lit("no sample point: no road of the wanted classes in it"))
    .when((pl.col("image_count") == 0) & (pl.col("failed_image_count") > 0))
    .then(pl.lit("all its images failed"))
    .when((pl.col("image_count") == 0) & (pl.col("missing_image_count") > 0))
    .then(pl.lit("the provider lists images there, and has none of them"))
    .when(pl.col("image_count") == 0)
    .then(pl.lit("points, and no imagery near them"))
    .when(pl.col("embedded_image_count") == 0)
    .then(pl.lit("images, and no vector of any of them"))
    .otherwise(pl.lit(SEEN))
)


def coverage(published: Published) -> dict[str, Any]:
    """Find how much of the study is seen, and whether what is not seen is like the rest."""
    found, points = pl.col("point_with_imagery_count"), pl.col("point_count")
    look_ups = published.coverage.with_columns(share=(found / points).fill_nan(None))
    if published.profile.is_empty():
        return {"look_ups": look_ups, "area_count": 0}
    by_reason = (
        published.profile.group_by(why=WHY_UNSEEN)
        .agg(pl.len().alias("areas"), pl.col("observed").mean().alias("mean"))
        .sort(pl.col("why") == SEEN, "areas", "why", descending=[False, True, False])
    )
    seen = published.profile.filter(pl.col("image_count") > 0)
    return {
        "look_ups": look_ups,
        "area_count": published.profile.height,
        "by_reason": by_reason,
        "unseen_count": by_reason.filter(pl.col("why") != SEEN)["areas"].sum(),
        "counts": seen["image_count"].to_list(),
        "map": embedded(_map(published, seen)) if seen.height else None,
        "narrow_map": embedded(_map(published, seen, narrow=True), PHONE_DPI)
        if seen.height
        else None,
        "by_authority": published.named(published.table("imagery_quality")),
        **(_leaning(published) if published.target else {}),
    }


def _map(published: Published, seen: pl.DataFrame, *, narrow: bool = False) -> Figure:
    return draw_areas(
        published.areas,
        dict(seen.select("area_code", pl.col("image_count").cast(pl.Float64)).iter_rows()),
        title=f"{lead(published.owner)}images of each area",
        label="images",
        credit=published.credit,
        narrow=narrow,
    )


def _leaning(published: Published) -> dict[str, Any]:
    """Say whether images per point rise or fall with the target, over all areas, and draw it."""
    known = published.profile.filter(pl.col("observed").is_not_null()).with_columns(
        per_point=(pl.col("image_count") / pl.col("point_count")).fill_nan(0.0).fill_null(0.0)
    )
    told, is_measured = _says_leaning(published.called, known)
    drawn = embedded(_draw_leaning(published, known)) if is_measured else None
    return {"leaning": told, "leaning_drawn": drawn, "known_count": known.height}


def _says_leaning(target: str, known: pl.DataFrame) -> tuple[str, bool]:
    count = known.height
    if count < LEAST_AREAS:
        return (
            f"Whether coverage leans with {target} cannot be told of {counted(count, 'area')}.",
            False,
        )
    if known["per_point"].n_unique() == 1:
        return (
            f"All areas have as many images per point, so that coverage leans on no value of "
            f"{target}.",
            False,
        )
    if known["observed"].n_unique() == 1:
        return f"All areas have the same {target}: coverage cannot lean on it.", False
    place_m = EARTH_RADIUS_M * on_the_sphere(*known.select("longitude", "latitude").to_numpy().T)
    per_point, observed = known["per_point"].to_numpy(), known["observed"].to_numpy()
    (found,) = spearman(per_point[:, None], observed, place_m)
    return _of_correlation(target, found), True


def _of_correlation(target: str, found: dict[str, Any]) -> str:
    """Say what a rank correlation, of areas of which neighbours are alike, shows of a leaning."""
    correlation, lower, upper = found["value"], found.get("lower"), found.get("upper")
    told = (
        f"a rank correlation of {rounded(correlation)} over {counted(found['unit_count'], 'area')}"
    )
    if lower is None or upper is None:
        return f"Images per point and {target} have {told}; {found['note']}."
    interval = f"{found['interval_level']:.0%} interval {rounded(lower)} to {rounded(upper)}"
    measured = f"Images per point and {target} have {told} ({interval}, neighbours being alike)"
    if lower <= 0 <= upper:
        return f"{measured}, which may be chance; a leaning as large as its ends is not ruled out."
    return (
        f"Coverage leans: {measured}. Areas of high {target} have "
        f"{'more' if correlation > 0 else 'fewer'} images per point, so that a score speaks more "
        "of the one kind of area than of the other."
    )


def _draw_leaning(published: Published, known: pl.DataFrame) -> Figure:
    target = published.study.target
    tenth = deciles(known["observed"], are_deciles=target is not None and target.holds_deciles)
    grouped = (
        known.with_columns(fifth=(tenth.cast(pl.Int64) + 1) // 2)
        .sort("area_code")
        .group_by("fifth")
        .agg(
            pl.col("per_point").mean().alias("mean"),
            (2 * pl.col("per_point").std() / pl.len().sqrt()).fill_null(0.0).alias("error"),
            pl.col("observed").min().alias("low"),
            pl.col("observed").max().alias("high"),
        )
        .sort("fifth")
    )
    figure, (axes,) = panels(1, (6.5, 2.9), credit=published.credit)
    bars(axes, grouped["fifth"], grouped["mean"], COLOURS[4], yerr=grouped["error"].to_numpy())
    ends = grouped.select("low", "high").rows()
    labels = [f"{rounded(low, 1)} to\n{rounded(high, 1)}" for low, high in ends]
    axes.set_xticks(grouped["fifth"].to_list(), labels, fontsize=8)
    axes.set_xlabel(f"{published.called}, fifths of the areas, lowest first")
    axes.set_ylabel("images per point")
    axes.set_ylim(bottom=0)
    return figure
