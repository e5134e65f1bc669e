"""Images on a plane: what was together stays together, repeatably, and is shown as it lies."""

import io
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from streetview_assets.clusters.layout.exclusion_plane import draw_exclusion_plane, exclusion_plane
from streetview_assets.clusters.layout.image_scatter import image_plane, snapped
from streetview_assets.clusters.layout.layout import lay_out, why_no_layout
from streetview_assets.clusters.layout.scatter import (
    CAUTION,
    draw_layout_groups,
    draw_layout_values,
    on_a_plane,
)
from streetview_assets.clusters.layout.tsne import Stagnation, reduced, tsne_layouts
from streetview_assets.clusters.layout.umap import umap_layout
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.figures import to_png
from streetview_assets.study.clusters import Layout
from streetview_assets.study.embeddings import Rectangle
from streetview_assets.tables.registry import TABLES, check_contract

KINDS, EACH = 3, 40
KIND = np.arange(KINDS * EACH) % KINDS
TSNE = {"learning_rate": "auto", "reduce": "pca", "seed": 1}


def kinds(dimension: int = 8, noise: float = 0.05) -> np.ndarray:
    """Make unit vectors of three kinds, far from each other."""
    rng = np.random.default_rng(2)
    return unit(np.eye(dimension)[KIND] + rng.normal(scale=noise, size=(len(KIND), dimension)))


def sample(vectors: np.ndarray) -> pl.DataFrame:
    names = [f"i{number:04}" for number in range(len(vectors))]
    return pl.DataFrame({"image_id": names}).with_columns(vector_series("embedding", vectors))


def purity(places: np.ndarray) -> float:
    """Give the share of images whose five nearest on the plane are all of their kind."""
    _, near = NearestNeighbors(n_neighbors=5).fit(places).kneighbors()
    return float((KIND[near] == KIND[:, None]).all(axis=1).mean())


@pytest.fixture(scope="module")
def layouts() -> pl.DataFrame:
    asked = Layout(perplexities=(5, 30), iterations=300)
    return pl.concat(lay_out(sample(kinds()), asked, encoder="made-up", seed=1))


def test_images_of_a_kind_lie_together_by_every_method(layouts):
    check_contract(TABLES["image_layouts"], layouts)
    keys = layouts.select("method", "setting").unique(maintain_order=True).rows()
    assert keys == [
        ("umap", "neighbours 30"),
        ("tsne", "perplexity 5"),
        ("tsne", "perplexity 30"),
    ]
    for method, setting in keys:
        own = layouts.filter(method=method, setting=setting)
        assert own["image_id"].to_list() == sample(kinds())["image_id"].to_list()
        assert purity(own.select("x", "y").to_numpy()) > 0.95, (method, setting)


def test_the_same_images_in_any_order_lie_in_the_same_places(layouts):
    shuffled = sample(kinds()).sample(fraction=1, shuffle=True, seed=3)
    asked = Layout(perplexities=(5, 30), iterations=300)
    again = pl.concat(lay_out(shuffled, asked, encoder="made-up", seed=1))
    assert again.equals(layouts)
    other = pl.concat(lay_out(shuffled, Layout(methods=("umap",)), encoder="made-up", seed=2))
    assert not other.equals(layouts.filter(method="umap"))


def test_umap_in_space_keeps_images_of_a_kind_together_and_is_left_out_of_flat_charts(layouts):
    found = pl.concat(lay_out(sample(kinds()), Layout(methods=("umap_3d",)), encoder="e", seed=1))
    check_contract(TABLES["image_layouts"], found)
    places = found.select("x", "y", "z").to_numpy()
    assert purity(places) > 0.95
    assert np.ptp(places, axis=0).min() > 0.1, "each of three directions says something"
    assert layouts["z"].null_count() == layouts.height
    both = pl.concat([found, layouts.with_columns(encoder=pl.lit("e"))])
    assert set(on_a_plane(both)["method"]) == {"umap", "tsne"}


def test_umap_is_that_of_the_library(layouts):
    from umap import UMAP

    asked = {"n_neighbors": 30, "min_dist": 0.1, "metric": "cosine", "random_state": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = UMAP(**asked, n_jobs=1).fit_transform(kinds())
    found = layouts.filter(method="umap").select("x", "y").to_numpy()
    assert np.array_equal(found, expected.astype(np.float64))


def test_a_plane_is_named_by_who_lies_where_and_shows_its_rectangles(layouts):
    rows = sample(kinds())
    plane = exclusion_plane(rows, encoder="made-up", seed=1)
    check_contract(TABLES["exclusion_layout"], plane)
    assert plane["x"].to_list() == layouts.filter(method="umap")["x"].to_list(), "30, 0.1, cosine"
    name = plane["plane"][0]
    assert set(exclusion_plane(rows.reverse(), encoder="made-up", seed=1)["plane"]) == {name}
    assert set(exclusion_plane(rows[1:], encoder="made-up", seed=1)["plane"]) != {name}
    drawn = (Rectangle(x=(1, 2), y=(3, 5)),)
    axes = draw_exclusion_plane(plane, drawn, title="t").axes[0]
    assert name in axes.get_title()
    (patch,) = axes.patches
    assert (*patch.get_xy(), patch.get_width(), patch.get_height()) == (1, 3, 1, 2)


def test_tsne_is_that_of_the_library(layouts):
    from openTSNE import TSNE as Library
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    points = kinds().astype(np.float64)
    distances, near = NearestNeighbors(n_neighbors=90, algorithm="brute").fit(points).kneighbors()
    affinities = PerplexityBasedNN(perplexity=30, knn_index=PrecomputedNeighbors(near, distances))
    library = Library(n_iter=50, random_state=1)
    fit = library.fit(points, affinities=affinities, initialization="pca")
    found = layouts.filter(method="tsne", setting="perplexity 30").select("x", "y").to_numpy()
    assert np.allclose(found, np.asarray(fit), atol=1e-6)


def test_vectors_are_reduced_to_fifty_numbers_as_scikit_learn_does():
    from sklearn.decomposition import PCA, TruncatedSVD

    vectors = kinds(dimension=80)
    assert np.allclose(reduced(vectors, "pca", 1), PCA(50, random_state=1).fit_transform(vectors))
    by_svd = TruncatedSVD(50, random_state=1).fit_transform(vectors)
    assert np.allclose(reduced(vectors, "svd", 1), by_svd)
    assert reduced(kinds(), "pca", 1).shape == (len(KIND), 8), "they have no fifty"


def test_a_perplexity_that_so_few_images_do_not_allow_is_lowered_and_named():
    few = unit(np.random.default_rng(1).normal(size=(16, 4)))
    found = list(tsne_layouts(few, perplexities=(5, 30, 50), iterations=250, **TSNE))
    assert [one.setting for one in found] == ["perplexity 5"]
    found = list(tsne_layouts(few[:7], perplexities=(5,), iterations=250, **TSNE))
    assert [one.setting for one in found] == ["perplexity 2"]
    assert all(np.isfinite(one.places).all() for one in found)


@pytest.mark.parametrize(
    ("vectors", "reason"),
    [
        (np.empty((0, 0)), "too few images for a layout: 0, at least 5 needed"),
        (kinds()[:1], "too few images for a layout: 1, at least 5 needed"),
        (np.repeat(kinds()[:1], 20, axis=0), "only 1 of the 20 images differs from each other"),
        (np.repeat(kinds()[:5], 8, axis=0), ""),
    ],
)
def test_too_few_images_that_differ_are_a_reason(vectors, reason):
    why = why_no_layout(sample(vectors.astype(np.float32)))
    assert (reason in why) if reason else not why


def test_an_image_of_two_authorities_is_laid_out_once():
    asked = Layout(methods=("tsne",), iterations=250)
    once, twice = (
        pl.concat(lay_out(rows, asked, encoder="made-up", seed=1))
        for rows in (sample(kinds()[:9]), pl.concat([sample(kinds()[:9])] * 2))
    )
    assert twice.equals(once)


def test_five_images_and_their_copies_are_laid_out():
    asked = Layout(iterations=250)
    for vectors in (kinds()[:5], np.repeat(kinds()[:5], 8, axis=0)):
        found = pl.concat(lay_out(sample(vectors), asked, encoder="made-up", seed=1))
        assert found.select(pl.col("x", "y").is_finite().all()).row(0) == (True, True)


def test_it_stops_where_a_hundred_iterations_bring_next_to_nothing():
    stagnation = Stagnation(100, 0.005)
    errors = [3.0, 2.0, 1.99, 1.985, 1.983, 1.982]
    ended = [stagnation.lasts(50 * step, error) for step, error in enumerate(errors, start=1)]
    assert ended == [False] * 4 + [True] * 2

    told: list[int] = []
    few = unit(np.random.default_rng(1).normal(size=(6, 4)))
    list(
        tsne_layouts(
            few, perplexities=(5,), iterations=20_000, on_progress=lambda n, _: told.append(n),
            **TSNE,
        )
    )  # fmt: skip
    assert told[-1] == 20_000
    assert told[-2] < 2_000, "what no longer moves is not moved on"


def test_starts_and_the_classic_recipe_stand_side_by_side_with_what_each_loses():
    from scipy.spatial.distance import pdist, squareform

    asked = Layout(
        methods=("tsne",), perplexities=(5,), iterations=500, recipes=("today", "classic"), starts=2
    )
    found = pl.concat(lay_out(sample(kinds()), asked, encoder="made-up", seed=1))
    check_contract(TABLES["image_layouts"], found)
    told = found.select("setting", "kl_divergence").unique(maintain_order=True)
    names = [f"perplexity 5{more}" for more in ("", ", start 2", ", classic", ", classic, start 2")]
    assert told["setting"].to_list() == names
    assert told["kl_divergence"].n_unique() == 4
    # By its definition, with the library's own affinities.
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    points = kinds().astype(np.float64)
    distances, near = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(points).kneighbors()
    p = PerplexityBasedNN(perplexity=5, knn_index=PrecomputedNeighbors(near, distances)).P.toarray()
    for setting, kl_divergence in told.rows():
        places = found.filter(setting=setting).select("x", "y").to_numpy()
        assert purity(places) > 0.95
        q = 1 / (1 + squareform(pdist(places, "sqeuclidean")))
        np.fill_diagonal(q, 0)
        near = p > 0
        exact = float((p[near] * np.log(p[near] / (q / q.sum())[near])).sum())
        assert kl_divergence == pytest.approx(exact, rel=0.05)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=60),
    st.integers(2, 12),
)
def test_no_two_images_share_a_cell_and_none_is_far_from_its_place(places, cells):
    spots = snapped(np.array(places), cells)
    there = spots[spots[:, 0] >= 0]
    assert len(there)
    assert ((there >= 0) & (there < cells)).all()
    assert len({tuple(spot) for spot in there.tolist()}) == len(there)


def test_places_keep_their_sides_and_what_lies_together_is_side_by_side():
    spots = snapped(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [0.0, 0.0]]), 11)
    assert spots[1].tolist() == [10, 8]
    assert spots[2].tolist() == [10, 2], "up on the plane is up in the image"
    assert abs(spots[0] - spots[3]).max() == 1
    crowd = snapped(np.vstack([np.zeros((60, 2)), [[10.0, 10.0]]]), 20)
    assert (crowd[:60, 0] >= 0).sum() == 9, "a corner has so many cells up to two away"


@pytest.fixture
def coloured(tmp_path):
    """Four images on disk, two of them red, and their places, the red ones on the left."""
    for name, colour in zip("abcd", ("red", "red", "blue", "blue"), strict=True):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{name}.png")
    images = pl.DataFrame({"image_id": list("abcd")}).with_columns(
        path=pl.col("image_id") + ".png",
        provider=pl.lit("folder"),
        copyright=pl.lit(None, dtype=pl.String),
    )
    layout = pl.DataFrame(
        {"image_id": list("abcd"), "x": [0.0, 0.0, 9.0, 9.0], "y": [0.0, 9.0, 0.0, 9.0]}
    )
    return layout, images, tmp_path


def shown(png: bytes) -> tuple[Image.Image, int, int]:
    sheet = Image.open(io.BytesIO(png)).convert("RGB")
    pixels = np.asarray(sheet)
    red, blue = ((pixels == colour).all(axis=2) for colour in ((255, 0, 0), (0, 0, 255)))
    half = sheet.width // 2
    assert not red[:, half:].any()
    assert not blue[:, :half].any()
    return sheet, int(red.sum()), int(blue.sum())


def test_images_stand_at_their_places_in_the_size_that_was_asked_for(coloured):
    layout, images, folder = coloured
    asked = {"image_px": 21, "figure_px": 840, "title": "made up"}
    sheet, red, blue = shown(image_plane(layout, images, folder, **asked))
    assert sheet.width == 840
    assert red == blue == 2 * 20 * 20
    _, red, blue = shown(image_plane(layout, images, folder, most=3, seed=1, **asked))
    assert red + blue == 3 * 20 * 20


def test_an_image_that_is_gone_is_grey_and_counted(coloured):
    layout, images, folder = coloured
    (folder / "a.png").unlink()
    asked = {"image_px": 21, "figure_px": 840, "title": "made up"}
    _, red, blue = shown(image_plane(layout, images, folder, **asked))
    assert (red, blue) == (20 * 20, 2 * 20 * 20)


def test_charts_have_a_panel_for_each_layout_under_one_caution(layouts):
    names = [f"i{number:04}" for number in range(len(KIND))]
    groups = pl.DataFrame({"image_id": names, "group": [str(kind) for kind in KIND]})
    figure = draw_layout_groups(layouts, groups, what="cluster", title="made up", credit="me")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["UMAP, neighbours 30", "t-SNE, perplexity 5", "t-SNE, perplexity 30"]
    assert CAUTION in figure.get_suptitle()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["0 (33%)", "1 (33%)", "2 (33%)"]
    some = pl.DataFrame({"image_id": names[:7], "value": [1.0, 2, 3, 4, 5, 6, 7]})
    drawn = draw_layout_values(layouts, some, what="score", title="made up")
    assert len(drawn.axes) == 4, "three panels and the bar of colours"
    assert to_png(drawn)
    figure = draw_layout_groups(
        layouts, groups, what="cluster", title="made up", called={"1": "1 $x_1$ rows"}
    )
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["0 (33%)", "1 $x_1$ rows (33%)", "2 (33%)"]


def test_above_twenty_four_groups_the_smallest_are_grey_together(layouts):
    names = [f"i{number:04}" for number in range(len(KIND))]
    many = [str(min(number, 30)) for number in range(len(KIND) - 5)] + [None] * 5
    figure = draw_layout_groups(
        layouts, pl.DataFrame({"image_id": names, "group": many}), what="cluster", title="made up"
    )
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 24
    assert texts[-1] == "8 others and none (11%)"
    assert texts[-2].startswith("30 ("), "the largest is named, in the order of the numbers"


def test_of_many_images_umap_is_told_the_exact_neighbours(monkeypatch):
    monkeypatch.setattr("streetview_assets.clusters.layout.umap.ALL_PAIRS_BELOW", 1)
    told: list[tuple[int, int]] = []
    setting, places = umap_layout(
        kinds(), neighbours=15, min_dist=0.1, seed=1, on_progress=lambda *far: told.append(far)
    )
    assert setting == "neighbours 15"
    assert purity(places) > 0.95
    assert told[-1][0] == told[-1][1] > 0
