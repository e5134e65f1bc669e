"""Which images the experiment draws from, and which cluster each is of."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.models.evaluations.sample_size_data import gather_images
from streetview_assets.study.sample_size import SampleSize
from streetview_assets.tables.registry import TABLES


def tables(count=60, areas=12, seed=1):
    """Images around three directions, of areas of which the last has no value."""
    rng = np.random.default_rng(seed)
    kinds = 4 * np.eye(5)[:3]
    kind = np.arange(count) % 3
    vectors = unit(kinds[kind] + 0.2 * rng.normal(size=(count, 5)))
    images = pl.DataFrame(
        {
            "image_id": [f"i{row:03}" for row in range(count)],
            "area_code": [f"A{row % areas:02}" for row in range(count)],
            "is_current": [row != 0 for row in range(count)],
        }
    ).with_columns(status=pl.lit("ok"))
    embeddings = images.select("image_id").with_columns(
        vector_series("embedding", vectors),
        authority_code=pl.lit("E1"),
        encoder=pl.lit("made-up"),
        status=pl.when(pl.col("image_id") == "i001").then(pl.lit("failed")).otherwise(pl.lit("ok")),
    )
    targets = TABLES["targets"].frame(
        [
            {
                "authority_code": "E1",
                "area_code": f"A{row:02}",
                "target": "rank",
                "value": None if row == areas - 1 else float(row),
                "more_is": "better",
                "is_decile": False,
            }
            for row in range(areas)
        ]
    )
    centres = pl.concat([centres_of(kinds, 3), centres_of(kinds[:2], 2)])
    return targets, images, embeddings, centres, kind


def centres_of(kinds, k, space="raw"):
    return pl.DataFrame(
        {
            "encoder": "made-up",
            "method": "kmeans",
            "space": space,
            "k": k,
            "cluster": list(range(k, 0, -1)),
            "image_count": 1,
            "centre": vector_series("centre", unit(kinds)[::-1]),
        }
    )


def gather(targets, images, embeddings, centres, k=(2, 3, 4)):
    return gather_images(
        targets,
        images,
        embeddings,
        centres,
        target="rank",
        encoder="made-up",
        space="raw",
        k=k,
        settings=SampleSize(),
        statistic="median",
        seed=1,
    )


def test_current_images_of_areas_with_a_value_go_to_the_nearest_centre():
    *frames, kind = tables()
    found = gather(*frames)
    rows = [row for row in range(60) if row not in (0, 1) and row % 12 != 11]
    rows.sort(key=lambda row: (row % 12, row))
    assert found.experiment.area_codes == tuple(f"A{row:02}" for row in range(11))
    assert found.experiment.observed.tolist() == [float(row) for row in range(11)]
    assert found.experiment.area.tolist() == [row % 12 for row in rows]
    assert found.experiment.clusters[3].tolist() == [kind[row] + 1 for row in rows]
    assert set(found.experiment.clusters) == {2, 3}
    assert found.lacking == (4,)
    assert found.experiment.features == "pooled_median"
    expected = np.array([frames[2]["embedding"][row] for row in rows], dtype=np.float32)
    assert (found.vectors == expected).all()


def test_the_order_of_rows_does_not_matter():
    *frames, _ = tables()
    first = gather(*frames)
    other = gather(*(frame.sample(fraction=1, shuffle=True, seed=2) for frame in frames))
    assert (first.vectors == other.vectors).all()
    assert (first.experiment.clusters[3] == other.experiment.clusters[3]).all()


@pytest.mark.parametrize("lacks", ["images", "targets", "centres"])
def test_without_images_values_or_centres_there_is_nothing_to_draw(lacks):
    *frames, _ = tables()
    place = {"images": 1, "targets": 0, "centres": 3}[lacks]
    frames[place] = frames[place].clear()
    found = gather(*frames)
    assert found.experiment.clusters == {}
    assert bool(len(found.vectors)) == (lacks == "centres")
    assert found.lacking == ((2, 3, 4) if lacks == "centres" else (4,))
