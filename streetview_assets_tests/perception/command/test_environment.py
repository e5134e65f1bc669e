"""What lies around joins as sentences, worded to the letter, and as vectors of files or a tower."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import geometric_slerp

from streetview_assets.perception.environment.sentences import sentences
from streetview_assets_tests.perception.command.reckoning import score, split
from streetview_assets_tests.perception.command.survey import (
    AROUND,
    QUALITIES,
    Survey,
    command,
    logged,
    write_vectors,
)

GIVEN = ("-M", "ViT-B/32", "-g", "data.geojson", "-L", "log.csv", "--environmental")
OTHERWISE = {
    "streets_per_node_proportions1": "number of cul-de-sacs",
    "streets_per_node_proportions3": "number of 3-way intersections",
    "streets_per_node_proportions4": "number of 4-way intersections",
    "num_nodes": "number of intersections",
    "num_edges": "number of street segments",
}
WORDS = ["very low", "low", "medium", "high", "very high"]


@pytest.fixture
def survey(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Survey(tmp_path, count=60, dimension=16)


def worded(survey, style):
    """The sentences of all images by their names, by pandas' own cut."""
    told = pd.DataFrame(survey.features)
    parts = {}
    for key in told.columns[7:]:
        values = told[key]
        if style == 1:
            cuts = np.quantile(values.unique(), [0.2, 0.4, 0.6, 0.8]).tolist()
            edges = [-1, *cuts, values.max() + 1]
            values = pd.cut(values, edges, labels=WORDS, include_lowest=True)
        name, radius = key.rsplit("_", 1)
        name = OTHERWISE.get(name, name.replace("_", " "))
        parts[key] = [f"{name} (within buffer of size {radius}m) is {one}" for one in values]
    urls = told["url"].str.rsplit("/", n=1).str[1]
    return {url: "; ".join(one) for url, *one in zip(urls, *parts.values(), strict=True)}


def test_sentences_are_worded_to_the_letter():
    place = {
        "image_id": 1,
        "greenspace_count_100": 9,
        "average_safety": 3.5,
        "streets_per_node_proportions1_300": 0.25,
        "street_length_avg_300": 29.089045454545474,
        "median_speed_300": 30.0,
        "num_edges_100": None,
        "shops_count_500": 3,
    }
    assert sentences([place], 0) == [
        "greenspace count (within buffer of size 100m) is 9; "
        "number of cul-de-sacs (within buffer of size 300m) is 0.25; "
        "street length avg (within buffer of size 300m) is 29.089045454545474; "
        "median speed (within buffer of size 300m) is 30.0; "
        "number of street segments (within buffer of size 100m) is None"
    ]


@pytest.mark.parametrize("style", [0, 1])
def test_all_76_are_told_as_pandas_cuts_them(survey, style):
    expected = worded(survey, style)
    said = sentences(survey.features, style)
    assert len(AROUND) == 38
    assert said == [expected[one["url"].rpartition("/")[2]] for one in survey.features]
    assert said[0].count("; ") == 75


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([7, 7, 7], ["very low"] * 3),
        ([0, 1, 0], ["very low", "very high", "very low"]),
        ([1, None, 2], ["very low", "unknown", "very high"]),
        ([-5, 0, 1, 2, 3], WORDS),
        ([None, None], ["unknown"] * 2),
    ],
)
def test_few_alike_or_missing_values_have_words_too(values, words):
    said = sentences([{"shops_count_100": value} for value in values], 1)
    assert [one.rpartition(" is ")[2] for one in said] == words


@pytest.mark.parametrize("style", [0, 1])
@pytest.mark.parametrize("method", ["append", "average", "slerp"])
def test_joined_vectors_score_as_an_independent_reckoning(survey, method, style):
    told = worded(survey, style)
    texts = np.random.default_rng(9).normal(size=survey.vectors.shape).astype(np.float16)
    captions = [f"{told[name]}\n" for name in survey.names]
    home = Path(f"text-prompt{style}-embeddings-ViT-B_32")
    write_vectors(home, "text_emb", texts, "caption", captions)
    words = ("--environmental-method", method.upper(), "--prompt-style", style)
    code, _, error = command(*GIVEN, *words)
    assert code == 0
    assert ("average and slerp give the same" in error) == (method != "append")
    one, other = (unit(vectors) for vectors in (survey.vectors, texts))
    joined = {
        "append": np.hstack([one, other]),
        "average": (one + other) / 2,
        "slerp": np.array([geometric_slerp(a, b, 0.5) for a, b in zip(one, other, strict=True)]),
    }[method]
    assert command(*GIVEN[:4], "--environmental", *words, "--export", "model.npz")[0] == 0
    rated = [survey.properties(name)["average_safety"] is not None for name in survey.names]
    assert np.abs(np.load("model.npz")["safety_vecs"] - joined[rated]).max() < 1e-12
    for quality, row in zip(QUALITIES, logged(Path("log.csv")), strict=True):
        averages = [survey.properties(name)[f"average_{quality}"] for name in survey.names]
        rows = [at for at, value in enumerate(averages) if value is not None]
        scores = [averages[at] for at in rows]
        train, test, *_ = split(scores, 0.8, None, stratified=False)
        reckoned = score(joined[rows], scores, train, test, 10, "softmax10**")
        assert np.abs(np.array(row[7:9], dtype=float) - reckoned).max() < 1e-12
        assert row[10] == f"env={method}+p{style}"


def unit(vectors):
    return np.array([row / math.sqrt(math.fsum(row * row)) for row in vectors.astype(float)])


def test_texts_of_ones_own_are_paired_by_what_they_say(survey):
    """Files of texts, and vectors in another order than images are."""
    Path("own").mkdir()
    for name in survey.names:
        (Path("own") / name.replace(".jpg", ".txt")).write_text(f"a street like {name}")
    captions = [f"a street like {name}" for name in reversed(survey.names)]
    texts = np.random.default_rng(9).normal(size=(60, 8))
    write_vectors(Path("own"), "text_emb", texts, "caption", captions)
    own = ("--environmental-text-dir", "own")
    words = ("-M", "ViT-B/32", "-g", "data.geojson", "--environmental")
    assert command(*words, *own, "--export", "a")[0] == 0
    exported = np.load("a.npz")["safety_vecs"]
    rated = [survey.properties(name)["average_safety"] is not None for name in survey.names]
    assert np.abs(exported[:, 16:] - unit(texts[::-1])[rated]).max() < 1e-15


@pytest.mark.parametrize(
    ("captions", "code", "said"),
    [
        (lambda told: [f"text {at}" for at in range(60)], 0, "paired with images by their order"),
        (lambda told: told[:59], 2, "1 of 60 images has no caption that is their sentence"),
        (lambda told: ["other", *told[1:]], 2, "1 of 60 images has no caption"),
    ],
)
def test_captions_that_are_no_sentence_are_told_or_refused(survey, captions, code, said):
    given = captions([worded(survey, 0)[name] for name in survey.names])
    home = Path("text-prompt0-embeddings-ViT-B_32")
    texts = np.random.default_rng(9).normal(size=(len(given), 16))
    write_vectors(home, "text_emb", texts, "caption", given)
    done = command(*GIVEN)
    assert done[0] == code
    assert said in done[2]


def test_a_geojson_without_variables_says_so(survey):
    for feature in survey.features:
        for key in list(feature)[7:]:
            del feature[key]
    survey.write()
    code, _, error = command(*GIVEN)
    assert code == 2
    assert "no property of the GeoJSON tells what lies around" in error


def test_vectors_of_unequal_length_can_be_appended_alone(survey):
    captions = [worded(survey, 0)[name] for name in survey.names]
    texts = np.random.default_rng(9).normal(size=(60, 8))
    home = Path("text-prompt0-embeddings-ViT-B_32")
    write_vectors(home, "text_emb", texts, "caption", captions)
    assert command(*GIVEN)[0] == 0
    code, _, error = command(*GIVEN, "--environmental-method", "slerp")
    assert code == 2
    assert "vectors of images have 16 numbers, those of texts 8" in error
