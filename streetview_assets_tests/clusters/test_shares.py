import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.clusters.fit.assign import assign_clusters
from streetview_assets.clusters.fit.kmeans import fit_clusters
from streetview_assets.clusters.group_embeddings import area_group_embeddings, cluster_groups
from streetview_assets.clusters.shares import cluster_shares
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.tables.registry import TABLES, check_contract

pairs = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C", None]), st.integers(1, 4)), min_size=1, max_size=40
)


def assignments_of(clusters: list[int]) -> pl.DataFrame:
    rows = [
        {
            "authority_code": "E1",
            "image_id": f"i{number:02}",
            "encoder": "made-up",
            "method": "kmeans",
            "space": "raw",
            "k": 4,
            "cluster": cluster,
            "distance": 0.1,
        }
        for number, cluster in enumerate(clusters)
    ]
    return TABLES["cluster_assignments"].frame(rows)


@settings(max_examples=60, deadline=None)
@given(pairs=pairs)
def test_shares_of_every_area_cover_all_clusters_and_add_up(
    pairs: list[tuple[str | None, int]],
) -> None:
    areas, clusters = zip(*pairs, strict=True)
    names = [f"i{number:02}" for number in range(len(pairs))]
    images = pl.DataFrame(
        {"image_id": names, "area_code": pl.Series(areas, dtype=pl.String)}
    ).with_columns(status=pl.lit("ok"), is_current=True)
    shares = cluster_shares(assignments_of(list(clusters)), images.reverse())
    check_contract(TABLES["cluster_shares"], shares)
    for area in set(areas) - {None}:
        own = shares.filter(area_code=area)
        assert own["cluster"].to_list() == [1, 2, 3, 4]
        assert own["share"].sum() == pytest.approx(1)
        expected = [pairs.count((area, cluster)) for cluster in (1, 2, 3, 4)]
        assert own["image_count"].to_list() == expected
    assert shares.height == 4 * len(set(areas) - {None})


def test_images_of_older_captures_are_in_no_share() -> None:
    images = pl.DataFrame(
        {
            "image_id": ["i00", "i01", "i02"],
            "area_code": ["A", "A", "B"],
            "status": ["ok"] * 3,
            "is_current": [True, False, False],
        }
    )
    shares = cluster_shares(assignments_of([1, 2, 3]), images)
    assert shares["area_code"].unique().to_list() == ["A"]
    assert shares["share"].to_list() == [1, 0, 0, 0]


def test_no_assignments_give_an_empty_table() -> None:
    images = pl.DataFrame(
        {"image_id": ["i00"], "area_code": ["A"], "status": ["ok"], "is_current": [True]}
    )
    shares = cluster_shares(assignments_of([]), images)
    check_contract(TABLES["cluster_shares"], shares)
    assert shares.is_empty()


def test_images_of_a_cluster_are_pooled_by_area(tables: tuple) -> None:
    images, embeddings = tables
    fitted = fit_clusters(embeddings, k=3, pca=None, seed=1, encoder="made-up", space="raw")
    assigned = assign_clusters(embeddings, fitted.centres, "E1")
    pooled = area_group_embeddings(cluster_groups(assigned), images, embeddings)
    check_contract(TABLES["area_group_embeddings"], pooled)
    own = assigned.filter(cluster=2).join(images.filter(area_code="A"), on="image_id")
    vectors = matrix(embeddings.join(own, on="image_id", how="semi")["embedding"])
    row = pooled.filter(area_code="A", group_name="2", statistic="max")
    assert row["image_count"][0] == len(vectors) > 5
    assert row["embedding"][0].to_list() == vectors.max(axis=0).tolist()
    of_areas = pooled.filter(statistic="mean")["image_count"].sum()
    assert of_areas == images["area_code"].count()


def test_no_clusters_give_no_group_vectors(tables: tuple) -> None:
    images, embeddings = tables
    pooled = area_group_embeddings(cluster_groups(assignments_of([])), images, embeddings)
    check_contract(TABLES["area_group_embeddings"], pooled)
    assert pooled.is_empty()
