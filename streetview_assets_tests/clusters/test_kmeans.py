import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from streetview_assets.clusters.fit.assign import assign_clusters, nearest_centres
from streetview_assets.clusters.fit.kmeans import (
    MANY_IMAGES,
    ClusterFit,
    fit_clusters,
    fit_kmeans,
    numbers_kept,
)
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES, check_contract


def fit(embeddings: pl.DataFrame, k: int = 3, pca: int | None = None) -> ClusterFit:
    space = f"pca{pca}" if pca else "raw"
    return fit_clusters(embeddings, k=k, pca=pca, seed=42, encoder="made-up", space=space)


def refit(embeddings: pl.DataFrame, last: pl.DataFrame) -> ClusterFit:
    return fit_clusters(
        embeddings, k=4, pca=None, seed=42, encoder="made-up", space="raw", last=last
    )


def test_kinds_of_scene_are_found_and_numbered_from_the_largest(tables: tuple) -> None:
    _, embeddings = tables
    fitted = fit(embeddings)
    check_contract(TABLES["cluster_centres"], fitted.centres)
    assert fitted.reason == ""
    assert fitted.centres["cluster"].to_list() == [1, 2, 3]
    counts = fitted.centres["image_count"].to_list()
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == 300
    own = KMeans(3, n_init=5, random_state=42).fit(matrix(embeddings["embedding"]))
    assigned = assign_clusters(embeddings, fitted.centres, "E1")
    assert adjusted_rand_score(own.labels_, assigned["cluster"]) == 1
    assert assigned["cluster"].value_counts().sort("cluster")["count"].to_list() == counts


@pytest.mark.parametrize("kinds", [1, 9])
def test_of_many_images_starts_on_a_part_lead_to_a_fit_as_tight(kinds: int) -> None:
    rng = np.random.default_rng(kinds)
    directions = 2 * rng.normal(size=(kinds, 12))
    points = directions[rng.integers(0, kinds, MANY_IMAGES + 5_000)]
    points += rng.normal(size=points.shape)
    labels, centres, inertia = fit_kmeans(points, k=7, seed=3)
    plain = KMeans(7, n_init=3, random_state=3).fit(points)
    assert inertia < 1.002 * plain.inertia_
    assert (cdist(points, centres, "sqeuclidean").argmin(axis=1) == labels).all(), "of all images"
    again, _, _ = fit_kmeans(points, k=7, seed=3)
    assert (again == labels).all()


def test_assignments_are_the_nearest_centres_with_their_distances(tables: tuple) -> None:
    _, embeddings = tables
    centres = fit(embeddings, k=4).centres
    assigned = assign_clusters(embeddings.reverse(), centres, "E1")
    check_contract(TABLES["cluster_assignments"], assigned)
    gaps = matrix(embeddings["embedding"])[:, None, :] - matrix(centres["centre"])[None]
    distances = np.linalg.norm(gaps, axis=2)
    assert assigned["image_id"].to_list() == embeddings["image_id"].to_list()
    assert (assigned["cluster"].to_numpy() - 1 == distances.argmin(axis=1)).all()
    assert assigned["distance"].to_numpy() == pytest.approx(distances.min(axis=1), abs=1e-6)


def test_the_nearest_centre_of_components_is_that_of_the_raw_vectors(tables: tuple) -> None:
    _, embeddings = tables
    vectors = matrix(embeddings["embedding"])
    components = PCA(2, random_state=42).fit(vectors)
    projected = components.transform(vectors)
    own = KMeans(3, n_init=5, random_state=42).fit(projected)
    labels = own.labels_
    centres = fit(embeddings, pca=2).centres
    assigned = assign_clusters(embeddings, centres, "E1")
    expected = components.inverse_transform(own.cluster_centers_)
    assert np.sort(matrix(centres["centre"]), axis=0) == pytest.approx(
        np.sort(expected, axis=0), abs=1e-5
    )
    assert set(assigned["space"]) == {"pca2"}
    assert adjusted_rand_score(labels, assigned["cluster"]) == 1


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    vectors, centres = rng.normal(size=(50, 4)), rng.normal(size=(5, 4))
    whole = nearest_centres(vectors, centres)
    monkeypatch.setattr("streetview_assets.clusters.fit.assign.BLOCK", 7)
    blocks = nearest_centres(vectors, centres)
    assert np.array_equal(whole[0], blocks[0])
    assert blocks[1] == pytest.approx(whole[1])


def test_the_same_sample_gives_the_same_centres(tables: tuple) -> None:
    _, embeddings = tables
    assert fit(embeddings).centres.equals(fit(embeddings).centres)


def test_too_few_images_are_a_result_with_a_reason(tables: tuple) -> None:
    _, embeddings = tables
    fitted = fit(embeddings.head(2))
    assert fitted.reason == "too few images for 3 clusters: 2"
    check_contract(TABLES["cluster_centres"], fitted.centres)
    assigned = assign_clusters(embeddings, fitted.centres, "E1")
    check_contract(TABLES["cluster_assignments"], assigned)
    assert assigned.is_empty()


def test_images_all_alike_are_a_result_with_a_reason() -> None:
    alike = pl.DataFrame([vector_series("embedding", np.ones((9, 4)) / 2)])
    assert fit(alike).reason == "fewer than 3 of the images differ from each other"


def test_more_components_than_numbers_is_a_wrong_study(tables: tuple) -> None:
    _, embeddings = tables
    with pytest.raises(StudyError, match=r"clusters\.pca: 50 components of vectors of 8"):
        fit(embeddings, pca=50)


def test_vectors_of_another_encoder_are_left_out(tables: tuple) -> None:
    _, embeddings = tables
    other = embeddings.head(10).with_columns(encoder=pl.lit("another"))
    centres = fit(embeddings).centres
    assert assign_clusters(pl.concat([embeddings.tail(5), other]), centres, "E1").height == 5


def test_numbers_stay_with_their_clusters_from_fit_to_fit(tables: tuple) -> None:
    _, embeddings = tables
    first = fit(embeddings, k=4)
    swapped = first.centres.with_columns(cluster=pl.Series([3, 1, 4, 2])).sort("cluster")
    again = refit(embeddings, swapped)
    check_contract(TABLES["cluster_centres"], again.centres)
    assert again.centres.equals(swapped)
    assert refit(embeddings, again.centres).centres.equals(again.centres)
    fewer = refit(embeddings.tail(250), swapped).centres
    distances = cdist(matrix(fewer["centre"]), matrix(swapped["centre"]))
    assert (distances.argmin(axis=1) == np.arange(4)).all()


@pytest.mark.parametrize(
    "changed",
    [{"k": 5}, {"encoder": "another"}, {"space": "pca2"}],
    ids=["k", "encoder", "space"],
)
def test_only_a_last_fit_of_the_same_kind_gives_numbers(tables: tuple, changed: dict) -> None:
    _, embeddings = tables
    first = fit(embeddings, k=4).centres
    last = first.reverse().with_columns(
        *(pl.lit(value, first.schema[name]).alias(name) for name, value in changed.items()),
        cluster=pl.Series([1, 2, 3, 4]),
    )
    assert refit(embeddings, last).centres.equals(first)
    assert refit(embeddings, last.clear()).centres.equals(first)


def test_each_new_centre_takes_the_place_of_one_last_centre() -> None:
    last = np.array([[0.0, 0], [1, 0], [5, 5]])
    assert numbers_kept(np.array([[5, 4.0], [0.9, 0], [1.1, 0]]), last).tolist() == [1, 2, 0]
    assert numbers_kept(np.ones((3, 7)), last).tolist() == [0, 1, 2]
