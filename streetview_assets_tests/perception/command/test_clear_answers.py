"""What the reference program crashes on or passes over gets a result, or an error that says why."""

import csv
from pathlib import Path

import numpy as np
import pytest

from streetview_assets_tests.perception.command.survey import (
    QUALITIES,
    Survey,
    command,
    logged,
    write_vectors,
)

GIVEN = ("-M", "ViT-B/32", "-g", "data.geojson")


@pytest.fixture
def survey(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Survey(tmp_path, count=60, dimension=16)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-d", "demo.csv", "--age", "90"), "not one of 900 ratings passes --age 90; ages are 18"),
        (("-d", "demo.csv", "--gender", "nobody"), "gender is 'man', 'non-binary', 'woman'"),
        (("-d", "demo.csv", "--region", "Utopia"), "--region: 'Utopia' is not known; NL and non-"),
        (("-d", "demo.csv", "--age", "old"), "age 'old' is no range"),
        (("-d", "demo.csv", "--age", "49,30"), "49 is above 30"),
        (("--age", "30,49"), "--age 30,49: nothing says who rated; give --demographics"),
        (("--education", "Primary"), "nothing says who rated"),
        (("--normalization-method", "softmx"), "--normalization-method: 'softmx' is none; give"),
        (("--environmental", "--environmental-method", "mix"), "--environmental-method: 'mix' is"),
        (("-k", "0"), "-k: '0'; give whole numbers from 1"),
        (("-k", "10,,20"), "give whole numbers from 1"),
        (("--training-split", "1"), "--training-split: 1 leaves nothing"),
        (("--training-split", "0.001"), "nothing could be scored; walkability: a share of 0.001"),
        (("--read-only", "--export", "a.npz"), "--read-only writes nothing"),
        (("--predictions", "a.csv"), "--predictions are of images by a model"),
        (("--import-model", "a.npz"), "--import-model has its ratings and vectors"),
        (("-e", "nowhere"), "--embeddings-dir: nowhere is no folder, and there are no images"),
        (("-i", "nowhere", "-e", "no"), "--images-dir: nowhere is no folder"),
        (("-k", "48", "--normalization-method", "divbysum"), "add up to nothing or less"),
    ],
)
def test_what_cannot_be_is_one_error_with_the_remedy(survey, words, said):
    code, _, error = command(*GIVEN, *words)
    assert code == 2, error
    assert said in " ".join(error.split())
    assert not Path("log.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--read-only", "-L", "log.csv"), "--results-log is not written: --read-only writes"),
        (("--export", "a.npz", "-L", "log.csv"), "--results-log is not written: nothing is scored"),
        (("--random-seed", "3"), "--random-seed is not used"),
        (("--other-clip-retrieval-args", "--batch_size 8"), "--other-clip-retrieval-args is not"),
    ],
)
def test_an_option_that_comes_to_nothing_is_said(survey, words, said):
    code, _, error = command(*GIVEN, *words)
    assert code == 0
    assert said in error
    assert not Path("log.csv").exists()


def test_cosines_that_cancel_for_one_k_leave_the_others(survey):
    words = ("-k", "5,48", "--normalization-method", "divbysum", "-L", "log.csv")
    code, out, error = command(*GIVEN, *words)
    assert code == 0
    assert {row[2] for row in logged(Path("log.csv"))} == {"5"}
    assert "category = safety; k = 48; no score: the cosines of" in error
    assert "k = 48" not in out


def test_more_neighbours_than_there_are_is_said(survey):
    code, out, error = command(*GIVEN, "-k", "999")
    assert code == 0
    assert out.count("k = 999; mse = ") == len(QUALITIES)
    assert "k = 999 is above the 4" in error


def test_an_image_that_nobody_rated_is_told(survey):
    lone = survey.ratings[0][1]
    survey.ratings = [row for row in survey.ratings if row[1] != lone]
    survey.write()
    code, out, error = command(*GIVEN, "-d", "demo.csv")
    assert code == 0
    assert "Without a rating that is looked at: 1 of 60 images, 0000.jpg" in error
    assert "safety: 177 scores of 59 images" in out
    assert "All scores of an image are on one side of the split" in out


def test_a_quality_without_a_rating_leaves_the_others(survey):
    for feature in survey.features:
        del feature["average_greenness"]
    survey.write()
    code, out, error = command(*GIVEN)
    assert code == 0
    assert out.count("mse = ") == 4
    assert "category = greenness; k = 10; no score: no image has a rating of it" in error


def test_the_netherlands_is_nl(survey):
    with Path("demo.csv").open("w", newline="") as file:
        header = ["image_id", "category_id", "rating", "country", "postalcode"]
        rows = [
            [9000 + number, 1, 1 + number % 5, country, postcode]
            for number in range(60)
            for country, postcode in [
                ("The Netherlands", ""),
                ("the netherlands", ""),
                ("", "1234 ab"),
                ("France", "75001"),
            ]
        ]
        csv.writer(file).writerows([header, *rows])
    for region, count in (("NL", 180), ("non-NL", 60)):
        code, out, _ = command(*GIVEN, "-d", "demo.csv", "--region", region)
        assert code == 0
        assert f"Read {count} of 240 ratings that pass --region {region}" in out


@pytest.mark.parametrize("how", [(), ("--randomize", "--random-seed", "3"), ("--stratified",)])
@pytest.mark.parametrize("rated_by", ["people", "averages", "model"])
def test_no_image_is_on_both_sides(survey, rated_by, how):
    """Whoever saw an image knows its ratings, which are all the same here: then k 1 is never off.

    Equal averages of one image come from its file lying in two folders.
    """
    given = GIVEN
    if rated_by == "people":
        for row in survey.ratings:
            row[3] = 1 + (row[1] * 7) % 5
        survey.write()
        given = (*GIVEN, "-d", "demo.csv")
    else:
        paths = [*survey.paths, *(f"b/{name}" for name in survey.names)]
        twice = np.concatenate([survey.vectors, survey.vectors])
        write_vectors(Path("embeddings-ViT-B_32"), "img_emb", twice, "image_path", paths)
        survey.features[50]["average_safety"] = None
    if rated_by == "model":
        assert command(*GIVEN, "--export", "model.npz")[0] == 0
        given = ("--import-model", "model.npz")
    code, _, _ = command(*given, *how, "-k", "1", "-L", "apart.csv", "-q")
    assert code == 0
    code, _, error = command(*given, *how, "-k", "1", "-L", "leak.csv", "-q", "--split-ratings")
    assert code == 0
    apart = [float(row[7]) for row in logged(Path("apart.csv"))]
    assert min(apart) > 1.0
    if "--randomize" in how:
        assert error.count("LEAK") == len(QUALITIES)
        assert sum(float(row[7]) for row in logged(Path("leak.csv"))) < sum(apart) / 2


def test_ratings_of_people_need_no_averages(survey):
    for feature in survey.features:
        for key in list(feature)[2:]:
            del feature[key]
    survey.write()
    code, out, _ = command(*GIVEN, "-d", "demo.csv")
    assert code == 0
    assert "safety: 180 scores of 60 images" in out
    assert command(*GIVEN)[0] == 2


def test_two_features_of_one_name_are_refused(survey):
    survey.features[1]["url"] = "https://example.org/other/0000.jpg"
    survey.write()
    code, _, error = command(*GIVEN)
    assert code == 2
    assert "the `url` of several features end in '0000.jpg'" in error


def test_a_vector_without_a_direction_is_told(survey):
    survey.vectors[7] = 0
    survey.vectors[8, 0] = np.nan
    survey.write()
    code, _, error = command(*GIVEN)
    assert code == 0
    assert "Left out, since zero or not finite: 2 of 60 vectors" in error


def test_a_shuffle_without_a_seed_says_how_to_repeat_it(survey):
    code, out, _ = command(*GIVEN, "--randomize", "-L", "log.csv")
    assert code == 0
    seed = out.partition("--random-seed ")[2].split()[0]
    assert command(*GIVEN, "--randomize", "--random-seed", seed, "-L", "log.csv")[0] == 0
    rows = logged(Path("log.csv"))
    assert [row[3] for row in rows] == ["random=True"] * 5 + [f"random={seed}"] * 5
    assert [row[7:9] for row in rows[:5]] == [row[7:9] for row in rows[5:]]


def test_qualities_of_ones_own_follow_the_five_and_run_in_no_spreadsheet(survey):
    for feature in survey.features:
        feature["average_=1+1"] = feature["average_safety"]
    survey.write()
    assert command(*GIVEN, "-L", "log.csv", "--randomize", "--random-seed", "2")[0] == 0
    assert [row[0] for row in logged(Path("log.csv"))] == [*QUALITIES, "'=1+1"]


def test_names_of_files_steer_no_terminal(survey):
    survey.features[0]["url"] = "https://example.org/\x1b[31m[red]x.jpg"
    survey.write()
    _, _, error = command(*GIVEN)
    assert "Without a vector: 1 of 60 images of the GeoJSON, \\x1b[31m[red]x.jpg" in error
    assert "\x1b[31m[red]" not in error
