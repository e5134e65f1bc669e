"""How many clusters: what the scores advise, in words, as a figure and as a table."""

import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.number.recommendation import recommend, whether_it_differs
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import (
    Row,
    heading,
    listed,
    number,
    paragraph,
    table,
)

MOST_NUMBERS = 24
DIGITS = {"silhouette": 3}
COLUMNS = {
    "silhouette": "silhouette",
    "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin",
    "gap": "gap",
    "stability_seeds": "alike between seeds",
    "stability_halves": "alike between halves",
}


def number_of_clusters(published: Published) -> str:
    """Say how many clusters the scores advise, beside the number that the study takes."""
    settings = published.study.clusters
    of_spaces = published.of_encoder("cluster_scores").filter(pl.col("method") == METHOD)
    scores = of_spaces.filter(pl.col("space") == settings.space)
    title = heading("How many")
    if scores.drop_nulls("value").is_empty():
        why = published.why_empty("cluster_scores") or "no numbers of clusters were compared"
        return title + paragraph(f"Nothing can be said of how many clusters there are: {why}.")
    advice = recommend(scores)
    elsewhere = [
        whether_it_differs(advice, recommend(of_spaces.filter(pl.col("space") == space)), space)
        for space in sorted(set(of_spaces["space"]) - {settings.space})
    ]
    own = f"This study takes {settings.k}: the study file decides, not the advice."
    figure = kept_figure(
        published,
        "clusters_elbow",
        "Every index against the number of clusters: lines are means over the seeds, dots single "
        "seeds.",
    )
    return (
        title
        + paragraph(" ".join(advice.sentences[:1]))
        + listed([*advice.sentences[1:], *elsewhere])
        + paragraph(own)
        + figure
        + _table(scores, settings.k)
    )


def _table(scores: pl.DataFrame, own: int) -> str:
    means = scores.group_by("k", "score").agg(pl.col("value").mean())
    value = {(k, score): mean for k, score, mean in means.iter_rows()}
    numbers = _thinned(sorted({k for k, _ in value}), own)
    columns = [score for score in COLUMNS if any((k, score) in value for k in numbers)]
    rows: list[Row] = [
        [str(k), *(number(value.get((k, score)), DIGITS.get(score, 2)) for score in columns)]
        for k in numbers
    ]
    note = (
        "Means over the seeds. Silhouette, Calinski-Harabasz, gap: higher is better apart; "
        "Davies-Bouldin: lower is; alike (adjusted Rand): 1 for the same clusters, 0 for chance. "
        "The study's own number is marked."
    )
    names = ("clusters", *(COLUMNS[score] for score in columns))
    return table(
        "Scores by number of clusters", names, rows, note=note, strong=frozenset({str(own)})
    )


def _thinned(numbers: list[int], own: int) -> list[int]:
    """Keep so many numbers as a table can hold, evenly, the study's own among them."""
    step = -(-len(numbers) // MOST_NUMBERS)
    return sorted({*numbers[::step], *({own} & set(numbers))})
