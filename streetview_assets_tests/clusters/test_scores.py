import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_score,
)

from streetview_assets.clusters.fit.assign import assign_clusters
from streetview_assets.clusters.fit.kmeans import fit_clusters, starts_for
from streetview_assets.clusters.fit.projection import Projection, spaces_of_sweep
from streetview_assets.clusters.fit.ward import first_centres, ward_tree
from streetview_assets.clusters.number.gap_statistic import gap, references
from streetview_assets.clusters.number.index_charts import draw_elbow
from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.number.recommendation import Recommendation, recommend
from streetview_assets.clusters.number.silhouette import mean_silhouette
from streetview_assets.clusters.profile.members_sheet import (
    LABEL_PX,
    LINE_PX,
    TILE_PX,
    cluster_sheet,
    exemplars,
    the_largest,
)
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.figures import COLOURS, to_png
from streetview_assets.processes.threads import limit_threads
from streetview_assets.tables.registry import TABLES, check_contract

THREE = Recommendation(3, "kmeans", "raw", "3", ())


def sweep(
    sample: pl.DataFrame, ends: tuple[int, int], pca: int | None = None, seeds: int = 2
) -> pl.DataFrame:
    numbers = range(ends[0], ends[1] + 1)
    return score_sweep(
        sample, numbers=numbers, spaces={"raw": pca}, seed=9, seeds=seeds, encoder="made-up"
    ).scores


def value(scores: pl.DataFrame, k: int, score: str, seed: int = 9) -> float | None:
    return scores.filter(method="kmeans", k=k, score=score, seed=seed)["value"].item()


def by_chance(points: np.ndarray, k: int, seed: int) -> KMeans:
    """Call scikit-learn, in one thread: many are slower on so few points."""
    with limit_threads():
        return KMeans(k, n_init=starts_for(len(points)), random_state=seed).fit(points)


def directly(points: np.ndarray, k: int, seed: int, of_tree: np.ndarray) -> KMeans:
    """Call scikit-learn from random centres, and from those of a tree; keep the better."""
    first = first_centres(ward_tree(of_tree, seed), k, Projection())
    with limit_threads():
        from_tree = KMeans(k, n_init=1, init=first).fit(points)
    return min(by_chance(points, k, seed), from_tree, key=lambda fit: fit.inertia_)


@pytest.fixture(scope="module")
def of_three(tables: tuple) -> tuple[np.ndarray, pl.DataFrame]:
    """Give 300 vectors of three kinds and the scores of 2 to 5 clusters."""
    _, embeddings = tables
    return matrix(embeddings["embedding"]), sweep(embeddings, (2, 5))


def test_scores_are_those_of_scikit_learn(of_three: tuple) -> None:
    vectors, scores = of_three
    check_contract(TABLES["cluster_scores"], scores)
    assert scores["k"].unique().sort().to_list() == [1, 2, 3, 4, 5]
    for k, seed in ((3, 9), (5, 10)):
        own = directly(vectors, k, seed, vectors)
        assert value(scores, k, "inertia", seed) == pytest.approx(own.inertia_, rel=1e-5)
        for score, index, within in (
            ("silhouette", silhouette_score, 1e-4),
            ("calinski_harabasz", calinski_harabasz_score, 1e-2),
            ("davies_bouldin", davies_bouldin_score, 1e-4),
        ):
            expected = index(vectors, own.labels_)
            assert value(scores, k, score, seed) == pytest.approx(expected, abs=within)


@pytest.mark.parametrize("labels", [[0, 0, 0, 1, 1, 2, 2, 2, 2, 5], [0] * 9 + [1], [*range(9), 0]])
def test_a_silhouette_of_lone_points_and_of_points_that_are_alike(labels: list[int]) -> None:
    points = np.random.default_rng(1).normal(size=(10, 3))
    points[6:9] = points[5]
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    expected = silhouette_score(distances, labels, metric="precomputed")
    assert mean_silhouette(distances, np.array(labels)) == pytest.approx(expected, rel=1e-12)


def test_stability_is_the_agreement_of_the_fits(of_three: tuple) -> None:
    vectors, scores = of_three
    labels = [directly(vectors, 5, seed, vectors).labels_ for seed in (9, 10)]
    assert value(scores, 5, "stability_seeds") == pytest.approx(adjusted_rand_score(*labels))
    assert value(scores, 3, "stability_seeds") == value(scores, 3, "stability_halves") == 1
    assert value(scores, 5, "stability_halves") < 0.9


def test_one_fit_of_each_number_says_nothing_of_seeds(tables: tuple) -> None:
    _, embeddings = tables
    scores = sweep(embeddings, (3, 3), seeds=1)
    assert value(scores, 3, "stability_seeds") is None
    assert value(scores, 3, "stability_halves") == 1
    assert set(scores["seed"]) == {9}


def test_the_gap_is_that_to_points_without_structure(of_three: tuple) -> None:
    vectors, scores = of_three
    points = PCA(8, random_state=9).fit_transform(vectors)
    drawn = references(points, seed=9)
    logs = [np.log(by_chance(reference, 3, 1).inertia_) for reference in drawn]
    own = np.log(by_chance(points, 3, 1).inertia_)
    got, error = gap(points, drawn, k=3, seed=1, starts=starts_for(len(points)))
    assert got == pytest.approx(np.mean(logs) - own, rel=1e-6)
    assert error == pytest.approx(np.std(logs) * np.sqrt(1.2), rel=1e-6)
    widest = scores.filter(score="gap").sort("value")["k"][-1]
    assert widest == 3


def test_many_images_are_fitted_on_a_part_drawn_by_the_seed_of_the_fit(
    monkeypatch: pytest.MonkeyPatch, of_three: tuple, tables: tuple
) -> None:
    monkeypatch.setattr("streetview_assets.clusters.number.internal_indices.FITTED_ON", 100)
    vectors, whole = of_three
    part = sweep(tables[1], (3, 4))
    for seed in (9, 10):
        rows = np.sort(np.random.default_rng(seed).choice(300, 100, replace=False))
        own = directly(vectors[rows], 4, seed, vectors)
        inertia = (own.transform(vectors).min(axis=1) ** 2).sum()
        assert value(part, 4, "inertia", seed) == pytest.approx(inertia, rel=1e-4)
        assert value(part, 4, "inertia", seed) != value(whole, 4, "inertia", seed)
    assert value(part, 3, "inertia") == pytest.approx(value(whole, 3, "inertia"), rel=0.05)
    assert value(part, 3, "stability_seeds") == 1


def test_a_seed_draws_the_same_rows_everywhere() -> None:
    rows = np.sort(np.random.default_rng(42).choice(75_586, 10_000, replace=False))
    assert rows[:6].tolist() == [0, 27, 38, 40, 44, 57]
    assert int(rows.sum()) == 375_489_477


@pytest.mark.parametrize("pca", [None, 3])
def test_centres_of_every_number_are_those_of_the_first_seed(tables: tuple, pca: int) -> None:
    _, embeddings = tables
    spaces = {"raw": None, "pca3": 3}
    centres = score_sweep(
        embeddings, numbers=(2, 4), spaces=spaces, seed=9, encoder="made-up"
    ).centres
    check_contract(TABLES["sweep_centres"], centres)
    assert centres.select("space", "k").unique(maintain_order=True).rows() == [
        (space, k) for space in ("raw", "pca3") for k in (2, 4)
    ]
    space = f"pca{pca}" if pca else "raw"
    own = centres.filter(space=space, k=4)
    fitted = fit_clusters(embeddings, k=4, pca=pca, seed=9, encoder="made-up", space=space)
    assert own["image_count"].is_sorted(descending=True)
    assert own["image_count"].to_list() == fitted.centres["image_count"].to_list()
    assert matrix(own["centre"]) == pytest.approx(matrix(fitted.centres["centre"]), abs=1e-6)


def test_the_second_space_is_left_out_where_it_would_say_nothing() -> None:
    def of(pca: int | None = None, image_count: int = 51, dimension: int = 51) -> tuple:
        vectors = vector_series("embedding", np.ones((image_count, dimension)))
        return spaces_of_sweep(pca, pl.DataFrame([vectors]))

    assert of() == ({"raw": None, "pca50": 50}, "")
    assert of(pca=7) == ({"pca7": 7, "raw": None}, "")
    assert of(dimension=50) == ({"raw": None}, "vectors have no more than 50 numbers: 50")
    for none_or_few in (0, 50):
        why = f"there are no more than 50 images: {none_or_few}"
        assert of(image_count=none_or_few) == ({"raw": None}, why)


def test_more_clusters_than_images_have_no_score(tables: tuple) -> None:
    _, embeddings = tables
    scores = sweep(embeddings.head(4), (2, 5))
    assert value(scores, 3, "inertia") is not None
    assert value(scores, 4, "inertia") is None
    assert value(scores, 5, "silhouette") is None
    for few in (sweep(embeddings.clear(), (2, 3)), sweep(embeddings.head(4), (2, 3), pca=5)):
        assert few["value"].null_count() == few.height > 0
        check_contract(TABLES["cluster_scores"], few)


@pytest.mark.parametrize("pca", [None, 2])
@pytest.mark.filterwarnings("error")
def test_images_all_alike_have_no_score_and_no_warning(pca: int | None) -> None:
    alike = pl.DataFrame([vector_series("embedding", np.ones((30, 4)) / 2)])
    scores = sweep(alike, (2, 3), pca)
    assert scores.drop_nulls("value")["score"].unique().to_list() == ["inertia"]


def test_the_figure_marks_the_study_s_k_and_the_recommended_one(of_three: tuple) -> None:
    _, scores = of_three
    figure = draw_elbow(scores, k=4, advice=recommend(scores, "raw"), credit="Imagery © Ann")
    names = [axes.get_title() for axes in figure.axes]
    assert names == [
        "inertia", "silhouette", "Calinski-Harabasz", "Davies-Bouldin", "stability", "gap",
    ]  # fmt: skip
    for axes in figure.axes:
        assert axes.lines[0].get_xdata().tolist()[-4:] == [2, 3, 4, 5]
        marked = [list(line.get_xdata()) for line in axes.lines]
        assert [4, 4] in marked
        assert [3, 3] in marked
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "this study: 4", "recommended: 3",
    ]  # fmt: skip
    assert figure.get_supxlabel() == "Imagery © Ann"
    assert to_png(figure).startswith(b"\x89PNG")


def test_the_figure_has_a_line_for_each_space(tables: tuple) -> None:
    spaces = {"pca3": 3, "raw": None}
    scores = score_sweep(
        tables[1], numbers=(2, 3, 4), spaces=spaces, seed=9, encoder="made-up"
    ).scores
    scores = scores.filter(method="kmeans")
    assert scores["space"].unique().sort().to_list() == ["pca3", "raw"]
    figure = draw_elbow(scores, k=3, space="pca3", advice=THREE)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["3 components (this study)", "raw vectors", "this study: 3", "recommended: 3"]
    inertia = {
        line.get_color(): list(line.get_ydata())
        for line in figure.axes[0].lines
        if line.get_marker() in ("o", "^")
    }
    assert list(inertia) == [COLOURS[5], COLOURS[0]]
    for space, colour in (("pca3", COLOURS[0]), ("raw", COLOURS[5])):
        of_k = scores.filter(space=space, score="inertia").group_by("k").agg(pl.mean("value"))
        assert inertia[colour] == of_k.sort("k")["value"].to_list()
    assert to_png(figure, dpi=30).startswith(b"\x89PNG")


@pytest.mark.parametrize("said", ["none, a continuum", "5 or more"])
def test_the_figure_says_that_there_is_nothing_to_recommend(of_three: tuple, said: str) -> None:
    figure = draw_elbow(of_three[1], k=3, advice=Recommendation(None, "", "", said, ()))
    assert figure.legends[0].get_texts()[1].get_text() == f"recommended: {said}"
    assert to_png(figure, dpi=30).startswith(b"\x89PNG")


def test_the_sheet_shows_the_most_central_images_of_each_cluster(
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
    png = cluster_sheet(assigned, images, tmp_path, title="made-up", each=4)
    sheet = np.asarray(Image.open(io.BytesIO(png)))
    row, column = 2 * LINE_PX + TILE_PX + TILE_PX // 2, LABEL_PX + TILE_PX // 2
    assert sheet[row, column] == pytest.approx([254, 0, 0], abs=2)
    assert sheet[row, column + TILE_PX].tolist() == [217, 217, 217]


def test_of_many_clusters_a_sheet_shows_the_largest(tmp_path: Path) -> None:
    rows = [{"cluster": 1 + number % 40, "distance": 0.1} for number in range(100)]
    names = [f"i{number:05}" for number in range(100)]
    assigned = pl.DataFrame(rows).with_columns(image_id=pl.Series(names))
    images = pl.DataFrame({"image_id": names, "path": names}).with_columns(
        provider=pl.lit("folder"), copyright=pl.lit("© Ann")
    )
    shown, told = the_largest(assigned)
    assert shown["cluster"].unique().sort().to_list() == list(range(1, 31))
    assert told == ", the 30 largest of 40"
    assert the_largest(shown)[1] == ""
    png = cluster_sheet(assigned, images, tmp_path, title="made-up", each=1)
    assert Image.open(io.BytesIO(png)).height == 30 * (TILE_PX + 4) + 3 * LINE_PX
