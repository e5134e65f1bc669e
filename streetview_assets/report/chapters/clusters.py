"""Chapter "Clusters": how many, what they show, and how they spread over the areas."""

from typing import Any

import polars as pl

from streetview_assets.charts import bare, panels
from streetview_assets.clusters.fit.hdbscan import DensityClusters, in_words, smallest_cluster
from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.number.recommendation import recommend
from streetview_assets.clusters.profile.dominant_cluster import point_clusters
from streetview_assets.clusters.profile.map import draw_cluster_map
from streetview_assets.clusters.profile.target_charts import CERTAIN
from streetview_assets.figures import COLOURS, Figure
from streetview_assets.report.cells import Cell, number, percent, rounded
from streetview_assets.report.database import Published
from streetview_assets.report.figures import PHONE_DPI, Embedded, embedded
from streetview_assets.text.visible_text import shortened

MOST_NUMBERS = 24
COLUMNS = {
    "silhouette": "silhouette .3",
    "Calinski-Harabasz": "calinski_harabasz .2",
    "Davies-Bouldin": "davies_bouldin .2",
    "gap": "gap .2",
    "alike between seeds": "stability_seeds .2",
    "alike between halves": "stability_halves .2",
    "the kinds of density": "density_agreement .2",
}
MOST_BARS = 12
MOST_ROWS = 30
MOST_TARGETS = 7
HATCHES = ("", "//", "..", "xx")

SHARES = """
select authority_code, cluster, sum(image_count)::bigint as images from cluster_shares
where encoder = '{encoder.slug}' and k = {clusters.k} and space = '{clusters.space}'
group by all order by all
"""
IMAGES = "select authority_code, image_id, point_id, status, is_current from images"
LABELS = """
select
    label,
    sum(image_count)::bigint as images,
    sum(image_count) / nullif(sum(sum(image_count)) over (), 0) as share,
    avg(mean_probability) as probability
from label_shares where encoder = '{encoder.slug}' group by label order by images desc, label
"""


def clusters(published: Published) -> dict[str, Any]:
    """Find how many clusters there are, and what each of them and each label shows."""
    study = published.study
    settings = {"encoder": study.encoder, "clusters": study.clusters}
    shares = published.ask("cluster_shares", SHARES.format_map(settings))
    summary = published.table("cluster_summary")
    why = published.why_empty("cluster_profile") or "their profile has not been made"
    return {
        **number_of_clusters(published),
        "shares": None if shares.is_empty() else embedded(_draw_shares(published, shares)),
        "why_no_summary": "" if summary.height else why,
        "summary_count": summary.height,
        **(_summary(published, summary) if summary.height else {}),
        **_by_density(published),
        "narrow_map": _draw_narrow_map(published),
        "labels": published.ask("label_shares", LABELS.format_map(settings)),
    }


def _draw_narrow_map(published: Published) -> Embedded | None:
    """Draw the map of the clusters that was kept once more, for a phone."""
    settings = published.study.clusters
    assigned = published.of_encoder("cluster_assignments").filter(
        method=METHOD, space=settings.space, k=settings.k
    )
    images = published.ask("images", IMAGES) if assigned.height else assigned
    if images.is_empty():
        return None
    points = point_clusters(assigned, images, published.table("sample_points"))
    figure = draw_cluster_map(
        points, published.areas, k=settings.k, title=published.owner, credit=published.credit,
        names=published.cluster_names, narrow=True,
    )  # fmt: skip
    return embedded(figure, PHONE_DPI)


def _draw_shares(published: Published, shares: pl.DataFrame) -> Figure:
    """Draw the share of each cluster, a bar an authority; one bar of all where they are many."""
    shares = published.named(shares)
    if shares["authority_code"].n_unique() > MOST_BARS:
        shares = shares.with_columns(authority=pl.lit("all authorities"), authority_code=pl.lit(""))
    of = ["authority_code", "authority"]
    by_cluster = (
        shares.sort("cluster")
        .pivot("cluster", index=of, values="images", aggregate_function="sum")
        .sort("authority_code")
    )
    names, counts = by_cluster["authority"].to_list(), by_cluster.drop(of).fill_null(0)
    percents = counts.select(pl.all() * 100 / pl.sum_horizontal(pl.all()))
    figure, (axes,) = panels(1, (7.5, 1.3 + 0.42 * len(names)), credit=published.credit)
    left, called = pl.zeros(len(names), eager=True), published.cluster_names
    for cluster, width in percents.to_dict().items():
        turn, place = divmod(int(cluster) - 1, len(COLOURS))
        axes.barh(
            range(len(names)), width, left=left, color=COLOURS[place],
            hatch=HATCHES[turn % len(HATCHES)], edgecolor="white", linewidth=0.5,
            label=f"{cluster} {shortened(called.get(int(cluster), ''))}".strip(),
        )  # fmt: skip
        left += width
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of images")
    bare(axes)
    figure.legend(
        *axes.get_legend_handles_labels(), title="cluster", loc="outside upper center",
        ncols=10, frameon=False, fontsize=8, title_fontsize=8, handlelength=1.2, columnspacing=1,
    )  # fmt: skip
    return figure


def _summary(published: Published, summary: pl.DataFrame) -> dict[str, Any]:
    """Give a row of each of the largest clusters, and the targets that are spoken of."""
    largest = summary.sort("image_count", "cluster", descending=[True, False]).head(MOST_ROWS)
    rows = largest.sort("cluster").to_dicts()
    asked = [one.name for one in published.study.targets][:MOST_TARGETS]
    targets = [name for name in asked if any(name in (row["spearman"] or {}) for row in rows)]
    named = [published.study.called(name) for name in targets]
    words = any(row["nearest_label"] for row in rows)
    columns = [
        "cluster", "images", "share", *(["nearest label"] if words else []),
        "distance to centre", *(f"with {name}" for name in named), "points beside their like",
    ]  # fmt: skip
    shown = [
        [
            Cell(str(row["cluster"]), row["name"] or ""), row["image_count"], percent(row["share"]),
            *([_label(row)] if words else []), number(row["cosine_distance_median"]),
            *(_correlation(row, name) for name in targets), _joins(row),
        ]
        for row in rows
    ]  # fmt: skip
    return {"summary": shown, "summary_columns": columns, "targets": named}


def _label(row: dict[str, Any]) -> Cell | None:
    if row["nearest_label"] is None:
        return None
    probability = f"probability {row['nearest_label_probability']:.2f}"
    return Cell(row["nearest_label"], probability)


def _correlation(row: dict[str, Any], target: str) -> Cell:
    p = (row["spearman_p_values"] or {}).get(target)
    value = (row["spearman"] or {}).get(target)
    if value is None or p is None or p > CERTAIN:
        return number(value)
    return Cell(f"{rounded(value)}*")


def _joins(row: dict[str, Any]) -> Cell | None:
    if row["join_ratio"] is None:
        return None
    p = row["join_p_value_corrected"]
    small = "" if p is None else f"p {p:.3f}" if p >= 0.001 else "p below 0.001"
    return Cell(f"{row['join_ratio']:.1f} ×", small)


def _by_density(published: Published) -> dict[str, Any]:
    """Say what was found by density, a second method beside k-means, where it was looked for."""
    images = published.of_encoder("density_clusters")
    if images.is_empty():
        return {"by_density": ""}
    asked = published.study.clusters.min_cluster_size
    of_none = images["cluster"].null_count()
    found = DensityClusters(
        images,
        asked or smallest_cluster(images.height),
        images["cluster"].n_unique() - bool(of_none),
        of_none / images.height,
    )
    return {"by_density": in_words(found), "density_count": found.count}


def number_of_clusters(published: Published) -> dict[str, Any]:
    """Find how many clusters the scores advise, beside the number that the study takes."""
    settings = published.study.clusters
    told = published.of_encoder("cluster_scores")
    scores = told.filter(method=METHOD, space=settings.space)
    if scores.drop_nulls("value").is_empty():
        why = published.why_empty("cluster_scores") or "no numbers of clusters were compared"
        return {"why_no_number": why}
    advice = recommend(told, settings.space)
    means = scores.pivot("score", index="k", values="value", aggregate_function="mean").sort("k")
    columns = {name: how for name, how in COLUMNS.items() if how.split()[0] in means.columns}
    return {
        "why_no_number": "",
        "advice": list(advice.sentences),
        "numbers": _thinned(means, settings.k).with_columns(pl.col("k").cast(pl.String)),
        "indices": {"clusters": "k", **columns},
    }


def _thinned(means: pl.DataFrame, own: int) -> pl.DataFrame:
    """Keep so many numbers as a table can hold, evenly, the study's own among them."""
    step = -(-means.height // MOST_NUMBERS)
    return means.filter((pl.int_range(pl.len()) % step == 0) | (pl.col("k") == own))
