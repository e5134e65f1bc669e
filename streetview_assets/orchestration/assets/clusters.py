"""Clusters: kinds of scene, found over the whole study, assigned by authority."""

import sys

import polars as pl

from streetview_assets.clusters.change.changes import NO_PAIRS
from streetview_assets.clusters.change.changes import capture_changes as changes_of
from streetview_assets.clusters.change.map import draw_changes
from streetview_assets.clusters.fit.assign import assign_clusters, nearest_centres
from streetview_assets.clusters.fit.hdbscan import LOOKED_AT, DensityClusters, agreement, in_words
from streetview_assets.clusters.fit.hdbscan import density_clusters as clusters_by_density
from streetview_assets.clusters.fit.kmeans import METHOD, fit_clusters
from streetview_assets.clusters.fit.projection import spaces_of_sweep
from streetview_assets.clusters.fit.sample import draw_sample
from streetview_assets.clusters.group_embeddings import area_group_embeddings as pool_groups
from streetview_assets.clusters.group_embeddings import cluster_groups, label_groups
from streetview_assets.clusters.number.index_charts import draw_elbow
from streetview_assets.clusters.number.internal_indices import Sweep, score_sweep
from streetview_assets.clusters.number.recommendation import Recommendation, recommend
from streetview_assets.clusters.profile.members_sheet import (
    cluster_sheet,
    members_sheet,
    numbers_shown,
    sweep_sheets,
)
from streetview_assets.clusters.shares import cluster_shares as shares_of
from streetview_assets.clusters.shares import label_shares as label_shares_of
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.figures import to_png
from streetview_assets.images.current import current_images
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas, no_labels
from streetview_assets.orchestration.tracking.judged_on import encoder_identity
from streetview_assets.study_state.lineage import study_asset

ONE_OF_TWO_BYTES = 70_000
"""Of each of two figures in the metadata of a study-wide asset: 200 kB together, with the rest."""


@study_asset(
    "clusters",
    writes=("cluster_centres",),
    reads=(VECTORS, INCLUDED, "encoders"),
    keys=("clusters.k", "clusters.pca", "clusters.fit_on", "seed"),
    code_version=3,
    study_wide=True,
)
def cluster_model(work: AssetContext) -> AssetResult:
    """The centres of the clusters, fitted on a seeded sample of all authorities, equal per area."""
    settings = work.study.clusters
    sample = _sample(work)
    vectors_of = encoder_identity(work)
    fitted = fit_clusters(
        sample,
        k=settings.k,
        pca=settings.pca,
        seed=work.study.seed,
        encoder=work.opened.encoder,
        space=settings.space,
        last=_last_centres(work, vectors_of),
    )
    return AssetResult(
        {"cluster_centres": fitted.centres},
        _who(work, sample),
        note=fitted.reason,
        reuse=vectors_of,
    )


def _last_centres(work: AssetContext, vectors_of: str) -> pl.DataFrame | None:
    """Read the last fit; None where it was of another encoder's vectors under the same name."""
    provenance = work.opened.provenance("cluster_centres", None)
    alike = provenance is not None and provenance.reuse == vectors_of
    return work.opened.read("cluster_centres") if alike else None


@study_asset(
    "clusters",
    writes=("cluster_scores", "sweep_centres"),
    reads=(VECTORS, INCLUDED),
    keys=("clusters.sweep", "clusters.seeds", "clusters.pca", "clusters.fit_on", "seed"),
    code_version=5,
    study_wide=True,
)
def cluster_scores(work: AssetContext) -> AssetResult:
    """How well each number of clusters fits, how surely it comes back, and which is advised."""
    settings, sample = work.study.clusters, _sample(work)
    spaces, alone = spaces_of_sweep(settings.pca, sample)
    swept = score_sweep(
        sample,
        numbers=settings.numbers,
        spaces=spaces,
        seed=work.study.seed,
        encoder=work.opened.encoder,
        seeds=settings.seeds,
        on_progress=work.progress("numbers of clusters"),
    )
    advice = recommend(swept.scores, settings.space)
    metadata = {
        **_advised(work, advice, alone),
        **_sweep_figures(work, sample, swept, advice),
        **_who(work, sample),
    }
    return AssetResult({"cluster_scores": swept.scores, "sweep_centres": swept.centres}, metadata)


def _advised(work: AssetContext, advice: Recommendation, alone: str) -> dict[str, object]:
    """Tell the number that is advised, the fit to take, and why there is no second space."""
    method, space = advice.method, advice.space
    return {
        "k of this study": work.study.clusters.k,
        "recommended k": advice.in_short.split(",")[0] if advice.k is None else advice.k,
        **({"recommended fit": f"{method}, {space}"} if method else {}),
        "recommendation": " ".join(advice.sentences),
        **({"left out: a second space": alone} if alone else {}),
    }


def _sweep_figures(
    work: AssetContext, sample: pl.DataFrame, swept: Sweep, advice: Recommendation
) -> dict[str, object]:
    """Draw the scores by the number of clusters, and sheets of images beside them."""
    settings = work.study.clusters
    drawn = draw_elbow(
        swept.scores,
        k=settings.k,
        space=settings.space,
        advice=advice,
        title=work.title,
        credit=work.credit,
    )
    return {
        "elbow": work.figure("clusters_elbow", to_png(drawn), max_bytes=ONE_OF_TWO_BYTES),
        **_sheets(work, sample, swept.centres, advice.k),
    }


def _sheets(
    work: AssetContext, sample: pl.DataFrame, centres: pl.DataFrame, recommended: int | None
) -> dict[str, object]:
    """Keep a sheet of images for each number of clusters, and show one of them."""
    settings, name = work.study.clusters, "clusters_members_k"
    for stale in work.figures.glob(f"{name}*.png"):
        stale.unlink()
    if sample.is_empty() or not work.shows_images:
        return {}
    sheets = sweep_sheets(
        sample,
        centres.filter(space=settings.space),
        work.looked_at(work.read_all(INCLUDED)),
        work.opened.root,
        numbers=numbers_shown(settings.numbers, settings.k),
        title=work.title,
        seed=work.study.seed,
    )
    best = recommended or settings.k
    paths, nearest, shown = [], None, b""
    for k, png in sheets:
        paths.append(work.keep(f"{name}{k}", png))
        if nearest is None or abs(k - best) < abs(nearest - best):
            nearest, shown = k, png
    if nearest is None:
        return {}
    left_out = len(settings.numbers) - len(paths)
    return {
        "central and random members, by number of clusters": ", ".join(paths),
        **({"numbers without a sheet": left_out} if left_out else {}),
        f"members of {nearest} clusters": work.figure(
            f"{name}{nearest}", shown, max_bytes=ONE_OF_TWO_BYTES
        ),
    }


@study_asset(
    "clusters",
    writes=("density_clusters",),
    reads=(VECTORS, INCLUDED, "cluster_centres"),
    keys=("clusters.min_cluster_size", "clusters.k", "clusters.pca", "clusters.fit_on", "seed"),
    study_wide=True,
)
def density_clusters(work: AssetContext) -> AssetResult:
    """Clusters by density, a second method: images may be in none, and none may be found."""
    settings, sample = work.study.clusters, _sample(work, LOOKED_AT)
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
        **_density_sheet(work, found),
    }
    return AssetResult({"density_clusters": found.images}, {**metadata, **_who(work, sample)})


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


def _density_sheet(work: AssetContext, found: DensityClusters) -> dict[str, object]:
    members = found.images.drop_nulls("cluster")
    if members.is_empty() or not work.shows_images:
        return {}
    sheet = members_sheet(
        members,
        work.looked_at(work.read_all(INCLUDED)),
        work.opened.root,
        title=f"{work.title}, clusters by density ({found.share_in_none:.0%} are in none)",
        seed=work.study.seed,
    )
    return {"central and random members": work.figure("clusters_density", sheet)}


def _study_centres(work: AssetContext) -> pl.DataFrame:
    """Read the centres of the study's own number of clusters, in its own space."""
    settings = work.study.clusters
    return work.opened.read("cluster_centres").filter(
        method=METHOD, space=settings.space, k=settings.k
    )


@study_asset(
    "clusters",
    writes=("cluster_assignments",),
    reads=(VECTORS, "cluster_centres", INCLUDED),
    code_version=2,
)
def cluster_assignments(work: AssetContext) -> AssetResult:
    """The cluster of each current image, or panorama: that of the nearest centre."""
    images = current_images(work.looked_at(work.read(INCLUDED)))
    vectors = work.read(VECTORS).join(images, on="image_id", how="semi")
    assigned = assign_clusters(vectors, work.opened.read("cluster_centres"), work.authority)
    metadata = {}
    if assigned.height and work.shows_images:
        sheet = cluster_sheet(assigned, images, work.opened.root, title=work.title)
        metadata["exemplars"] = work.figure("clusters", sheet)
    return AssetResult({"cluster_assignments": assigned}, metadata)


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
    reads=("cluster_assignments", "label_scores", INCLUDED, VECTORS),
    code_version=3,
    unless=(no_areas,),
)
def area_group_embeddings(work: AssetContext) -> AssetResult:
    """The area's images of each cluster, and of each label, as one vector."""
    groups = pl.concat(
        [cluster_groups(work.read("cluster_assignments")), label_groups(work.read("label_scores"))]
    )
    pooled = pool_groups(groups, work.read(INCLUDED), work.read(VECTORS))
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
    metadata = _change_metadata(work, changes, points)
    return AssetResult({"capture_changes": changes}, metadata)


def _change_metadata(
    work: AssetContext, changes: pl.DataFrame, points: pl.DataFrame
) -> dict[str, object]:
    whom = work.credit
    drawn = draw_changes(work.read("areas"), points, changes, title=work.title, credit=whom)
    moved = changes.select((pl.col("from_cluster") != pl.col("to_cluster")).mean()).item()
    return {
        "points with two captures or more": changes["point_id"].n_unique(),
        "median cosine": changes.select(pl.median("cosine")).item(),
        "median cosine of images of different points": changes["cosine_elsewhere"][0],
        "share that changed cluster": moved,
        "where streets changed most": work.figure("capture_changes", drawn),
    }


def _sample(work: AssetContext, at_most: int = sys.maxsize) -> pl.DataFrame:
    return draw_sample(
        work.read_all(VECTORS),
        work.read_all(INCLUDED),
        fit_on=min(work.study.clusters.fit_on, at_most),
        seed=work.study.seed,
    )


def _who(work: AssetContext, sample: pl.DataFrame) -> dict[str, object]:
    return {
        f"{work.called} in the sample": sample.height,
        "authorities that were in": ", ".join(sorted(set(sample["authority_code"]))) or "none",
    }
