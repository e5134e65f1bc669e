"""Chapter "Scenes": the kinds of pictures that were found, and how they spread over the areas."""

import io
from typing import TYPE_CHECKING

import polars as pl
from PIL import Image

from streetview_assets.clusters.exemplars import cluster_sheet
from streetview_assets.figures import COLOURS, new_figure, shrink_to_webp
from streetview_assets.images.terms import TERMS, credit_of
from streetview_assets.report.page import (
    Section,
    chart,
    number,
    paragraph,
    percent,
    picture,
    plain,
    table,
)
from streetview_assets.report.published import Published

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHEET_BYTES = 600_000
SHOWN = 6
MOST_BARS = 12
MOST_CLUSTERS_SHOWN = 12
HATCHES = ("", "//", "..", "xx")


def scenes_section(published: Published) -> Section:
    """Show clusters and labels, where there are any."""
    shares = _shares(published)
    if shares.is_empty():
        told = "There are no clusters yet, or no areas whose pictures could be shared out."
        return Section("scenes", "Kinds of scenes", paragraph(told) + _labels(published))
    settings = published.study.clusters
    space = f"{settings.pca} principal components of them" if settings.pca else "the vectors"
    opening = paragraph(
        f"Pictures that look alike are put into {settings.k} clusters, found in {space} without "
        "any word about what they show. Clusters are numbered by size; what a cluster is, its "
        "pictures tell."
    )
    html = opening + _sheet(published) + _chart(published, shares) + _by_target(published, shares)
    return Section("scenes", "Kinds of scenes", html + _labels(published))


def _shares(published: Published) -> pl.DataFrame:
    study = published.study
    return published.ask(
        "cluster_shares",
        "select authority_code, area_code, cluster, image_count, share from cluster_shares "
        f"where encoder = '{published.opened.encoder}' and k = {study.clusters.k} "
        f"and space = '{study.clusters.space}' order by all",
    )


def _sheet(published: Published) -> str:
    """Show the central pictures of each cluster, where the provider lets them be passed on."""
    study = published.study
    terms = TERMS[study.images.provider]
    if not terms.may_store:
        return paragraph(
            f"No picture is on this page: the terms of {terms.pictures} restrict passing them on.",
            "quiet",
        )
    assignments = published.ask(
        "cluster_assignments",
        "select image_id, cluster, distance from cluster_assignments "
        f"where encoder = '{published.opened.encoder}' and k = {study.clusters.k} "
        f"and space = '{study.clusters.space}' and cluster <= {MOST_CLUSTERS_SHOWN} order by all",
    )
    if assignments.is_empty():
        return ""
    central = assignments.sort("cluster", "distance", "image_id").group_by("cluster").head(SHOWN)
    wanted = ", ".join(f"'{image_id}'" for image_id in central["image_id"].sort())
    images = published.table("images", f"image_id in ({wanted})")
    there = [path for path in images["path"] if path and (published.opened.root / path).is_file()]
    if not there:
        return paragraph("The pictures themselves are no longer on disk: no sheet.", "quiet")
    sheet = cluster_sheet(
        assignments, images, published.opened.root, title=study.name, per_cluster=SHOWN
    )
    small = shrink_to_webp(sheet, SHEET_BYTES)
    return picture(
        small,
        "image/webp",
        Image.open(io.BytesIO(small)).size,
        "Sheet of the six most central pictures of each cluster, a row for each cluster.",
        f"The six pictures nearest to the centre of each cluster. {credit_of(images)}",
    )


def _chart(published: Published, shares: pl.DataFrame) -> str:
    by_authority = (
        shares.group_by("authority_code", "cluster")
        .agg(pl.col("image_count").sum())
        .with_columns(
            share=pl.col("image_count") / pl.col("image_count").sum().over("authority_code")
        )
        .sort("authority_code", "cluster")
    )
    codes = by_authority["authority_code"].unique().sort().to_list()
    if len(codes) > MOST_BARS:
        by_authority = (
            shares.group_by("cluster")
            .agg(pl.col("image_count").sum())
            .with_columns(
                authority_code=pl.lit("all"),
                share=pl.col("image_count") / pl.col("image_count").sum(),
            )
            .sort("cluster")
        )
        codes = ["all"]
    names = [published.authority_names.get(code, "all authorities") for code in codes]
    told = "Share of pictures in each cluster, by authority."
    return chart(_draw_shares(by_authority, codes, names, published.credit), told, told)


def _draw_shares(shares: pl.DataFrame, codes: list[str], names: list[str], whom: str) -> "Figure":
    figure = new_figure(7.5, 1.3 + 0.42 * len(codes), credit=whom)
    axes = figure.subplots()
    so_far = dict.fromkeys(codes, 0.0)
    for (cluster,), part in shares.group_by("cluster", maintain_order=True):
        assert isinstance(cluster, int)
        of_code = dict(part.select("authority_code", "share").iter_rows())
        widths = [of_code.get(code, 0.0) * 100 for code in codes]
        place = cluster - 1
        axes.barh(
            range(len(codes)),
            widths,
            left=[so_far[code] for code in codes],
            color=COLOURS[place % len(COLOURS)],
            hatch=HATCHES[place // len(COLOURS) % len(HATCHES)],
            edgecolor="white",
            linewidth=0.5,
            label=str(cluster),
        )
        for code, width in zip(codes, widths, strict=True):
            so_far[code] += width
    axes.set_yticks(range(len(codes)), [plain(name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of pictures")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *axes.get_legend_handles_labels(), title="cluster", loc="outside upper center",
        ncols=10, frameon=False, fontsize=8, title_fontsize=8, handlelength=1.2, columnspacing=1,
    )  # fmt: skip
    return figure


def _by_target(published: Published, shares: pl.DataFrame) -> str:
    """Show how the share of each cluster goes with the target."""
    counts = shares.group_by("cluster").agg(pl.col("image_count").sum()).sort("cluster")
    total = counts["image_count"].sum()
    profile = published.profile
    observed = (
        profile.filter(pl.col("observed").is_not_null()).select("area_code", "observed")
        if published.target is not None
        else profile.head(0).select("area_code", "observed")
    )
    seen = observed.join(shares.select("area_code").unique(), on="area_code", how="semi")
    rows = []
    for cluster, count in counts.iter_rows():
        mine = shares.filter(pl.col("cluster") == cluster).select("area_code", "share")
        both = seen.join(mine, on="area_code", how="left").with_columns(
            pl.col("share").fill_null(0.0)
        )
        correlation = (
            both.select(pl.corr("observed", "share", method="spearman")).item()
            if both.height > 2
            else None
        )
        defined = correlation if correlation is not None and correlation == correlation else None
        rows.append([f"{cluster}", count, percent(count / total), number(defined)])
    against = f"rank correlation with {published.target}" if published.target else "with a target"
    note = f"Correlation of the cluster's share over {seen.height:,} areas." if seen.height else ""
    return table("Clusters", ("cluster", "pictures", "share", against), rows, note=note)


def _labels(published: Published) -> str:
    shares = published.ask(
        "label_shares",
        "select label, sum(image_count)::bigint as pictures, avg(mean_probability) as probability "
        f"from label_shares where encoder = '{published.opened.encoder}' "
        "group by label order by pictures desc, label",
    )
    if shares.is_empty():
        return ""
    total = shares["pictures"].sum()
    rows = [
        [label, count, percent(count / total if total else None), percent(probability)]
        for label, count, probability in shares.iter_rows()
    ]
    note = "The label whose words the encoder finds most like the picture."
    columns = ("label", "pictures", "share", "mean probability over areas")
    return table("Labels", columns, rows, note=note)
