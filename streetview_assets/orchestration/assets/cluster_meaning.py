"""What the clusters are: the profile of each, a map, a sheet of images, a heat map."""

from typing import Any

import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.names.cluster_names import names_by_cluster
from streetview_assets.clusters.number.index_charts import in_words
from streetview_assets.clusters.profile.dominant_cluster import point_clusters
from streetview_assets.clusters.profile.members_sheet import members_sheet
from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.assets.clusters import keys_of_kept
from streetview_assets.orchestration.missing_parts import NO_AREAS, NO_TARGETS
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, study_asset

MEMBERS_ACROSS, MEMBERS_DOWN = 7, 10
_OF_A_POINT = ("authority_code", "image_id", "point_id", "status", "is_current")
"""Columns of images that say whose point each is: all of them take most of the memory."""


def keys_of_figures(study: Study) -> tuple[str, ...]:
    """Name the keys of the maps that are kept, and of histograms where there are any."""
    of_target = ("models.target",) if "histograms" in study.clusters.figures else ()
    return (*keys_of_kept(study), *of_target)


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
    keys=(
        "clusters.k",
        "clusters.pca",
        "clusters.keep",
        "clusters.keep_in",
        "seed",
    ),
    keys_for=keys_of_figures,
    code_version=3,
    study_wide=True,
)
def cluster_meaning(work: AssetContext) -> AssetResult:
    """What each cluster is: size, place, words, and how its share goes with each target."""
    from streetview_assets.clusters.profile.profile import cluster_profile

    settings, read = work.study.clusters, work.read_all
    fit = {"method": METHOD, "space": settings.space, "k": settings.k}
    assigned = read("cluster_assignments").filter(**fit)
    if assigned.is_empty():
        return work.not_applicable(_why_no_cluster(work))
    points = _points(work, assigned)
    profile = cluster_profile(
        assigned,
        read("cluster_centres").filter(**fit),
        points,
        cluster_shares=read("cluster_shares").filter(**fit),
        seed=work.study.seed,
        **{table: read(table) for table in ("label_shares", "label_scores", "targets", "areas")},
    )
    frames = {"cluster_profile": profile}
    return AssetResult(frames, {**work.drawn(frames), **_told(work, profile)})


def _points(work: AssetContext, assigned: pl.DataFrame) -> pl.DataFrame:
    """Give each point the cluster that most of its images are in."""
    images = work.read_all(INCLUDED, _OF_A_POINT)
    return point_clusters(assigned, images, work.read_all("sample_points"))


def _why_no_cluster(work: AssetContext) -> str:
    provenance = work.opened.provenance("cluster_centres", None)
    return (provenance.note if provenance else "") or "no image has a cluster"


@figures_of(
    cluster_meaning,
    keys=("clusters.figures", "targets.label"),
    reads=("cluster_names",),
)
def _figures(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.clusters.profile.map import draw_cluster_map
    from streetview_assets.clusters.profile.target_charts import draw_spearman, draw_target_profile

    study, whom, profile = work.study, work.credit, work.read_all("cluster_profile")
    fit = {"method": METHOD, "space": study.clusters.space, "k": study.clusters.k}
    assigned = work.read_all("cluster_assignments").filter(**fit)
    points = _points(work, assigned)
    names = names_by_cluster(work.read_all("cluster_names").filter(**fit))
    how: dict[str, Any] = {"title": work.titled(), "names": names}
    shown: dict[str, Any] = {**_maps_of_others(work), **_asked_for(work, assigned)}
    if points.height:
        areas = work.read_all("areas")
        drawn = draw_cluster_map(points, areas, k=study.clusters.k, credit=whom, **how)
        shown["map of the clusters"] = work.figure("clusters_map", drawn)
    if work.shows_images:
        images = work.looked_at(work.read_all(INCLUDED))
        sheet = members_sheet(assigned, images, work.opened.root, seed=study.seed, **how)
        shown["central and random members"] = work.figure("clusters_members", sheet)
    if not profile.filter(measure="spearman").is_empty():
        drawn = draw_spearman(profile, called=study.called, credit=whom, **how)
        shown["shares against targets"] = work.figure("clusters_spearman", drawn)
    if not profile.filter(measure="target_median").is_empty():
        drawn = draw_target_profile(profile, called=study.called, credit=whom, **how)
        shown["targets where each cluster is"] = work.figure("clusters_targets", drawn)
    return shown


def _maps_of_others(work: AssetContext) -> dict[str, Any]:
    """Keep a map of each of the other numbers of clusters that the study keeps."""
    from streetview_assets.clusters.profile.map import draw_cluster_map

    _, *others = work.study.clusters.kept
    work.forget("clusters_map_k*")
    paths = []
    for k, space in others:
        fit = {"method": METHOD, "space": space, "k": k}
        assigned = work.read_all("cluster_assignments").filter(**fit)
        points = _points(work, assigned)
        if points.is_empty():
            continue
        title = work.titled(f"clusters found in {in_words(space)}")
        drawn = draw_cluster_map(
            points, work.read_all("areas"), k=k, title=title, credit=work.credit
        )
        paths.append(work.keep(f"clusters_map_k{k}_{space}", drawn))
    return {"maps of the others that are kept": ", ".join(paths)} if paths else {}


def _asked_for(work: AssetContext, assigned: pl.DataFrame) -> dict[str, Any]:
    """Draw what the study asks for by `clusters.figures`."""
    from streetview_assets.clusters.profile.target_charts import draw_target_histograms

    study, asked = work.study, work.study.clusters.figures
    shown: dict[str, Any] = {}
    work.forget("clusters_target_histograms", "clusters_members_of_*")
    if not asked:
        return shown
    images = current_images(work.looked_at(work.read_all(INCLUDED)))
    placed = assigned.join(images, on=["authority_code", "image_id"], how="inner")
    if "histograms" in asked and study.target is not None:
        values = work.read_all("targets").filter(target=study.target.name).drop_nulls("value")
        of_images = placed.join(values, on="area_code", how="inner").select("cluster", "value")
        if of_images.height:
            drawn = draw_target_histograms(
                of_images, what=study.target.called, title=work.titled(), credit=work.credit
            )
            shown["target by cluster"] = work.keep("clusters_target_histograms", drawn)
    if "members" in asked and work.shows_images:
        shown["members of each cluster"] = ", ".join(_members(work, placed))
    return shown


def _members(work: AssetContext, placed: pl.DataFrame) -> list[str]:
    """Keep a sheet of each cluster: 70 images drawn at random, in seven columns."""
    paths = []
    for (cluster,), images in placed.group_by("cluster", maintain_order=True):
        sheet = contact_sheet(
            images,
            work.opened.root,
            columns=MEMBERS_ACROSS,
            rows=MEMBERS_DOWN,
            seed=work.study.seed,
            title=work.titled(f"cluster {cluster}"),
        )
        paths.append(work.keep(f"clusters_members_of_{cluster}", sheet))
    return sorted(paths)


def _told(work: AssetContext, profile: pl.DataFrame) -> dict[str, Any]:
    """Say in words what lies together, and what is left out and why."""
    from streetview_assets.clusters.profile.target_profile import EVERY

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
