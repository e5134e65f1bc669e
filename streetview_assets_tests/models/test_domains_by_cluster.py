"""Images with scene clusters, areas with eight domains: a model of each domain by each cluster.

As notebooks 7 and 8 of INTEGRATE-Embeddings-Deprivation have them: a frame of images (LSOA21CD,
scene_cluster_5, embedding), its medians by LSOA and cluster, and one saved pipeline fitted afresh.
"""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from streetview_assets.clusters.group_embeddings import area_group_embeddings, cluster_groups
from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.models.candidates.model_spec import ModelSpec
from streetview_assets.models.charts.group_scores import draw_group_matrix
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.group_vectors import groups_of
from streetview_assets.models.evaluations.models_by_group import score_group_models
from streetview_assets.tables.registry import TABLES

AREAS, EACH, WIDTH, K = 60, 15, 8, 5
SETTINGS = {"n_estimators": 8, "max_depth": 3, "learning_rate": 0.3, "subsample": 1.0}
DOMAINS = (
    *("income", "employment", "education", "health", "crime", "housing", "environment", "imd_rank"),
)
HOUSES = 4
"""The cluster whose images show how an area stands."""


@pytest.fixture(scope="module")
def made():
    """A frame in the shape of the group's pickle, and the ranks of areas by domain."""
    rng = np.random.default_rng(6)
    codes = [f"E0100{number:04}" for number in range(AREAS)]
    standing = rng.permutation(AREAS)
    area = np.repeat(np.arange(AREAS), EACH)
    cluster = np.tile(np.arange(EACH) % K + 1, AREAS)
    shown = np.where(cluster == HOUSES, (standing[area] - AREAS / 2) / AREAS, 0)
    vectors = 3 * shown[:, None] + rng.normal(size=(len(area), WIDTH))
    images = pd.DataFrame(
        {
            "LSOA21CD": [codes[row] for row in area],
            "scene_cluster_5": cluster,
            "embedding": list(vectors.astype(np.float32)),
        }
    )
    ranks = {
        name: (standing + rng.normal(scale=2 + 3 * number, size=AREAS)).argsort().argsort() + 1.0
        for number, name in enumerate(DOMAINS)
    }
    return images, codes, ranks


@pytest.fixture(scope="module")
def group_vectors(made):
    images, _, _ = made
    ids = [f"{number:024}" for number in range(len(images))]
    rows = {
        "image_id": ids,
        "point_id": ids,
        "panorama_id": ids,
        "area_code": images["LSOA21CD"].tolist(),
        "authority_code": ["E08000003"] * len(ids),
        "status": ["ok"] * len(ids),
        "is_current": [True] * len(ids),
    }
    table = pl.DataFrame(rows).match_to_schema(
        TABLES["images"].schema, missing_columns="insert", extra_columns="ignore"
    )
    vectors = pl.DataFrame(
        {"image_id": ids, "authority_code": "E08000003", "encoder": "clip", "status": "ok"}
    ).with_columns(vector_series("embedding", np.stack(images["embedding"])))
    assigned = pl.DataFrame(
        {"image_id": ids, "encoder": "clip", "k": K, "cluster": images["scene_cluster_5"].tolist()}
    )
    return area_group_embeddings(cluster_groups(assigned), table, vectors)


def test_each_cluster_of_each_lsoa_has_its_median_and_count(made, group_vectors):
    images, _, _ = made
    by = images.groupby(["LSOA21CD", "scene_cluster_5"])["embedding"]
    median = by.apply(lambda each: np.median(np.stack(each.to_list()), axis=0))
    found = group_vectors.filter(statistic="median")
    assert found.height == AREAS * K
    for code, name, count, vector in found.select(
        "area_code", "group_name", "image_count", "embedding"
    ).iter_rows():
        assert np.allclose(vector, median[code, int(name)], atol=1e-6)
        assert count == EACH / K


def test_the_saved_pipeline_is_fitted_to_every_domain_by_every_cluster(
    made, group_vectors, quick, scored, monkeypatch
):
    monkeypatch.setattr(
        "streetview_assets.models.evaluations.group_predictors.PUBLISHED_SPEC",
        ModelSpec("published", SETTINGS),
    )
    images, codes, ranks = made
    whole = images.groupby("LSOA21CD")["embedding"]
    overall = np.stack([np.median(np.stack(each.to_list()), axis=0) for _, each in whole])
    datasets = {
        name: AreaDataset(
            area_codes=codes,
            authority_codes=["E08000003"] * AREAS,
            vectors=overall,
            observed=values,
            place_m=np.random.default_rng(1).uniform(0, 9000, size=(AREAS, 2)),
            image_counts=np.full(AREAS, EACH),
            mean_colour=np.zeros((AREAS, 6)),
            geometry=[None] * AREAS,
        )
        for name, values in ranks.items()
    }
    groups = groups_of(group_vectors, statistic="median", encoder="clip")
    assert [group.name for group in groups] == [f"cluster {number}" for number in range(1, K + 1)]
    scoring = scored(quick())
    scores = score_group_models(datasets, groups, scoring, model="published")
    own = scores.filter(area_set="own", validation="blocks", model="published")
    r2 = own.filter(metric="r2")
    assert set(zip(r2["target"], r2["group_name"], strict=True)) == {
        (domain, name)
        for domain in DOMAINS
        for name in ("all", *(f"cluster {number}" for number in range(1, K + 1)))
    }
    nrmse = own.filter(metric="nrmse").join(r2, on=["target", "group_name"])
    assert (nrmse["value"] ** 2 + nrmse["value_right"] - 1).abs().max() < 1e-9
    of_income = dict(r2.filter(target="income").select("group_name", "value").iter_rows())
    assert max(of_income, key=of_income.get) == f"cluster {HOUSES}"
    assert of_income[f"cluster {HOUSES}"] > 0.3
    assert (
        max(value for name, value in of_income.items() if name in ("cluster 1", "cluster 2")) < 0.1
    )
    matrix = draw_group_matrix(scores, called=dict(zip(DOMAINS, DOMAINS, strict=True)), title="t")
    assert len(matrix.axes[0].texts) == len(DOMAINS) * (K + 1)
