"""Clusters: kinds of scene, found over the whole study, assigned by authority."""

import sys
from typing import Any

import polars as pl

from streetview_assets.clusters.change.changes import NO_PAIRS
from streetview_assets.clusters.change.changes import capture_changes as changes_of
from streetview_assets.clusters.fit.assign import assign_clusters, nearest_centres
from streetview_assets.clusters.fit.hdbscan import LOOKED_AT, DensityClusters, agreement, in_words
from streetview_assets.clusters.fit.hdbscan import density_clusters as clusters_by_density
from streetview_assets.clusters.fit.kmeans import METHOD, ClusterFit, fit_clusters
from streetview_assets.clusters.fit.sample import draw_sample
from streetview_assets.clusters.group_embeddings import area_group_embeddings as pool_groups
from streetview_assets.clusters.group_embeddings import cluster_groups, groups_by_hand, label_groups
from streetview_assets.clusters.profile.members_sheet import cluster_sheet, members_sheet
from streetview_assets.clusters.shares import cluster_shares as shares_of
from streetview_assets.clusters.shares import label_shares as label_shares_of
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas, no_labels
from streetview_assets.study.clusters import components_of
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, study_asset


def keys_of_kept(study: Study) -> tuple[str, ...]:
    """Name the keys that say which numbers are kept, where that is the sweep."""
    return ("clusters.sweep",) if study.clusters.keep == "sweep" else ()


@study_asset(
    "clusters",
    writes=("cluster_centres",),
    reads=(VECTORS, INCLUDED, "encoders"),
    keys=(
        "clusters.k",
        "clusters.pca",
        "clusters.keep",
        "clusters.keep_in",
        "clusters.fit_on",
        "seed",
    ),
    keys_for=keys_of_kept,
    code_version=5,
    study_wide=True,
)
def cluster_model(work: AssetContext) -> AssetResult:
    """The centres of the clusters, fitted on a seeded sample of all authorities, equal per area."""
    from streetview_assets.orchestration.tracking.judged_on import encoder_identity

    sample, vectors_of = draw_of(work), encoder_identity(work)
    own, *others = _fits(work, sample, _last_centres(work, vectors_of))
    why = "; ".join(one.reason for one in others if one.reason)
    return AssetResult(
        {"cluster_centres": pl.concat([one.centres for one in (own, *others)])},
        {**who_is_in(work, sample), **({"left out of those that are kept": why} if why else {})},
        note=own.reason,
        reuse=vectors_of,
    )


def _fits(work: AssetContext, sample: pl.DataFrame, last: pl.DataFrame | None) -> list[ClusterFit]:
    """Fit the study's own clusters, then the others that it keeps."""
    how: dict[str, Any] = {"seed": work.study.seed, "encoder": work.opened.encoder, "last": last}
    return [
        fit_clusters(sample, k=k, pca=components_of(space), space=space, **how)
        for k, space in work.study.clusters.kept
    ]


def _last_centres(work: AssetContext, vectors_of: str) -> pl.DataFrame | None:
    """Read the last fit; None where it was of another encoder's vectors under the same name."""
    provenance = work.opened.provenance("cluster_centres", None)
    alike = provenance is not None and provenance.reuse == vectors_of
    return work.opened.read("cluster_centres") if alike else None


@study_asset(
    "clusters",
    writes=("density_clusters",),
    reads=(VECTORS, INCLUDED, "cluster_centres"),
    keys=("clusters.min_cluster_size", "clusters.k", "clusters.pca", "clusters.fit_on", "seed"),
    study_wide=True,
)
def density_clusters(work: AssetContext) -> AssetResult:
    """Clusters by density, a second method: images may be in none, and none may be found."""
    settings, sample = work.study.clusters, draw_of(work, LOOKED_AT)
    if sample.is_empty():
        return work.not_applicable("no image has a vector")
    found = clusters_by_density(
        sample,
        pca=settings.pca,
        min_cluster_size=settings.min_cluster_size,
        seed=work.study.seed,
        encoder=work.opened.encoder,
    )
    metadata: dict[str, object] = {
        "clusters": found.count,
        "share in none": found.share_in_none,
        "fewest images of a cluster": found.min_cluster_size,
        "what it means": in_words(found),
        **_agreement(work, sample, found),
        **work.drawn({"density_clusters": found.images}),
    }
    return AssetResult({"density_clusters": found.images}, {**metadata, **who_is_in(work, sample)})


def _agreement(
    work: AssetContext, sample: pl.DataFrame, found: DensityClusters
) -> dict[str, object]:
    """Say how far the clusters by density are those of k-means, where there are any."""
    centres = _study_centres(work)
    if centres.is_empty():
        return {}
    ordered = centres.sort("cluster")["centre"]
    nearest, _ = nearest_centres(matrix(sample["embedding"]), matrix(ordered))
    agreed = agreement(found.images, pl.Series(nearest))
    return {
        f"agreement with k-means, k = {work.study.clusters.k} (adjusted Rand)": (
            "none: fewer than two clusters" if agreed is None else agreed
        )
    }


@figures_of(density_clusters)
def _density_sheet(work: AssetContext) -> dict[str, object]:
    found = work.read_all("density_clusters")
    members = found.drop_nulls("cluster")
    if members.is_empty() or not work.shows_images:
        return {}
    sheet = members_sheet(
        members,
        work.looked_at(work.read_all(INCLUDED)),
        work.opened.root,
        title=work.titled(f"clusters by density ({1 - members.height / found.height:.0%} in none)"),
        seed=work.study.seed,
    )
    return {"central and random members": work.figure("clusters_density", sheet)}


def _study_centres(work: AssetContext) -> pl.DataFrame:
    """Read the centres of the study's own number of clusters, in its own space."""
    return work.opened.read("cluster_centres").filter(**_own_fit(work))


def _own_fit(work: AssetContext) -> dict[str, object]:
    """Name the study's own clusters, among those that it keeps."""
    settings = work.study.clusters
    return {"method": METHOD, "space": settings.space, "k": settings.k}


@study_asset(
    "clusters",
    writes=("cluster_assignments",),
    reads=(VECTORS, "cluster_centres", INCLUDED),
    keys=("clusters.k", "clusters.pca"),
    code_version=2,
)
def cluster_assignments(work: AssetContext) -> AssetResult:
    """The cluster of each current image, or panorama: that of the nearest centre."""
    images = current_images(work.looked_at(work.read(INCLUDED)))
    vectors = work.read(VECTORS).join(images, on="image_id", how="semi")
    assigned = assign_clusters(vectors, work.opened.read("cluster_centres"), work.authority)
    frames = {"cluster_assignments": assigned}
    return AssetResult(frames, work.drawn(frames))


@figures_of(cluster_assignments)
def _exemplars(work: AssetContext) -> dict[str, object]:
    own = work.read("cluster_assignments").filter(**_own_fit(work))
    if own.is_empty() or not work.shows_images:
        return {}
    images = current_images(work.looked_at(work.read(INCLUDED)))
    sheet = cluster_sheet(own, images, work.opened.root, title=work.titled())
    return {"exemplars": work.figure("clusters", sheet)}


@study_asset(
    "clusters",
    writes=("cluster_shares",),
    reads=("cluster_assignments", INCLUDED),
    code_version=2,
    unless=(no_areas,),
)
def cluster_shares(work: AssetContext) -> AssetResult:
    """How each area's images spread over the clusters."""
    return AssetResult(
        {"cluster_shares": shares_of(work.read("cluster_assignments"), work.read(INCLUDED))}
    )


@study_asset(
    "clusters",
    writes=("label_shares",),
    reads=("label_scores", INCLUDED),
    unless=(no_areas, no_labels),
)
def label_shares(work: AssetContext) -> AssetResult:
    """How each area's images spread over the labels."""
    scores = work.read("label_scores")
    if scores.is_empty():
        provenance = work.opened.provenance("label_scores", work.authority)
        why = (provenance.note if provenance else "") or "no image has a label"
        return work.not_applicable(why)
    return AssetResult({"label_shares": label_shares_of(scores, work.read(INCLUDED))})


@study_asset(
    "clusters",
    writes=("area_group_embeddings",),
    reads=("cluster_assignments", "label_scores", "user_groups", INCLUDED, VECTORS),
    keys=("clusters.k", "clusters.pca"),
    code_version=3,
    unless=(no_areas,),
)
def area_group_embeddings(work: AssetContext) -> AssetResult:
    """The area's images of each cluster, label, and group put together by hand, as one vector."""
    groups = [
        cluster_groups(work.read("cluster_assignments").filter(**_own_fit(work))),
        label_groups(work.read("label_scores")),
        groups_by_hand(work.read_all("user_groups"), work.opened.encoder),
    ]
    pooled = pool_groups(pl.concat(groups), work.read(INCLUDED), work.read(VECTORS))
    return AssetResult({"area_group_embeddings": pooled})


@study_asset(
    "clusters",
    writes=("capture_changes",),
    reads=("images", VECTORS, "cluster_centres", "sample_points", "areas"),
    keys=("images.headings_deg", "clusters.k", "clusters.pca"),
    code_version=2,
)
def capture_changes(work: AssetContext) -> AssetResult:
    """What changed where a point has two captures: cosine, and the clusters left and joined.

    Cameras, seasons, weather and traffic change as well as streets do.
    """
    points = work.read("sample_points")
    changes = changes_of(
        work.read("images").join(points, on="point_id", how="semi"),
        work.read(VECTORS),
        _study_centres(work),
        encoder=work.opened.encoder,
        headings_deg=work.study.images.headings_deg,
    )
    if changes.is_empty():
        return work.not_applicable(NO_PAIRS)
    frames = {"capture_changes": changes}
    return AssetResult(frames, {**_change_metadata(changes), **work.drawn(frames)})


@figures_of(capture_changes)
def _change_map(work: AssetContext) -> dict[str, object]:
    from streetview_assets.clusters.change.map import draw_changes

    changes, points = work.read("capture_changes"), work.read("sample_points")
    how = {"title": work.titled(), "credit": work.credit}
    drawn = draw_changes(work.read("areas"), points, changes, **how)
    return {"where streets changed most": work.figure("capture_changes", drawn)}


def _change_metadata(changes: pl.DataFrame) -> dict[str, object]:
    moved = changes.select((pl.col("from_cluster") != pl.col("to_cluster")).mean()).item()
    return {
        "points with two captures or more": changes["point_id"].n_unique(),
        "median cosine": changes.select(pl.median("cosine")).item(),
        "median cosine of images of different points": changes["cosine_elsewhere"][0],
        "share that changed cluster": moved,
    }


def draw_of(work: AssetContext, at_most: int = sys.maxsize) -> pl.DataFrame:
    """Draw the images on which clusters are found, and read the vectors of those alone."""
    drawn = draw_sample(
        work.read_all(VECTORS, ("authority_code", "image_id", "status")),
        work.read_all(INCLUDED, ("image_id", "area_code", "status", "is_current")),
        fit_on=min(work.study.clusters.fit_on, at_most),
        seed=work.study.seed,
    )
    vectors = [
        work.opened.vectors(code, ("authority_code", "image_id", "embedding")).join(
            drawn, on=["authority_code", "image_id"], how="semi"
        )
        for code in work.opened.authorities
    ]
    return drawn.join(
        pl.concat(vectors), on=["authority_code", "image_id"], how="left", maintain_order="left"
    )


def who_is_in(work: AssetContext, sample: pl.DataFrame) -> dict[str, object]:
    """Say how many images were drawn, and of which authorities."""
    return {
        f"{work.called} in the sample": sample.height,
        "authorities that were in": ", ".join(sorted(set(sample["authority_code"]))) or "none",
    }
