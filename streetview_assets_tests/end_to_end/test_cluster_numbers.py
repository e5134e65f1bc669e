"""Clusters that are found anew keep their numbers, and whoever reads them follows."""

import polars as pl

from streetview_assets.orchestration.materialise import run_study


def test_clusters_found_anew_keep_the_numbers_they_had(tiny):
    other = tiny.read("cluster_centres").with_columns(cluster=pl.Series([3, 1, 2])).sort("cluster")
    stamp = tiny.stamp("cluster_centres", None)
    tiny.lake.write("cluster_centres", other, stamp, encoder=tiny.encoder)
    assert tiny.is_fresh("cluster_assignments", tiny.authorities[0])

    assert not run_study(tiny, only=frozenset({"cluster_model"}), anew_from="clusters").failures
    assert tiny.read("cluster_centres").equals(other)
    assert tiny.is_fresh("cluster_model", None)
    assert not tiny.is_fresh("cluster_assignments", tiny.authorities[0]), "its numbers are old"
    now = tiny.stamp("cluster_centres", None)
    again = tiny.stamp_for("cluster_model", {"cluster_centres": other}, now.made_from, "", "")
    assert now.fingerprint == again.fingerprint, "found once more, nothing is out of date"
