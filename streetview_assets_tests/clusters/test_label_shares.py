import numpy as np
import polars as pl
import pytest

from streetview_assets.clusters.group_embeddings import area_group_embeddings, label_groups
from streetview_assets.clusters.shares import label_shares
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.embeddings.zero_shot.label_scores import label_scores
from streetview_assets.tables.registry import TABLES, check_contract


@pytest.fixture
def scored(tables: tuple) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Give images, vectors and scores of 300 images by three labels."""
    images, embeddings = tables
    vectors = matrix(embeddings["embedding"])
    labels = {"shop": vectors[0], "car": vectors[1], "field": -vectors[0]}
    return images, embeddings, label_scores(embeddings, labels, temperature=5)


def test_shares_are_those_of_the_current_images_of_an_area(scored: tuple) -> None:
    images, _, scores = scored
    older = images.with_columns(is_current=pl.int_range(pl.len()) % 3 != 0)
    shares = label_shares(scores.sample(fraction=1, shuffle=True, seed=2), older)
    check_contract(TABLES["label_shares"], shares)
    assert shares.equals(label_shares(scores, older))
    for area in ("A", "B", "C", "D", "E"):
        ids = older.filter(pl.col("is_current"), area_code=area)["image_id"].to_list()
        own = shares.filter(area_code=area)
        assert own["label"].to_list() == ["car", "field", "shop"]
        assert own["image_count"].sum() == len(ids) > 0
        assert own["share"].sum() == pytest.approx(1)
        assert own["mean_probability"].sum() == pytest.approx(1)
        for label, count, mean in own.select(
            "label", "image_count", "mean_probability"
        ).iter_rows():
            of_label = scores.filter(pl.col("image_id").is_in(ids), label=label)
            assert count == of_label["is_best"].sum()
            assert mean == pytest.approx(np.mean(of_label["probability"].to_numpy()))
    assert set(shares["area_code"]) == {"A", "B", "C", "D", "E"}


def test_images_of_a_label_are_pooled_by_area(scored: tuple) -> None:
    images, embeddings, scores = scored
    pooled = area_group_embeddings(label_groups(scores), images, embeddings)
    check_contract(TABLES["area_group_embeddings"], pooled)
    assert set(pooled["grouping"]) == {"label"}
    assert set(pooled["k"]) == {3}
    own = scores.filter("is_best", label="car").join(images.filter(area_code="A"), on="image_id")
    vectors = matrix(embeddings.join(own, on="image_id", how="semi")["embedding"])
    row = pooled.filter(area_code="A", group_name="car", statistic="max")
    assert row["image_count"][0] == len(vectors) > 5
    assert row["embedding"][0].to_list() == vectors.max(axis=0).tolist()


def test_no_scores_give_no_shares_and_no_groups(scored: tuple) -> None:
    images, embeddings, scores = scored
    none = scores.head(0)
    check_contract(TABLES["label_shares"], label_shares(none, images))
    assert label_shares(none, images).is_empty()
    assert area_group_embeddings(label_groups(none), images, embeddings).is_empty()
