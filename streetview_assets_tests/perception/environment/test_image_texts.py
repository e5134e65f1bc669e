"""What a study knows of a point's surroundings joins the vectors of its images."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.image_texts import point_sentences, with_environment
from streetview_assets.study.embeddings import Encoder
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip

ROWS = [
    ("b", "median_speed", 100.0, 30.0),
    ("b", "shops_count", 300.0, 7.0),
    ("b", "shops_count", 100.0, 2.0),
    ("b", "num_nodes", 100.0, None),
    ("a", "shops_count", 100.0, 9.0),
    ("a", "street_length_avg", 100.0, 29.5),
    ("c", "num_edges", 100.0, None),
]
VARIABLES = pl.DataFrame(ROWS, ["point_id", "variable", "radius_m", "value"], orient="row")


def test_a_point_is_told_radius_by_radius_and_counts_are_whole():
    assert point_sentences(VARIABLES.sample(fraction=1, shuffle=True, seed=1), 0) == {
        "a": "shops count (within buffer of size 100m) is 9; "
        "street length avg (within buffer of size 100m) is 29.5",
        "b": "shops count (within buffer of size 100m) is 2; "
        "median speed (within buffer of size 100m) is 30.0; "
        "shops count (within buffer of size 300m) is 7",
    }
    assert point_sentences(VARIABLES, 1)["a"].startswith(
        "shops count (within buffer of size 100m) is very high; "
    )


def test_images_of_one_point_get_the_same_text_beside_their_own_pixels(tmp_path):
    write_small_clip(tmp_path / "small.pt")
    encoder = Encoder(
        name=CLIP, checkpoint=tmp_path / "small.pt", options=OPTIONS, precision="fp32"
    )
    vectors = np.random.default_rng(2).normal(size=(4, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    images = pl.DataFrame(
        [
            pl.Series("image_id", ["1", "2", "3", "4"]),
            pl.Series("point_id", ["b", "c", "a", "b"]),
            vector_series("embedding", vectors),
        ]
    )
    encoders = load_encoder(encoder).identity.frame()
    joined, said = with_environment(images, VARIABLES, encoder, encoders, "append", 1)
    assert joined["image_id"].to_list() == ["1", "3", "4"]
    both = matrix(joined["embedding"])
    assert np.abs(both[:, :24] - vectors[[0, 2, 3]]).max() < 1e-6
    assert (both[0, 24:] == both[2, 24:]).all()
    assert said[0].startswith(f"{CLIP} reads 16 tokens of a text: of a sentence on 3 variables")
    for method in ("average", "slerp"):
        halfway, _ = with_environment(images, VARIABLES, encoder, encoders, method, 1)
        assert matrix(halfway["embedding"]).shape == (3, 24)
    with pytest.raises(StudyError, match="no rated image lies at a point that is described"):
        with_environment(images.filter(point_id="c"), VARIABLES, encoder, encoders, "append", 0)
