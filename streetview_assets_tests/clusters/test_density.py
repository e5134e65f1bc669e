import numpy as np
import polars as pl
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from streetview_assets.clusters.fit.hdbscan import agreement, density_clusters, in_words
from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets.tables.registry import TABLES, check_contract


def sample_of(vectors: np.ndarray) -> pl.DataFrame:
    names = [f"i{number:05}" for number in range(len(vectors))]
    return pl.DataFrame({"image_id": names}).with_columns(vector_series("embedding", vectors))


def found_in(vectors: np.ndarray, pca: int | None = None, size: int | None = None):
    return density_clusters(
        sample_of(vectors), pca=pca, min_cluster_size=size, seed=4, encoder="made-up"
    )


@pytest.fixture(scope="module")
def kinds() -> tuple[np.ndarray, np.ndarray]:
    """Give 400 vectors of five kinds among 100 of none, and the kind of each, -1: none."""
    rng = np.random.default_rng(5)
    of_kind = rng.choice(5, 400, p=[0.4, 0.25, 0.15, 0.1, 0.1])
    near = unit(rng.normal(size=(5, 64)))[of_kind] + rng.normal(scale=0.03, size=(400, 64))
    vectors = unit(np.vstack([near, rng.normal(size=(100, 64))]))
    return vectors, np.append(of_kind, np.full(100, -1))


def test_clusters_are_those_of_scikit_learn(kinds: tuple) -> None:
    vectors, _ = kinds
    found = found_in(vectors)
    check_contract(TABLES["density_clusters"], found.images)
    points = PCA(50, random_state=4).fit_transform(vectors)
    own = HDBSCAN(min_cluster_size=5, min_samples=5, copy=True).fit(points)
    got = found.images["cluster"].fill_null(0).to_numpy()
    assert adjusted_rand_score(own.labels_, got) == 1
    assert ((own.labels_ == -1) == (got == 0)).all()
    assert found.images["probability"].to_numpy() == pytest.approx(own.probabilities_, abs=1e-3)
    assert set(found.images["space"]) == {"pca50"}


def test_five_kinds_are_found_and_what_lies_between_is_in_none(kinds: tuple) -> None:
    vectors, of_kind = kinds
    found = found_in(vectors, size=20)
    got = found.images["cluster"]
    assert found.count == 5
    assert found.share_in_none == pytest.approx(0.2, abs=0.02)
    sizes = got.drop_nulls().value_counts().sort("cluster")["count"]
    assert sizes.is_sorted(descending=True)
    inside = got.is_not_null().to_numpy()
    agreed = adjusted_rand_score(of_kind[inside], got.drop_nulls().to_numpy())
    assert agreement(found.images, pl.Series(of_kind)) == pytest.approx(agreed)
    assert agreed > 0.95
    assert in_words(found).startswith("5 groups stand out as places where 20 images or more lie")


def test_distances_are_to_the_mean_of_the_cluster(kinds: tuple) -> None:
    vectors, _ = kinds
    images = found_in(vectors, size=20).images
    own = (images["cluster"] == 2).fill_null(False).to_numpy()
    expected = np.linalg.norm(vectors[own] - vectors[own].mean(axis=0), axis=1)
    assert images.filter(own)["distance"].to_numpy() == pytest.approx(expected, abs=1e-5)
    in_none = images.filter(pl.col("cluster").is_null())
    assert in_none["distance"].null_count() == in_none.height > 0
    assert set(in_none["probability"]) == {0}


@pytest.mark.parametrize("dimension", [6, 64])
def test_one_gaussian_cloud_has_no_clusters(dimension: int) -> None:
    cloud = unit(np.random.default_rng(8).normal(size=(600, dimension)) + 3)
    found = found_in(cloud, size=20)
    assert found.count == 0
    assert found.share_in_none == 1
    assert "a continuum" in in_words(found)
    assert agreement(found.images, pl.Series(np.arange(600))) is None


def test_the_same_seed_finds_the_same(kinds: tuple) -> None:
    vectors, _ = kinds
    assert found_in(vectors).images.equals(found_in(vectors).images)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [0, 1, 4, 5, 30])
def test_few_images_and_equal_ones_are_in_none(count: int) -> None:
    alike = np.ones((count, 8), dtype=np.float32) / np.sqrt(8)
    found = found_in(alike, pca=3)
    check_contract(TABLES["density_clusters"], found.images)
    assert (found.count, found.images.height) == (0, count)
    assert ("Too few" in in_words(found)) == (count < 10)
    few = found_in(unit(np.random.default_rng(1).normal(size=(count, 8))), pca=60)
    assert few.images.height == count


def test_images_that_repeat_have_sound_probabilities() -> None:
    rng = np.random.default_rng(2)
    two = np.repeat(unit(rng.normal(size=(2, 8))), 30, axis=0)
    found = found_in(two)
    assert found.count == 2
    assert found.images["probability"].to_list() == [1.0] * 60
    assert matrix(sample_of(two)["embedding"]).shape == (60, 8)
