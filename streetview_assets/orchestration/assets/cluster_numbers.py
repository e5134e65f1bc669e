"""How many clusters: every number of the sweep, how well it fits, and what it shows."""

import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.fit.projection import spaces_of_sweep
from streetview_assets.clusters.number.index_charts import draw_elbow, draw_silhouette_and_inertia
from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.number.recommendation import Recommendation, recommend
from streetview_assets.clusters.profile.members_sheet import numbers_shown, sweep_sheets
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.assets.clusters import draw_of, who_is_in
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.text.counted import counted

ONE_OF_TWO_BYTES = 70_000
"""Of each of two figures in the metadata of a study-wide asset: 200 kB together, with the rest."""


@study_asset(
    "clusters",
    writes=("cluster_scores", "sweep_centres"),
    reads=(VECTORS, INCLUDED),
    keys=(
        "clusters.sweep",
        "clusters.seeds",
        "clusters.pca",
        "clusters.fit_on",
        "seed",
    ),
    code_version=5,
    study_wide=True,
)
def cluster_scores(work: AssetContext) -> AssetResult:
    """How well each number of clusters fits, how surely it comes back, and which is advised."""
    settings, sample = work.study.clusters, draw_of(work)
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
    frames = {"cluster_scores": swept.scores, "sweep_centres": swept.centres}
    metadata = {
        **_advised(work, advice, alone),
        **work.drawn(frames),
        **who_is_in(work, sample),
    }
    return AssetResult(frames, metadata)


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


@figures_of(cluster_scores, keys=("clusters.figures", "clusters.k"))
def _sweep_figures(work: AssetContext) -> dict[str, object]:
    """Draw the scores by the number of clusters, and sheets of images beside them."""
    settings, scores = work.study.clusters, work.read_all("cluster_scores")
    advice = recommend(scores, settings.space)
    drawn = draw_elbow(
        scores,
        k=settings.k,
        space=settings.space,
        advice=advice,
        title=work.titled(),
        credit=work.credit,
    )
    return {
        "elbow": work.figure("clusters_elbow", drawn, max_bytes=ONE_OF_TWO_BYTES),
        **_on_two_axes(work, scores),
        **_sheets(work, draw_of(work), work.read_all("sweep_centres"), advice.k),
    }


def _on_two_axes(work: AssetContext, scores: pl.DataFrame) -> dict[str, object]:
    """Draw silhouette and inertia in one frame, where the study asks for it."""
    settings, name = work.study.clusters, "clusters_silhouette_inertia"
    work.forget(name)
    own = scores.filter(method=METHOD, space=settings.space)
    if "silhouette" not in settings.figures or own.drop_nulls("value").is_empty():
        return {}
    drawn = draw_silhouette_and_inertia(own, title=work.titled(), credit=work.credit)
    return {"silhouette and inertia": work.keep(name, drawn)}


def _sheets(
    work: AssetContext, sample: pl.DataFrame, centres: pl.DataFrame, recommended: int | None
) -> dict[str, object]:
    """Keep a sheet of images for each number of clusters, and show one of them."""
    settings, name = work.study.clusters, "clusters_members_k"
    work.forget(f"{name}*")
    if sample.is_empty() or not work.shows_images:
        return {}
    sheets = sweep_sheets(
        sample,
        centres.filter(space=settings.space),
        work.looked_at(work.read_all(INCLUDED)),
        work.opened.root,
        numbers=numbers_shown(settings.numbers, settings.k),
        title=work.titled(),
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
        f"members of {counted(nearest, 'cluster')}": work.figure(
            f"{name}{nearest}", shown, max_bytes=ONE_OF_TWO_BYTES
        ),
    }
