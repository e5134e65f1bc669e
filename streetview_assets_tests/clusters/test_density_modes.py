import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.fit.kmeans import fit_clusters
from streetview_assets.clusters.number.density_evidence import density_evidence
from streetview_assets.clusters.number.density_modes import find_kinds
from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets_tests.simulations import number_of_clusters as made_up
from streetview_assets_tests.simulations.number_of_clusters import NONE, Drawn


def drawn(structure, seed: int = 3) -> Drawn:
    return structure(np.random.default_rng([seed, *structure.__name__.encode()]))


@pytest.mark.parametrize(
    "structure",
    [
        made_up.seven_balls,
        made_up.of_unequal_sizes,
        made_up.two_of_three,
        made_up.few_images,
        made_up.among_directions,
        made_up.heavy_tails,
        made_up.more_than_the_sweep,
    ],
)
def test_planted_kinds_are_found_and_what_is_of_none_is_in_none(structure) -> None:
    vectors, planted = drawn(structure)
    kinds = find_kinds(vectors, 1)
    assert kinds.count == planted.max() + 1
    assert (kinds.labels[planted == NONE] < 0).sum() >= 0.9 * (planted == NONE).sum()
    inside = (planted != NONE) & (kinds.labels >= 0)
    assert inside.sum() > 0.8 * (planted != NONE).sum()
    assert adjusted_rand_score(planted[inside], kinds.labels[inside]) > 0.99


@pytest.mark.parametrize(
    "structure",
    [
        made_up.a_line,
        made_up.an_arc,
        made_up.a_ring,
        made_up.a_swiss_roll,
        made_up.one_gaussian,
        made_up.a_ball,
        made_up.one_heavy_tail,
    ],
)
def test_a_continuum_has_no_kinds(structure) -> None:
    kinds = find_kinds(drawn(structure)[0], 1)
    assert kinds.count == 1
    assert (kinds.labels == -1).all()
    assert (kinds.prominences < kinds.needed).all()


def test_dense_spots_that_hold_few_images_are_no_kinds() -> None:
    rng = np.random.default_rng(4)
    poles = unit(rng.normal(size=(1000, 64)) * np.arange(1, 65) ** -0.7)
    assert find_kinds(poles, 1).count == 1


def test_k_means_has_the_planted_kinds_whatever_its_seed() -> None:
    vectors, planted = drawn(made_up.of_unequal_sizes)
    sample = pl.DataFrame([vector_series("embedding", vectors)])
    for seed in (1, 2):
        fit = fit_clusters(sample, k=5, pca=None, seed=seed, encoder="made-up", space="raw")
        found, _ = nearest_centres(vectors, matrix(fit.centres["centre"]))
        assert adjusted_rand_score(planted, found) > 0.99


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [0, 1, 4, 9, 30])
def test_few_images_and_equal_ones_have_no_kinds(count: int) -> None:
    alike = np.ones((count, 8), dtype=np.float32) / np.sqrt(8)
    assert find_kinds(alike, 1) is None
    assert density_evidence(None, alike, 1) == []
    differing = find_kinds(unit(np.random.default_rng(1).normal(size=(count, 64))), 1)
    assert differing is None or differing.count == 1


@pytest.mark.filterwarnings("error")
def test_images_that_repeat_are_as_many_kinds_as_differ() -> None:
    three = np.repeat(unit(np.random.default_rng(2).normal(size=(3, 64))), 20, axis=0)
    kinds = find_kinds(three, 1)
    assert kinds.count == 3
    assert (kinds.labels >= 0).all()
