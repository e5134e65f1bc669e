import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from streetview_assets.clusters.assign import assign_clusters
from streetview_assets.clusters.elbow import draw_elbow
from streetview_assets.clusters.exemplars import (
    LABEL_PX,
    LINE_PX,
    TILE_PX,
    cluster_sheet,
    exemplars,
)
from streetview_assets.clusters.kmeans import fit_clusters
from streetview_assets.clusters.scores import score_sweep
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.figures import to_png
from streetview_assets.tables import TABLES, check_contract


def sweep(sample: pl.DataFrame, ends: tuple[int, int], pca: int | None = None) -> pl.DataFrame:
    return score_sweep(sample, sweep=ends, pca=pca, seed=9, encoder="made-up", space="raw")


def value(scores: pl.DataFrame, k: int, score: str) -> float | None:
    return scores.filter(k=k, score=score)["value"].item()


def test_scores_are_those_of_scikit_learn(tables: tuple) -> None:
    _, embeddings = tables
    scores = sweep(embeddings, (2, 5))
    check_contract(TABLES["cluster_scores"], scores)
    assert scores["k"].unique().sort().to_list() == [2, 3, 4, 5]
    vectors = matrix(embeddings["embedding"])
    own = KMeans(3, n_init=5, random_state=9).fit(vectors)
    assert value(scores, 3, "inertia") == pytest.approx(own.inertia_, rel=1e-5)
    expected = silhouette_score(vectors, own.labels_)
    assert value(scores, 3, "silhouette") == pytest.approx(expected, abs=1e-4)
    best = scores.filter(score="silhouette").sort("value")["k"][-1]
    assert best == 3


def test_more_clusters_than_pictures_have_no_score(tables: tuple) -> None:
    _, embeddings = tables
    scores = sweep(embeddings.head(4), (2, 5))
    assert value(scores, 3, "inertia") is not None
    assert value(scores, 4, "inertia") is None
    assert value(scores, 5, "silhouette") is None
    assert sweep(embeddings.clear(), (2, 3))["value"].null_count() == 4
    assert sweep(embeddings.head(4), (2, 3), pca=5)["value"].null_count() == 4


def test_the_elbow_marks_the_study_s_k_and_names_whose_pictures(tables: tuple) -> None:
    _, embeddings = tables
    figure = draw_elbow(sweep(embeddings, (2, 4)), k=3, credit="Imagery © Ann")
    inertia, silhouette = figure.axes
    for axes in (inertia, silhouette):
        assert axes.lines[0].get_xdata().tolist() == [2, 3, 4]
        assert list(axes.lines[1].get_xdata()) == [3, 3]
    assert figure.get_supxlabel() == "Imagery © Ann"
    assert to_png(figure).startswith(b"\x89PNG")
    assert to_png(draw_elbow(sweep(embeddings.clear(), (2, 4)), k=3)).startswith(b"\x89PNG")


def test_the_sheet_shows_the_most_central_pictures_of_each_cluster(
    tables: tuple, tmp_path: Path
) -> None:
    images, embeddings = tables
    fitted = fit_clusters(embeddings, k=3, pca=None, seed=1, encoder="made-up", space="raw")
    assigned = assign_clusters(embeddings, fitted.centres, "E1")
    central = exemplars(assigned, images, 4)
    nearest = assigned.filter(cluster=2).sort("distance")["image_id"].head(4).to_list()
    assert central.filter(cluster=2)["image_id"].to_list() == nearest
    Image.new("RGB", (60, 40), "#ff0000").save(tmp_path / f"{nearest[0]}.jpg", quality=95)
    images = images.with_columns(provider=pl.lit("folder"), copyright=pl.lit("© Ann"))
    png = cluster_sheet(assigned, images, tmp_path, title="made-up", per_cluster=4)
    sheet = np.asarray(Image.open(io.BytesIO(png)))
    row, column = LINE_PX + TILE_PX + TILE_PX // 2, LABEL_PX + TILE_PX // 2
    assert sheet[row, column] == pytest.approx([254, 0, 0], abs=2)
    assert sheet[row, column + TILE_PX].tolist() == [204, 204, 204]
