"""Clusters: kinds of scene, found over the whole study, assigned by authority."""

import polars as pl

from streetview_assets.clusters.assign import assign_clusters
from streetview_assets.clusters.changes import NO_PAIRS, median_cosine_elsewhere
from streetview_assets.clusters.changes import capture_changes as changes_of
from streetview_assets.clusters.changes_map import draw_changes
from streetview_assets.clusters.elbow import draw_elbow
from streetview_assets.clusters.exemplars import cluster_sheet
from streetview_assets.clusters.group_embeddings import area_group_embeddings as pool_groups
from streetview_assets.clusters.group_embeddings import cluster_groups, label_groups
from streetview_assets.clusters.kmeans import METHOD, fit_clusters
from streetview_assets.clusters.label_shares import label_shares as label_shares_of
from streetview_assets.clusters.recommendation import recommend
from streetview_assets.clusters.sample import draw_sample
from streetview_assets.clusters.scores import score_sweep
from streetview_assets.clusters.shares import cluster_shares as shares_of
from streetview_assets.figures import to_png
from streetview_assets.images.captures import current_pictures
from streetview_assets.images.terms import credit, may_show_sample
from streetview_assets.orchestration.work import NO_AREAS, Made, Work, not_applicable


def cluster_model(work: Work) -> Made:
    """The centres of the clusters, fitted on a seeded sample of all authorities, equal per area."""
    settings = work.study.clusters
    sample = _sample(work)
    fitted = fit_clusters(
        sample,
        k=settings.k,
        pca=settings.pca,
        seed=work.study.seed,
        encoder=work.opened.encoder,
        space=settings.space,
        last=work.opened.read("cluster_centres"),
    )
    return Made({"cluster_centres": fitted.centres}, _who(work, sample), note=fitted.reason)


def cluster_scores(work: Work) -> Made:
    """How well each number of clusters fits, how surely it comes back, and which is advised."""
    settings = work.study.clusters
    sample = _sample(work)
    scores = score_sweep(
        sample,
        sweep=settings.sweep,
        pca=settings.pca,
        seed=work.study.seed,
        encoder=work.opened.encoder,
        space=settings.space,
        seeds=settings.seeds,
        on_progress=work.progress("numbers of clusters"),
    )
    whom = credit(work.study.images.provider)
    advice = recommend(scores)
    drawn = draw_elbow(scores, k=settings.k, recommended=advice.k, title=work.title, credit=whom)
    metadata = {
        "k of this study": settings.k,
        "recommended k": "none" if advice.k is None else advice.k,
        "recommendation": " ".join(advice.sentences),
        "elbow": work.picture("clusters_elbow", to_png(drawn)),
    }
    return Made({"cluster_scores": scores}, {**metadata, **_who(work, sample)})


def cluster_assignments(work: Work) -> Made:
    """The cluster of each current picture: that of the nearest centre."""
    pictures = current_pictures(work.read("images"))
    vectors = work.read("image_embeddings").join(pictures, on="image_id", how="semi")
    assigned = assign_clusters(vectors, work.opened.read("cluster_centres"), work.authority)
    metadata = {}
    if assigned.height and may_show_sample(work.study.images):
        sheet = cluster_sheet(assigned, pictures, work.opened.root, title=work.title)
        metadata["exemplars"] = work.picture("clusters", sheet)
    return Made({"cluster_assignments": assigned}, metadata)


def cluster_shares(work: Work) -> Made:
    """How each area's pictures spread over the clusters."""
    if work.study.areas is None:
        return not_applicable(work, "cluster_shares", why=NO_AREAS)
    return Made(
        {"cluster_shares": shares_of(work.read("cluster_assignments"), work.read("images"))}
    )


def label_shares(work: Work) -> Made:
    """How each area's pictures spread over the labels."""
    if work.study.areas is None:
        return not_applicable(work, "label_shares", why=NO_AREAS)
    scores = work.read("label_scores")
    if scores.is_empty():
        stamp = work.opened.stamp("label_scores", work.authority)
        why = stamp.note.removeprefix("not applicable: ") if stamp else ""
        return not_applicable(work, "label_shares", why=why or "no picture has a label")
    return Made({"label_shares": label_shares_of(scores, work.read("images"))})


def area_group_embeddings(work: Work) -> Made:
    """The area's pictures of each cluster, and of each label, as one vector."""
    if work.study.areas is None:
        return not_applicable(work, "area_group_embeddings", why=NO_AREAS)
    groups = pl.concat(
        [
            cluster_groups(work.read("cluster_assignments")),
            label_groups(work.read("label_scores")),
        ]
    )
    pooled = pool_groups(groups, work.read("images"), work.read("image_embeddings"))
    return Made({"area_group_embeddings": pooled})


def capture_changes(work: Work) -> Made:
    """What changed where a point has two captures: cosine, and the clusters left and joined.

    Cameras, seasons, weather and traffic change as well as streets do.
    """
    study, points = work.study, work.read("sample_points")
    images = work.read("images").join(points, on="point_id", how="semi")
    vectors = work.read("image_embeddings")
    changes = changes_of(
        images,
        vectors,
        work.opened.read("cluster_centres").filter(
            method=METHOD, space=study.clusters.space, k=study.clusters.k
        ),
        encoder=work.opened.encoder,
        headings_deg=study.images.headings_deg,
    )
    if changes.is_empty():
        return not_applicable(work, "capture_changes", why=NO_PAIRS)
    areas = work.read("areas")
    drawn = draw_changes(
        areas, points, changes, title=work.title, credit=credit(study.images.provider)
    )
    moved = changes.select((pl.col("from_cluster") != pl.col("to_cluster")).mean()).item()
    return Made(
        {"capture_changes": changes},
        {
            "points with two captures or more": changes["point_id"].n_unique(),
            "median cosine": changes.select(pl.median("cosine")).item(),
            "median cosine of pictures of different points": median_cosine_elsewhere(
                changes, vectors
            ),
            "share that changed cluster": moved,
            "where streets changed most": work.picture("capture_changes", to_png(drawn)),
        },
    )


def _sample(work: Work) -> pl.DataFrame:
    return draw_sample(
        work.read_all("image_embeddings"),
        work.read_all("images"),
        fit_on=work.study.clusters.fit_on,
        seed=work.study.seed,
    )


def _who(work: Work, sample: pl.DataFrame) -> dict[str, object]:
    return {
        "pictures in the sample": sample.height,
        "authorities that were in": ", ".join(sorted(set(sample["authority_code"]))) or "none",
    }


ASSETS = (
    cluster_model,
    cluster_scores,
    cluster_assignments,
    cluster_shares,
    label_shares,
    area_group_embeddings,
    capture_changes,
)
