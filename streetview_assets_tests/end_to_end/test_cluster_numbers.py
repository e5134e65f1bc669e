"""Clusters that are found anew keep their numbers, and whoever reads them follows."""

import polars as pl

from streetview_assets.orchestration.runs.materialise import run_study


def test_clusters_found_anew_keep_the_numbers_they_had(tiny):
    other = tiny.read("cluster_centres").with_columns(cluster=pl.Series([3, 1, 2])).sort("cluster")
    provenance = tiny.provenance("cluster_centres", None)
    tiny.lake.write("cluster_centres", other, provenance, encoder=tiny.encoder)
    before = tiny.data_version("cluster_model", None)

    assert not run_study(tiny, only=frozenset({"cluster_model"}), anew_from="clusters").failures
    assert tiny.read("cluster_centres").equals(other)
    assert tiny.is_fresh("cluster_model", None)
    assert not tiny.is_fresh("cluster_assignments", tiny.authorities[0]), "its numbers are old"
    assert tiny.data_version("cluster_model", None) == before, "found once more, all is the same"
