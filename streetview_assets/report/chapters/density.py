"""Clusters by density, a second method beside k-means: a sentence, where they were looked for."""

from streetview_assets.clusters.fit.hdbscan import LEAST, SHARE, DensityClusters, in_words
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import heading, paragraph


def clusters_by_density(published: Published) -> str:
    """Say what was found by density; nothing where nobody looked."""
    pictures = published.of_encoder("density_clusters")
    if pictures.is_empty():
        return ""
    asked = published.study.clusters.min_cluster_size
    found = DensityClusters(
        pictures,
        asked or max(LEAST, -(-pictures.height // SHARE)),
        pictures["cluster"].n_unique() - bool(pictures["cluster"].null_count()),
        pictures["cluster"].null_count() / pictures.height,
    )
    sheet = kept_figure(
        published,
        "clusters_density",
        "Of each cluster by density the pictures nearest to its middle, and some drawn at random.",
        shows_pictures=True,
    )
    return heading("By density") + paragraph(in_words(found)) + (sheet if found.count else "")
