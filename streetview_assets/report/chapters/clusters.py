"""Chapter "Clusters": how many, what they show, and how they spread over the areas."""

import io
from typing import TYPE_CHECKING, Any

import polars as pl
from PIL import Image

from streetview_assets.clusters.profile.exemplars import cluster_sheet
from streetview_assets.figures import COLOURS, new_figure, shrink_to_webp
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.report.chapters.cluster_number import number_of_clusters
from streetview_assets.report.chapters.density import clusters_by_density
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure, why_no_images
from streetview_assets.report.html import (
    Cell,
    Row,
    Section,
    chart,
    heading,
    image,
    number,
    paragraph,
    percent,
    table,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHEET_BYTES = 600_000
SHOWN = 6
MOST_BARS = 12
MOST_CLUSTERS_SHOWN = 12
MOST_ROWS = 30
MOST_TARGETS = 7
HATCHES = ("", "//", "..", "xx")


def clusters_section(published: Published) -> Section:
    """Say how many clusters there are, and what each of them and each label shows."""
    settings = published.study.clusters
    space = f"{settings.pca} principal components of them" if settings.pca else "the vectors"
    opening = paragraph(
        f"Images that look alike are put into {settings.k} clusters, found in {space} without "
        "any word about what they show. Clusters are numbered by size; what a cluster is, its "
        "images tell."
    )
    parts = [
        opening,
        number_of_clusters(published),
        heading("What they are"),
        _sheet(published),
        _summary(published),
        _chart(published),
        _figures(published),
        clusters_by_density(published),
        _labels(published),
    ]
    return Section("clusters", "Clusters", "".join(parts))


def _shares(published: Published) -> pl.DataFrame:
    study = published.study
    return published.ask(
        "cluster_shares",
        "select authority_code, area_code, cluster, image_count, share from cluster_shares "
        f"where encoder = '{published.opened.encoder}' and k = {study.clusters.k} "
        f"and space = '{study.clusters.space}' order by all",
    )


def _sheet(published: Published) -> str:
    """Show members of each cluster, where the provider lets images be passed on."""
    if restricted := why_no_images(published):
        return paragraph(restricted, "quiet")
    kept = kept_figure(
        published,
        "clusters_members",
        "Of each cluster the images nearest to its centre, which are alike by choice, and some "
        "drawn at random, which show how mixed it is.",
        shows_images=True,
    )
    return kept or _central_sheet(published)


def _central_sheet(published: Published) -> str:
    """Lay out the central images of each cluster anew, where no sheet was kept."""
    study = published.study
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
        return paragraph("The images themselves are no longer on disk: no sheet.", "quiet")
    sheet = cluster_sheet(
        assignments, images, published.opened.root, title=study.name, per_cluster=SHOWN
    )
    small = shrink_to_webp(sheet, SHEET_BYTES)
    return image(
        small,
        "image/webp",
        Image.open(io.BytesIO(small)).size,
        "Sheet of the six most central images of each cluster, a row for each cluster.",
        f"The six images nearest to the centre of each cluster. {credit_of(images)}",
    )


def _chart(published: Published) -> str:
    shares = _shares(published)
    if shares.is_empty():
        return ""
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
    told = "Share of images in each cluster, by authority."
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
    axes.set_yticks(range(len(codes)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of images")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *axes.get_legend_handles_labels(), title="cluster", loc="outside upper center",
        ncols=10, frameon=False, fontsize=8, title_fontsize=8, handlelength=1.2, columnspacing=1,
    )  # fmt: skip
    return figure


def _summary(published: Published) -> str:
    """Show the mart `cluster_summary`: a row a cluster."""
    summary = published.table("cluster_summary")
    if summary.is_empty():
        why = published.why_empty("cluster_profile") or "their profile has not been made"
        return paragraph(f"What the clusters are is not told: {why}.")
    largest = summary.sort("image_count", "cluster", descending=[True, False])
    shown = largest.head(MOST_ROWS).sort("cluster")
    targets = [one.name for one in published.study.targets][:MOST_TARGETS]
    known = shown.to_dicts()
    targets = [name for name in targets if any(name in (row["spearman"] or {}) for row in known)]
    words = any(row["nearest_label"] for row in known)
    names = [
        "cluster", "images", "share", *(["nearest label"] if words else []),
        "distance to centre", *(f"with {name}" for name in targets), "points beside their like",
    ]  # fmt: skip
    rows: list[Row] = []
    for row in known:
        label = [_label(row)] if words else []
        spearman = row["spearman"] or {}
        rows.append(
            [
                str(row["cluster"]), row["image_count"], percent(row["share"]), *label,
                number(row["cosine_distance_median"]),
                *(number(spearman.get(name)) for name in targets), _joins(row),
            ]
        )  # fmt: skip
    left_out = (
        f" The {MOST_ROWS} largest of {summary.height}." if summary.height > MOST_ROWS else ""
    )
    note = (
        "Distance: the median cosine distance of its images to its centre, 0 for all alike. "
        + ("With a target: rank correlation of the cluster's share over areas. " if targets else "")
        + "Points beside their like: pairs of neighbouring points that are both mainly of the "
        f"cluster, as a multiple of what chance gives.{left_out}"
    )
    return table("What each cluster is", names, rows, note=note)


def _label(row: dict[str, Any]) -> Cell | None:
    if row["nearest_label"] is None:
        return None
    return Cell(row["nearest_label"], f"probability {row['nearest_label_probability']:.2f}")


def _joins(row: dict[str, Any]) -> Cell | None:
    if row["join_ratio"] is None:
        return None
    p = row["join_p_value"]
    small = "" if p is None else f"p {p:.3f}" if p >= 0.001 else "p below 0.001"
    return Cell(f"{row['join_ratio']:.1f} ×", small)


def _figures(published: Published) -> str:
    told = {
        "clusters_map": "Each sample point in the colour of the cluster that most of its images "
        "are in.",
        "clusters_spearman": "Rank correlation of the share of each cluster, and of each label, "
        "with each target over areas.",
        "clusters_targets": "The middle half of each target over areas, weighted by the cluster's "
        "share in them.",
    }
    return "".join(kept_figure(published, name, text) for name, text in told.items())


def _labels(published: Published) -> str:
    shares = published.ask(
        "label_shares",
        "select label, sum(image_count)::bigint as images, avg(mean_probability) as probability "
        f"from label_shares where encoder = '{published.opened.encoder}' "
        "group by label order by images desc, label",
    )
    if shares.is_empty():
        return ""
    total = shares["images"].sum()
    rows = [
        [label, count, percent(count / total if total else None), percent(probability)]
        for label, count, probability in shares.iter_rows()
    ]
    note = "The label whose words the encoder finds most like the image."
    columns = ("label", "images", "share", "mean probability over areas")
    return table("Labels", columns, rows, note=note)
