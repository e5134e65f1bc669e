"""What the clusters are: the profile of each, a map, a sheet of images, a heat map."""

from typing import Any

import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.profile.dominant_cluster import point_clusters
from streetview_assets.clusters.profile.map import draw_cluster_map
from streetview_assets.clusters.profile.members_sheet import members_sheet
from streetview_assets.clusters.profile.profile import cluster_profile
from streetview_assets.clusters.profile.target_charts import draw_spearman, draw_target_profile
from streetview_assets.clusters.profile.target_profile import EVERY
from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import NO_AREAS, NO_TARGETS
from streetview_assets.study_state.lineage import study_asset


@study_asset(
    "clusters",
    writes=("cluster_profile",),
    reads=(
        "cluster_assignments",
        "cluster_centres",
        "cluster_shares",
        "label_scores",
        "label_shares",
        INCLUDED,
        "sample_points",
        "areas",
        "targets",
    ),
    keys=("clusters.k", "clusters.pca", "seed"),
    code_version=3,
    study_wide=True,
)
def cluster_meaning(work: AssetContext) -> AssetResult:
    """What each cluster is: size, place, words, and how its share goes with each target."""
    study, read = work.study, work.read_all
    fit = {"method": METHOD, "space": study.clusters.space, "k": study.clusters.k}
    assigned = read("cluster_assignments").filter(**fit)
    if assigned.is_empty():
        return work.not_applicable(_why_no_cluster(work))
    points = point_clusters(assigned, read(INCLUDED), read("sample_points"))
    profile = cluster_profile(
        assigned,
        read("cluster_centres").filter(**fit),
        points,
        cluster_shares=read("cluster_shares").filter(**fit),
        label_shares=read("label_shares"),
        label_scores=read("label_scores"),
        targets=read("targets"),
        areas=read("areas"),
        seed=study.seed,
    )
    metadata = {**_figures(work, assigned, points, profile), **_told(work, profile)}
    return AssetResult({"cluster_profile": profile}, metadata)


def _why_no_cluster(work: AssetContext) -> str:
    provenance = work.opened.provenance("cluster_centres", None)
    return (provenance.note if provenance else "") or "no image has a cluster"


def _figures(
    work: AssetContext, assigned: pl.DataFrame, points: pl.DataFrame, profile: pl.DataFrame
) -> dict[str, Any]:
    study, whom = work.study, work.credit
    shown: dict[str, Any] = {}
    if points.height:
        drawn = draw_cluster_map(
            points, work.read_all("areas"), k=study.clusters.k, title=work.title, credit=whom
        )
        shown["map of the clusters"] = work.figure("clusters_map", drawn)
    if work.shows_images:
        images = work.looked_at(work.read_all(INCLUDED))
        sheet = members_sheet(assigned, images, work.opened.root, title=work.title, seed=study.seed)
        shown["central and random members"] = work.figure("clusters_members", sheet)
    if not profile.filter(measure="spearman").is_empty():
        drawn = draw_spearman(profile, title=work.title, credit=whom)
        shown["shares against targets"] = work.figure("clusters_spearman", drawn)
    if not profile.filter(measure="target_median").is_empty():
        drawn = draw_target_profile(profile, title=work.title, credit=whom)
        shown["targets where each cluster is"] = work.figure("clusters_targets", drawn)
    return shown


def _told(work: AssetContext, profile: pl.DataFrame) -> dict[str, Any]:
    """Say in words what lies together, and what is left out and why."""
    joins = profile.filter(pl.col("group_name") != EVERY, measure="join_count").drop_nulls("value")
    compact = joins.filter(pl.col("p_value_corrected") <= 0.05)["group_name"].cast(pl.Int64).sort()
    left_out = {
        "targets": NO_TARGETS if work.study.areas else NO_AREAS,
        "labels": "the study names no labels, or its encoder has no words",
    }
    made = {
        "targets": not profile.filter(measure="spearman").is_empty(),
        "labels": not profile.filter(measure="label_probability").is_empty(),
    }
    return {
        "clusters that lie together (p up to 0.05 for so many)": ", ".join(map(str, compact))
        or "none",
        **{f"left out: {part}": why for part, why in left_out.items() if not made[part]},
    }
