"""How many clusters: what the scores advise, in words and as a table."""

from typing import Any

import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.number.recommendation import recommend
from streetview_assets.report.database import Published

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
