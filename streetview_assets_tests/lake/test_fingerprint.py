import numpy as np
import polars as pl

from streetview_assets.clusters.kmeans import centres_frame
from streetview_assets.lake.fingerprint import observed
from streetview_assets.lake.recipes import RECIPES


def test_readers_of_clusters_depend_on_which_number_is_whose() -> None:
    """The same pictures may give other numbers, after another fit: readers must then follow."""
    recipe = RECIPES["cluster_model"]
    centres = centres_frame(np.eye(3), np.array([9, 5, 2]), encoder="made-up", space="raw")
    swapped = centres.with_columns(cluster=pl.Series([2, 1, 3])).sort("cluster")
    one, again, other = (
        observed({"cluster_centres": frame}, recipe, "the same origin")
        for frame in (centres, centres.clone(), swapped)
    )
    assert one == again != other
