import numpy as np
import polars as pl
import pytest

from streetview_assets.clusters.group_embeddings import area_group_embeddings, label_groups
from streetview_assets.errors import StudyError
from streetview_assets.images.current import current_images
from streetview_assets.models.data.features import area_features, features_label
from streetview_assets.pooling.pool import pool_areas
from streetview_assets.tables.registry import TABLES

CHOICE = {"statistic": "median", "encoder": "enc"}
VECTORS = {
    "A1": [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.0, 1.0]],
    "A2": [[1.0, 0.0]],
}
LABELS = {"A1": ["shop", "house", "house", "house"], "A2": ["shop"]}


def of_images():
    """Images and their vectors: A1 has four images, A2 one."""
    names = [(code, n) for code, rows in VECTORS.items() for n in range(len(rows))]
    who = [{"authority_code": "E1", "image_id": f"{code}-{n}"} for code, n in names]
    images = [
        {**one, "area_code": code, "status": "ok", "is_current": True}
        for one, (code, _) in zip(who, names, strict=True)
    ]
    vectors = [
        {**one, "encoder": "enc", "status": "ok", "embedding": VECTORS[code][n]}
        for one, (code, n) in zip(who, names, strict=True)
    ]
    return TABLES["images"].frame(images), TABLES["image_embeddings"].frame(vectors)


def label_shares(codes=("A1", "A2", "A9")):
    shares = {"A1": (0.75, 0.25), "A2": (0.0, 1.0), "A9": (0.5, 0.5)}
    return TABLES["label_shares"].frame(
        [
            {"area_code": code, "encoder": "enc", "label": label, "share": share}
            for code in codes
            for label, share in zip(("house", "shop"), shares[code], strict=True)
        ]
    )


@pytest.fixture(scope="module")
def pooled():
    return pool_areas(*of_images(), encoder="enc")


def test_the_default_is_the_pooled_vector_as_it_is(pooled):
    found = area_features(("pooled",), pooled, **CHOICE)
    assert found.area_codes == ["A1", "A2"]
    assert found.values.dtype == np.float64
    median = np.median(np.array(VECTORS["A1"], dtype=np.float32), axis=0)
    assert np.array_equal(found.values, [median, [1.0, 0.0]])
    again = area_features(("pooled",), pooled.reverse(), **CHOICE)
    assert np.array_equal(found.values, again.values)


def test_statistics_stand_side_by_side_in_the_order_of_their_names(pooled):
    values = area_features(("max", "min", "mean"), pooled, **CHOICE).values
    assert np.allclose(values[0], [1.0, 1.0, 0.0, 0.0, 0.4, 0.7])
    assert np.allclose(values[1], [1.0, 0.0] * 3)


def test_a_vector_of_unit_length_points_the_same_way(pooled):
    plain = area_features(("pooled",), pooled, **CHOICE).values
    even = area_features(("pooled_unit",), pooled, **CHOICE).values
    assert np.allclose(np.linalg.norm(even, axis=1), 1.0)
    assert np.allclose(even * np.linalg.norm(plain, axis=1, keepdims=True), plain)


def test_dispersion_is_one_minus_the_length_of_the_mean(pooled):
    values = area_features(("dispersion",), pooled, **CHOICE).values
    assert np.allclose(values, [[1 - np.hypot(0.4, 0.7)], [0.0]], atol=1e-7)


def test_label_shares_are_columns_by_name_and_unknown_where_there_are_none(pooled):
    both = area_features(("label_shares",), pooled, **CHOICE, label_shares=label_shares())
    assert both.values.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    one = area_features(("label_shares",), pooled, **CHOICE, label_shares=label_shares(("A2",)))
    assert np.isnan(one.values[0]).all()
    assert one.values[1].tolist() == [0.0, 1.0]


def test_a_vector_a_label_is_missing_where_the_area_has_no_such_image(pooled):
    images, vectors = of_images()
    assert current_images(images).height == 5
    best = [
        {"image_id": f"{code}-{n}", "encoder": "enc", "label": label, "is_best": True}
        for code, labels in LABELS.items()
        for n, label in enumerate(labels)
    ]
    groups = label_groups(TABLES["label_scores"].frame(best))
    by_label = area_group_embeddings(groups, images, vectors)
    found = area_features(("by_label",), pooled, **CHOICE, label_embeddings=by_label).values
    # The house's vector, the shop's, whether there is a house, whether there is a shop.
    assert np.allclose(found[0], [0.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    assert np.isnan(found[1, :2]).all()
    assert found[1, 2:].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_a_feature_of_labels_without_labels_is_refused_by_name(pooled):
    with pytest.raises(StudyError, match="label_shares is made of labels"):
        area_features(("label_shares",), pooled, **CHOICE, label_shares=pl.DataFrame())
    with pytest.raises(StudyError, match="by_label is made of labels"):
        area_features(("by_label",), pooled, **CHOICE)
    assert area_features(("by_label",), pooled.clear(), **CHOICE).area_codes == []


def test_features_are_named_with_what_they_are_made_of():
    assert features_label(("pooled",), "median", None) == "pooled_median"
    both = ("pooled", "cluster_shares")
    assert features_label(both, "mean", 20) == "pooled_mean+cluster_shares/pca20"
