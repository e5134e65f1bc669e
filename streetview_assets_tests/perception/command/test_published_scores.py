"""Scores of the command equal those of an independent reckoning, row by row."""

import random
from pathlib import Path

import numpy as np
import pytest

from streetview_assets_tests.perception.command.reckoning import score, split
from streetview_assets_tests.perception.command.survey import (
    QUALITIES,
    Survey,
    command,
    logged,
    write_vectors,
)

GIVEN = ("-M", "ViT-B/32", "-g", "data.geojson", "-L", "log.csv", "-q")


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return Survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(autouse=True)
def _here(survey, monkeypatch):
    monkeypatch.chdir(survey.folder)
    Path("log.csv").unlink(missing_ok=True)


def averaged(survey, quality):
    """Rows of vectors in the order of their metadata, with the average of each."""
    told = [survey.properties(name)[f"average_{quality}"] for name in survey.names]
    rows = [row for row, value in enumerate(told) if value is not None]
    return rows, [told[row] for row in rows]


def assert_equal(vectors, rated, rows, *, share, seed, stratified, ks, normalisation):
    """Hold the log against the reckoning; one generator runs on over the qualities."""
    shuffler = None if seed is None else random.Random(seed)
    rows = iter(rows)
    for quality in QUALITIES:
        places, scores = rated[quality]
        train, test, *counts = split(scores, share, shuffler, stratified=stratified)
        for k in ks:
            row = next(rows)
            assert row[:3] == [quality, "ViT-B/32", str(k)]
            expected = ["False" if seed is None else str(seed), str(stratified)]
            assert row[3:5] == [f"random={expected[0]}", f"stratified={expected[1]}"]
            assert row[5:7] == counts
            reckoned = score(vectors[places], scores, train, test, k, normalisation)
            assert np.abs(np.array(row[7:9], dtype=float) - reckoned).max() < 1e-12
            assert row[9] == normalisation
    assert next(rows, None) is None


@pytest.mark.parametrize(
    ("words", "wishes"),
    [
        ((), {}),
        (("--normalization-method", "softmax"), {"normalisation": "softmax"}),
        (("--normalization-method", "divbysum"), {"normalisation": "divbysum"}),
        (("--normalization-method", "softmax**8"), {"normalisation": "softmax**8"}),
        (("--normalization-method", "fixed"), {"normalisation": "fixed"}),
        (("--randomize", "--random-seed", "0", "--stratified"), {"seed": 0, "stratified": True}),
        (
            ("--randomize", "--random-seed", "1000", "--training-split", "0.7", "-k", "1,40"),
            {"seed": 1000, "share": 0.7, "ks": (1, 40)},
        ),
        (("--stratified", "--extra-assertions"), {"stratified": True}),
    ],
)
def test_scores_of_averages_equal_an_independent_reckoning(survey, words, wishes):
    done = command(*GIVEN, *words)
    assert done[0] == 0
    rated = {quality: averaged(survey, quality) for quality in QUALITIES}
    usual = {"share": 0.8, "seed": None, "stratified": False, "ks": (10,)}
    usual["normalisation"] = "softmax10**"
    assert_equal(survey.vectors, rated, logged(Path("log.csv")), **usual | wishes)
    assert {row[10] for row in logged(Path("log.csv"))} == {"env=None"}


def rated_by(survey, category, passes):
    """A row a rating, in the order of the vectors and then of the file."""
    by_image = {}
    for row in survey.ratings:
        if row[2] == category + 1 and passes(row):
            by_image.setdefault(row[1], []).append(float(row[3]))
    found = [
        (at, value)
        for at, name in enumerate(survey.names)
        for value in by_image.get(survey.properties(name)["image_id"], [])
    ]
    return [at for at, _ in found], [value for _, value in found]


def test_the_published_split_of_ratings_can_be_had_and_says_that_it_leaks(survey):
    words = ("-d", "demo.csv", "--age", "30,49", "--gender", "man,woman")
    shuffled = ("--randomize", "--random-seed", "7", "--split-ratings", "--stratified")
    code, _, said = command(*GIVEN, *words, *shuffled)
    assert code == 0
    assert said.count("LEAK") == len(QUALITIES)

    def passes(row):
        return 30 <= row[4] <= 49 and row[5] in ("man", "woman")

    rated = {quality: rated_by(survey, number, passes) for number, quality in enumerate(QUALITIES)}
    wishes = {"share": 0.8, "seed": 7, "stratified": True, "ks": (10,)}
    wishes["normalisation"] = "softmax10**"
    assert_equal(survey.vectors, rated, logged(Path("log.csv")), **wishes)


def test_all_shards_are_read_in_the_order_of_their_numbers(survey):
    """The first column of the metadata names the images, whatever it is called."""
    for number, rows in enumerate(np.array_split(np.arange(400), 11)):
        names = [survey.paths[row] for row in rows]
        write_vectors(
            Path("shards"), "img_emb", survey.vectors[rows], "url_or_path", names, shard=number
        )
    assert command(*GIVEN)[0] == 0
    assert command(*GIVEN, "-e", "shards")[0] == 0
    rows = logged(Path("log.csv"))
    assert rows[:5] == rows[5:]


def test_the_same_run_appends_the_same_rows(survey):
    for _ in range(2):
        assert command(*GIVEN, "--randomize", "--random-seed", "0")[0] == 0
    rows = logged(Path("log.csv"))
    assert rows[:5] == rows[5:]
    assert command(*GIVEN, "--randomize", "--random-seed", "1")[0] == 0
    assert logged(Path("log.csv"))[10:] != rows[:5]
    text = Path("log.csv").read_bytes()
    assert text.count(b"\r\n") == text.count(b"\n") == 15
