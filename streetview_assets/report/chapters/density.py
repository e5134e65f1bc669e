"""Clusters by density, a second method beside k-means: a sentence, where they were looked for."""

from streetview_assets.clusters.fit.hdbscan import LEAST, SHARE, DensityClusters, in_words
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import heading, paragraph


def clusters_by_density(published: Published) -> str:
    """Say what was found by density; nothing where nobody looked."""
    images = published.of_encoder("density_clusters")
    if images.is_empty():
        return ""
    asked = published.study.clusters.min_cluster_size
    found = DensityClusters(
        images,
        asked or max(LEAST, -(-images.height // SHARE)),
        images["cluster"].n_unique() - bool(images["cluster"].null_count()),
        images["cluster"].null_count() / images.height,
    )
    sheet = kept_figure(
        published,
        "clusters_density",
        "Of each cluster by density the images nearest to its middle, and some drawn at random.",
        shows_images=True,
    )
    return heading("By density") + paragraph(in_words(found)) + (sheet if found.count else "")
