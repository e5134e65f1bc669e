from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from pyproj import Geod
from sklearn.neighbors import NearestNeighbors

from streetview_assets.embeddings.similarity import approximate_search as approximate_index
from streetview_assets.embeddings.similarity.neighbours import (
    Images,
    find_neighbours,
    gather_images,
    why_no_neighbours,
)
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.tables.registry import TABLES, check_contract

Part = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
NAMES = [f"i{number:03}" for number in range(60)]
VECTORS = unit(np.random.default_rng(1).normal(size=(60, 12)))
LONGITUDES, LATITUDES = np.random.default_rng(2).normal([[-1.5], [53.8]], 0.05, size=(2, 60))


def part(authority: str, numbers: range | list[int]) -> Part:
    """Make the three tables of an authority, whose images have these numbers."""
    rows = list(numbers)
    images = TABLES["images"].frame(
        [
            {
                "authority_code": authority,
                "image_id": NAMES[row],
                "point_id": f"p{row}",
                "panorama_id": f"pano {row}",
                "category": "flat" if row % 2 else None,
                "source_path": f"{row}.jpg",
                "status": "ok",
                "is_current": True,
                "perceptual_hash": f"{row * 0x123456789ABCDEF % 2**64:016x}",
                "red_sd": 0.2,
                "green_sd": 0.2,
                "blue_sd": 0.2,
            }
            for row in rows
        ]
    )
    points = TABLES["sample_points"].frame(
        [
            {
                "authority_code": authority,
                "point_id": f"p{row}",
                "longitude": LONGITUDES[row],
                "latitude": LATITUDES[row],
            }
            for row in rows
        ]
    )
    embeddings = images.select(
        "authority_code",
        "image_id",
        pl.lit("made-up").alias("encoder"),
        pl.lit("ok").alias("status"),
        vector_series("embedding", VECTORS[rows]),
        pl.lit(None, pl.String).alias("error"),
    )
    return images, embeddings, points


def found(parts: list[Part], **options) -> pl.DataFrame:
    settings = {"encoder": "made-up", "count": 8, "seed": 1} | options
    table = find_neighbours(gather_images(parts), **settings).table
    check_contract(TABLES["neighbours"], table)
    return table


def test_neighbours_are_those_of_scikit_learn_over_all_authorities() -> None:
    """An image at the border stands in both, and counts once."""
    table = found([part("E1", range(40)), part("E2", range(35, 60))])
    by_sklearn = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute")
    distances, places = by_sklearn.fit(VECTORS.astype(np.float64)).kneighbors()
    assert table["image_id"].to_list() == [name for name in NAMES for _ in range(8)]
    assert table["rank"].to_list() == list(range(1, 9)) * 60
    assert table["neighbour_id"].to_list() == [NAMES[place] for place in places.ravel()]
    assert table["similarity"].to_numpy() == pytest.approx(1 - distances.ravel(), abs=2e-9)
    ellipsoid = Geod(ellps="WGS84")
    there = places.ravel()
    here = np.repeat(np.arange(60), 8)
    _, _, apart_m = ellipsoid.inv(
        LONGITUDES[here], LATITUDES[here], LONGITUDES[there], LATITUDES[there]
    )
    assert table["distance_m"].to_numpy() == pytest.approx(apart_m, rel=0.005)
    kinds = [None, "flat"]
    assert table["category"].to_list() == [kinds[place % 2] for place in here]
    assert table["neighbour_category"].to_list() == [kinds[place % 2] for place in there]


def test_the_order_of_rows_and_authorities_shows_in_nothing() -> None:
    east, west = part("E1", range(30)), part("E2", range(25, 60))
    # Equal vectors, which are told apart by their ids alone.
    same = vector_series("embedding", np.repeat(VECTORS[:1], 35, axis=0))
    west = (west[0], west[1].with_columns(same), west[2])
    table = found([east, west])

    def shuffled(one: Part, seed: int) -> Part:
        return tuple(frame.sample(fraction=1, shuffle=True, seed=seed) for frame in one)

    assert found([shuffled(east, 1), shuffled(west, 2)]).equals(table)
    of_last = table.filter(pl.col("image_id") == "i059", pl.col("rank") < 3)
    assert of_last["neighbour_id"].to_list() == ["i000", "i030"]
    assert of_last["similarity"].to_list() == [1, 1]


def test_images_that_do_not_count_are_nobodys_neighbours() -> None:
    images, embeddings, points = part("E1", range(10))
    images = images.with_columns(
        is_current=pl.col("image_id") != "i001",
        status=pl.when(pl.col("image_id") == "i002").then(pl.lit("failed")).otherwise("status"),
    )
    failed = pl.col("image_id") == "i003"
    embeddings = embeddings.with_columns(
        status=pl.when(failed).then(pl.lit("failed")).otherwise("status"),
        embedding=pl.when(failed).then(None).otherwise("embedding"),
    )
    table = found([(images, embeddings, points)])
    left = {"i000", *NAMES[4:10]}
    assert set(table["image_id"]) == set(table["neighbour_id"]) == left
    assert table.height == 7 * 6, "all others, where there are fewer than are asked for"


def test_a_distance_is_null_where_a_place_is_not_known() -> None:
    images, embeddings, points = part("E1", range(9))
    table = found([(images, embeddings, points.filter(pl.col("point_id") != "p4"))])
    unknown = (pl.col("image_id") == "i004") | (pl.col("neighbour_id") == "i004")
    assert table.filter(unknown)["distance_m"].null_count() == 16
    assert table.filter(~unknown)["distance_m"].null_count() == 0


def test_near_duplicates_are_flagged_by_their_pixels_not_their_vectors() -> None:
    """Of 0, 1 and 2 with four bits between them; 2 is of the panorama of 1, 3 shows nothing."""
    images, embeddings, points = part("E1", range(6))
    hashes = ["ff00ff00ff00ff00", "ff00ff00ff00ff0f", *["ff00ff00ff00ff00"] * 2]
    changed = {
        "perceptual_hash": [*hashes, *images["perceptual_hash"][4:]],
        "panorama_id": ["a", "b", "b", "c", "d", "e"],
        "red_sd": [0.2, 0.2, 0.2, 0.01, 0.2, 0.2],
        "green_sd": [0.01] * 6,
        "blue_sd": [0.01] * 6,
    }
    same = vector_series("embedding", np.repeat(VECTORS[:1], 6, axis=0))
    images = images.with_columns(**{name: pl.Series(values) for name, values in changed.items()})
    table = found([(images, embeddings.with_columns(same), points)])
    pairs = table.filter("is_near_duplicate").select("image_id", "neighbour_id").rows()
    assert set(pairs) == {
        *{("i000", "i001"), ("i001", "i000"), ("i000", "i002"), ("i002", "i000")},
    }


@pytest.mark.parametrize("numbers", [[], [3]])
def test_nothing_looks_like_the_only_image(numbers) -> None:
    assert found([part("E1", numbers)]).is_empty()
    assert found([]).is_empty()


def test_many_images_are_searched_by_an_index_and_its_recall_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images: Images = gather_images([part("E1", range(60))])

    def search(**options):
        return find_neighbours(images, encoder="made-up", count=8, seed=1, **options)

    exact = search(exact_up_to=60)
    assert (exact.search, exact.recall) == ("exact", 1)
    by_index = search(exact_up_to=59)
    assert (by_index.search, by_index.recall) == ("approximate", 1)
    assert by_index.table.equals(exact.table)

    def half_missed(vectors, count, *, on_progress) -> Iterator:
        places, cosines = nearest_by_index(vectors, count)
        return places, np.where(np.arange(8) < 4, cosines, -1.0)

    nearest_by_index = approximate_index.nearest_by_index
    monkeypatch.setattr(
        "streetview_assets.embeddings.similarity.neighbours.nearest_by_index", half_missed
    )
    assert search(exact_up_to=0).recall == 0.5


@pytest.mark.parametrize("metric", ["correlation", "euclidean", "dot", "manhattan", "hamming"])
def test_other_metrics_order_as_scikit_learn_has_them(metric):
    # Signs of many numbers: of twelve, most Hamming distances would be those of others too.
    vectors = unit(np.random.default_rng(3).normal(size=(60, 301)))
    facts = gather_images([part("E1", range(60))]).facts
    images = Images(facts, vectors)
    found = find_neighbours(images, encoder="made-up", count=5, seed=1, metric=metric).table
    check_contract(TABLES["neighbours"], found)
    points = vectors > vectors.mean(axis=0) if metric == "hamming" else vectors.astype(np.float64)
    how = {"dot": "cosine"}.get(metric, metric)
    library = NearestNeighbors(n_neighbors=5, algorithm="brute", metric=how).fit(points)
    distances, near = library.kneighbors()
    assert found["distance"].to_numpy() == pytest.approx(distances.ravel(), abs=1e-6)
    if metric == "hamming":  # many are as near as others
        assert found.group_by("image_id").len()["len"].to_list() == [5] * 60
    else:
        assert found["neighbour_id"].to_list() == [NAMES[row] for row in near.ravel()]
    left, right = (found[name].str.slice(1).cast(int) for name in ("image_id", "neighbour_id"))
    cosines = (vectors[left.to_numpy()] * vectors[right.to_numpy()]).sum(axis=1)
    assert found["similarity"].to_numpy() == pytest.approx(cosines, abs=1e-6)
    assert set(found["metric"]) == {metric}
    assert found["neighbour_file"].to_list() == [f"{row}.jpg" for row in right]


def test_too_many_images_for_manhattan_are_a_reason():
    assert "20,001 images are too many" in why_no_neighbours(20_001, "manhattan", called="images")
    assert not why_no_neighbours(20_001, "cosine", called="images")
