"""What people call clusters, and the images that they put into groups by hand."""

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.names.cluster_names import cluster_names as names_of
from streetview_assets.clusters.names.cluster_names import read_cluster_names
from streetview_assets.clusters.names.user_groups import read_user_groups
from streetview_assets.clusters.names.user_groups import user_groups as groups_of
from streetview_assets.embeddings.looked_at import looked_at
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_cluster_names, no_user_groups
from streetview_assets.study_state.lineage import study_asset


@study_asset(
    "images",
    writes=("user_groups",),
    reads=("images",),
    keys=("user_groups", "encoder.views"),
    study_wide=True,
    refresh="eager",
    unless=(no_user_groups,),
)
def user_groups(work: AssetContext) -> AssetResult:
    """Groups of images that people put together by hand, each image with why it does not count."""
    assert work.study.user_groups is not None, "built only where there is such a file"
    images = looked_at(work.read_all("images"), work.study.encoder.views)
    groups = groups_of(read_user_groups(work.study.user_groups), images)
    left_out = groups.filter(status="left_out")
    told = {
        "images by group": dict(
            groups.filter(status="ok").group_by("group_name").len().iter_rows()
        ),
        **{
            f"left out: {reason}": count
            for reason, count in left_out.group_by("reason").len().sort("reason").iter_rows()
        },
    }
    return AssetResult({"user_groups": groups}, told)


@study_asset(
    "clusters",
    writes=("cluster_names",),
    reads=("cluster_assignments",),
    keys=("clusters.names", "clusters.k", "clusters.pca"),
    study_wide=True,
    refresh="eager",
    unless=(no_cluster_names,),
)
def cluster_names(work: AssetContext) -> AssetResult:
    """What people call clusters: each name is of the cluster that has most of its images."""
    settings = work.study.clusters
    assert settings.names is not None, "built only where there is such a file"
    fit = {"method": METHOD, "space": settings.space, "k": settings.k}
    names = names_of(
        read_cluster_names(settings.names),
        work.read_all("cluster_assignments").filter(**fit),
        fit={"encoder": work.opened.encoder, **fit},
    )
    told = {
        "named clusters": names["cluster"].count(),
        **{
            f"without a cluster: {name}": reason
            for name, reason in names.drop_nulls("reason").select("name", "reason").iter_rows()
        },
    }
    return AssetResult({"cluster_names": names}, told)
