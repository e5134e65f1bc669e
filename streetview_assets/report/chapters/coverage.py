"""Chapter "Coverage": which areas are seen, which are not and why, and whether that leans."""

import math
from typing import TYPE_CHECKING

import polars as pl
from scipy.stats import spearmanr

from streetview_assets.areas.map import draw_areas
from streetview_assets.figures import COLOURS, new_figure
from streetview_assets.report.database import Published
from streetview_assets.report.html import (
    Section,
    chart,
    minus,
    number,
    paragraph,
    percent,
    rounded,
    table,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_AREAS = 10
FIFTHS = 5


def coverage_section(published: Published) -> Section:
    """Say how much of the study is seen, and whether what is not seen is like the rest."""
    if published.profile.is_empty():
        return Section(
            "coverage",
            "Coverage and its bias",
            paragraph("The study has no areas, so that there is no coverage of areas to report.")
            + _look_ups(published),
        )
    return Section(
        "coverage",
        "Coverage and its bias",
        _without_imagery(published) + _map(published) + _look_ups(published) + _leaning(published),
    )


def _without_imagery(published: Published) -> str:
    why = (
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
    )
    profile = published.profile.with_columns(why.alias("why"))
    count, unseen = profile.height, profile.filter(pl.col("why").is_not_null())
    if unseen.is_empty():
        return paragraph(f"Every one of the {count:,} areas has images that became a vector.")
    by_reason = unseen.group_by("why").agg(
        pl.len().alias("areas"), pl.col("observed").mean().alias("mean")
    )
    rows = [
        [reason, areas, number(mean)]
        for reason, areas, mean in by_reason.sort("areas", "why", descending=[True, False]).rows()
    ]
    seen = profile.filter(pl.col("why").is_null())
    rows.append(["areas that are seen", seen.height, number(_mean(seen))])
    told = (
        f"{unseen.height:,} of {count:,} areas are not seen; no model says anything of them "
        "that an image has told."
    )
    columns = ("why", "areas", f"mean {published.target}" if published.target else "mean target")
    return paragraph(told) + table("Areas without imagery, by reason", columns, rows)


def _mean(profile: pl.DataFrame) -> float | None:
    mean = profile["observed"].cast(pl.Float64).mean()
    return float(mean) if isinstance(mean, float) else None


def _map(published: Published) -> str:
    seen = published.profile.filter(pl.col("image_count") > 0)
    if seen.is_empty():
        return ""
    values = dict(zip(seen["area_code"], seen["image_count"].cast(pl.Float64), strict=True))
    figure = draw_areas(
        published.areas,
        values,
        title=f"{published.study.name}: images of each area",
        label="images",
        credit=published.credit,
    )
    counts = seen["image_count"].to_list()
    told = (
        f"{seen.height:,} of {published.profile.height:,} areas have images, "
        f"{min(counts):,} to {max(counts):,} of them each"
    )
    hatched = "; hatched areas have none" if seen.height < published.profile.height else ""
    return chart(figure, f"Map of images by area: {told}.", f"{told}{hatched}.")


def _look_ups(published: Published) -> str:
    rows = []
    for row in published.coverage.iter_rows(named=True):
        found, points = row["point_with_imagery_count"], row["point_count"]
        rows.append(
            [
                published.authority_names[row["authority_code"]],
                row["area_with_image_count"],
                row["area_count"],
                points,
                found,
                row["point_without_imagery_count"],
                row["point_failed_count"],
                percent(found / points if points else None),
            ]
        )
    if not rows:
        return ""
    columns = (
        "authority", "areas seen", "of areas", "points", "with imagery", "without",
        "look-up failed", "share with imagery",
    )  # fmt: skip
    return table("Imagery near the sample points", columns, rows)


def _leaning(published: Published) -> str:
    """Say whether images per point rise or fall with the target, over all areas."""
    if published.target is None:
        return paragraph("Without a target nothing can be said of whom the images leave out.")
    known = published.profile.filter(pl.col("observed").is_not_null()).with_columns(
        per_point=(pl.col("image_count") / pl.col("point_count")).fill_nan(0.0).fill_null(0.0)
    )
    told, measured = _says_leaning(published.target, known)
    by_authority = _leaning_by_authority(published)
    if not measured:
        return paragraph(told) + by_authority
    drawn = chart(
        _draw_leaning(known, published.target, published.credit),
        f"Mean images per point in fifths of the areas by {published.target}. {told}",
        f"Images per sample point in fifths of the {known.height:,} areas by "
        f"{published.target}, with two standard errors of the mean.",
    )
    return paragraph(told) + drawn + by_authority


def _says_leaning(target: str, known: pl.DataFrame) -> tuple[str, bool]:
    if known.height < LEAST_AREAS:
        return (
            f"Whether coverage leans with {target} cannot be told of {known.height} areas.",
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
    correlation = float(spearmanr(known["per_point"], known["observed"]).statistic)
    chance = 2 / math.sqrt(known.height - 1)
    measured = (
        f"Images per point and {target} have a rank correlation of "
        f"{minus(f'{correlation:.2f}')} over {known.height:,} areas"
    )
    if abs(correlation) > max(0.2, chance):
        way = "more" if correlation > 0 else "fewer"
        return (
            f"Coverage leans: {measured}. Areas of high {target} have {way} images per point, "
            "so that a score speaks more of the one kind of area than of the other.",
            True,
        )
    return f"{measured}: no more than chance and small, so that no leaning shows.", True


def _draw_leaning(known: pl.DataFrame, target: str, credit: str) -> "Figure":
    fifth = ((pl.col("observed").rank("ordinal") - 1) * FIFTHS // pl.len()).cast(pl.Int64)
    grouped = (
        known.sort("area_code")
        .with_columns(fifth=fifth)
        .group_by("fifth")
        .agg(
            pl.col("per_point").mean().alias("mean"),
            (2 * pl.col("per_point").std() / pl.len().sqrt()).fill_null(0.0).alias("error"),
            pl.col("observed").min().alias("low"),
            pl.col("observed").max().alias("high"),
        )
        .sort("fifth")
    )
    figure = new_figure(6.5, 2.9, credit=credit)
    axes = figure.subplots()
    places = grouped["fifth"].to_list()
    axes.bar(places, grouped["mean"].to_list(), yerr=grouped["error"].to_list(), color=COLOURS[4],
             ecolor="#333333", capsize=3)  # fmt: skip
    labels = [
        f"{rounded(low, 1)} to\n{rounded(high, 1)}"
        for low, high in grouped.select("low", "high").rows()
    ]
    axes.set_xticks(places, labels, fontsize=8)
    axes.set_xlabel(f"{target}, fifths of the areas, lowest first")
    axes.set_ylabel("images per point")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _leaning_by_authority(published: Published) -> str:
    quality = published.table("imagery_quality")
    if quality.height < 2 or "coverage_target_correlation" not in quality.columns:
        return ""
    rows = [
        [
            published.authority_names.get(row["authority_code"], row["authority_code"]),
            row["coverage_area_count"],
            percent(row["area_covered_share"]),
            number(row["coverage_target_correlation"]),
        ]
        for row in quality.iter_rows(named=True)
    ]
    columns = ("authority", "areas with a value", "areas with points that are seen", "correlation")
    note = "Spearman, images per point and target; a dash where one of them does not vary."
    return table("Whether coverage leans, by authority", columns, rows, note=note)
