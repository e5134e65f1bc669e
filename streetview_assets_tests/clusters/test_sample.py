import polars as pl
import pytest

from streetview_assets.clusters.fit.sample import draw_sample


def test_a_small_study_is_taken_whole(tables: tuple) -> None:
    images, embeddings = tables
    sample = draw_sample(embeddings, images, fit_on=300, seed=1)
    assert sample["image_id"].to_list() == embeddings["image_id"].to_list()


@pytest.mark.parametrize("fit_on", [6, 61, 150])
def test_areas_have_equal_parts_as_far_as_they_have_images(tables: tuple, fit_on: int) -> None:
    images, embeddings = tables
    sample = draw_sample(embeddings, images, fit_on=fit_on, seed=1)
    assert sample.height == fit_on
    has = dict(images["area_code"].value_counts().iter_rows())
    drawn = dict(sample["area_code"].value_counts().iter_rows())
    most = max(drawn.values())
    for area, count in drawn.items():
        assert count >= min(has[area], most - 1)


def test_the_sample_depends_on_the_seed_and_not_on_the_order_of_rows(tables: tuple) -> None:
    images, embeddings = tables
    sample = draw_sample(embeddings, images, fit_on=50, seed=1)
    shuffled = [table.sample(fraction=1, shuffle=True, seed=3) for table in (embeddings, images)]
    assert draw_sample(*shuffled, fit_on=50, seed=1).equals(sample)
    other = draw_sample(embeddings, images, fit_on=50, seed=2)
    assert set(other["image_id"]) != set(sample["image_id"])


def test_images_without_a_vector_are_not_drawn(tables: tuple) -> None:
    images, embeddings = tables
    failed = embeddings.with_columns(
        status=pl.when(pl.col("image_id") < "i00100").then(pl.lit("failed")).otherwise("status")
    )
    assert draw_sample(failed, images, fit_on=300, seed=1)["image_id"].min() == "i00100"


def test_images_of_older_captures_are_not_drawn(tables: tuple) -> None:
    images, embeddings = tables
    older = images.with_columns(is_current=pl.col("image_id") >= "i00100")
    assert draw_sample(embeddings, older, fit_on=300, seed=1)["image_id"].min() == "i00100"


def test_a_study_without_areas_is_sampled_as_one(tables: tuple) -> None:
    images, embeddings = tables
    nowhere = images.with_columns(area_code=pl.lit(None, dtype=pl.String))
    assert draw_sample(embeddings, nowhere, fit_on=40, seed=1).height == 40


def test_a_seed_draws_the_same_images_everywhere(tables: tuple) -> None:
    images, embeddings = tables
    sample = draw_sample(embeddings, images, fit_on=8, seed=42)
    assert sample["image_id"].to_list() == [
        "i00027",
        "i00051",
        "i00084",
        "i00124",
        "i00135",
        "i00149",
        "i00204",
        "i00269",
    ]


def test_the_sample_is_the_same_where_vectors_are_not_read_for_it(tables: tuple) -> None:
    images, embeddings = tables
    whole = draw_sample(embeddings, images, fit_on=50, seed=1)
    bare = draw_sample(embeddings.drop("embedding"), images, fit_on=50, seed=1)
    assert bare.equals(whole.drop("embedding"))
