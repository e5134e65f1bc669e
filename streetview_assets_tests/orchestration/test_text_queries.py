"""Labels and search in a study, by a small CLIP of random weights."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from scipy.special import softmax
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.embeddings.encoders.text_encoder import load_text_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.embeddings.zero_shot.exclusions import street_scenes
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors
from streetview_assets.embeddings.zero_shot.prompt_bank import PLACES, prompts_by_group
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import (
    areas,
    clusters,
    direction,
    embeddings,
    exclusions,
    images,
    points,
    pooling,
)
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip

EAST = "X01000001"
LABELS = {"shop": ["a shop", "a corner shop"], "field": ["a field"], "road": ["an empty road"]}
UP_TO_IMAGES = (
    areas.areas,
    points.road_network,
    points.sample_points,
    images.panoramas,
    images.images,
)
UP_TO_VECTORS = (*UP_TO_IMAGES, embeddings.encoders, embeddings.image_embeddings)


def make(opened: OpenStudy, *functions) -> str:
    """Make assets one after the other, as Dagster would; give the note of the last."""
    for function in functions:
        asset = function.__name__
        code = None if specs()[asset].study_wide else EAST
        log = logging.getLogger(__name__)
        work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
        origin = opened.input_fingerprint(asset, code)
        made = function(work)
        provenance = made.provenance(origin)
        opened.write(asset, made.frames, code, provenance)
    return made.note


@pytest.fixture(scope="module")
def _with_vectors(tmp_path_factory, write_town) -> Path:
    """The study file of a town with labels, whose images have vectors."""
    folder = tmp_path_factory.mktemp("words")
    study = write_town(folder / "study")
    write_small_clip(folder / "study" / "small.pt")
    document = yaml.safe_load(study.read_text()) | {
        "authorities": [EAST],
        "encoder": {
            **{"name": CLIP, "checkpoint": "small.pt", "options": OPTIONS, "precision": "fp32"}
        },
        "labels": LABELS,
    }
    study.write_text(yaml.safe_dump(document))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        make(open_study(study), *UP_TO_VECTORS)
    torch.set_num_threads(before)
    return study


@pytest.fixture
def opened(_with_vectors: Path, monkeypatch: pytest.MonkeyPatch) -> OpenStudy:
    monkeypatch.setenv("STREETVIEW_DATA", str(_with_vectors.parents[1] / "data"))
    monkeypatch.setenv("STREETVIEW_STUDY", "")
    monkeypatch.setenv("COLUMNS", "120")
    return open_study(_with_vectors)


def test_labels_of_the_study_are_scored_and_counted_by_area(opened) -> None:
    make(opened, embeddings.label_scores, clusters.label_shares)
    scores, shares = opened.read("label_scores"), opened.read("label_shares")
    images = opened.read("images").filter(status="ok", is_current=True)
    assert set(scores["label"]) == set(LABELS)
    assert scores.height == 3 * images.height > 30
    assert set(shares["area_code"]) == set(images["area_code"])
    assert shares["image_count"].sum() == images.height


def test_the_direction_of_deprivation_is_compared_with_labels_and_prompts(opened) -> None:
    make(opened, areas.targets, pooling.area_embeddings, direction.deprivation_direction)
    rows = opened.read("deprivation_direction")
    labels, prompts = rows.filter(kind="label"), rows.filter(kind="prompt")
    assert set(labels["name"]) == set(LABELS)
    assert labels["cosine"].max() > 0 > labels["cosine"].min(), "their mean is taken off"
    # 29 areas of 2 km are too few that are independent.
    assert "at least 10 needed" in rows.filter(kind="resamples")["note"].item()
    assert set(rows["area_count"]) == {opened.read("area_embeddings")["area_code"].n_unique()}
    groups = dict(prompts.select("name", "prompt_group").iter_rows())
    bank = prompts_by_group(PLACES)
    assert groups == {name: group for group, names in bank.items() for name in names}
    assert labels["prompt_group"].is_null().all()
    controls = prompts.filter(prompt_group="control")["cosine"].to_numpy()
    band = rows.filter(kind="controls").select("lower", "upper").row(0)
    assert band == pytest.approx(np.percentile(controls, [5, 95]))
    for name in ("deprivation_direction", "direction_prompts"):
        assert (opened.root / "figures" / "study" / f"{name}.png").is_file()


def with_changes(opened, **changes) -> OpenStudy:
    study = yaml.safe_load(opened.study.path.read_text())
    other = opened.study.path.with_name("other.yaml")
    other.write_text(yaml.safe_dump(study | changes))
    return open_study(other)


def test_prompts_of_ones_own_take_the_place_of_the_ready_made(opened) -> None:
    make(opened, areas.targets, pooling.area_embeddings)
    own = opened.study.path.with_name("prompts.csv")
    own.write_text("group,prompt\nshops,a café\nshops,a market\ncontrol,a spoon\n")
    make(with_changes(opened, direction={"path": "prompts.csv"}), direction.deprivation_direction)
    prompts = opened.read("deprivation_direction").filter(kind="prompt")
    assert prompts.select("name", "prompt_group").rows() == [
        ("a café", "shops"),
        ("a market", "shops"),
        ("a spoon", "control"),
    ]
    make(with_changes(opened, direction={"prompts": False}), direction.deprivation_direction)
    assert set(opened.read("deprivation_direction")["kind"]) == {"resamples", "label"}


def test_images_are_excluded_by_the_encoders_own_words(opened) -> None:
    reasons = {"indoor": ["a room"], "sky": ["a cloud", "the sky"]}
    words = load_text_encoder(opened.study.encoder)
    texts = {**{name: tuple(of) for name, of in reasons.items()}, **street_scenes()}
    vectors = label_vectors(texts, ["{}"], words.encode)
    images = opened.read("image_embeddings").sort("image_id")
    likeness = matrix(images["embedding"]).astype(float) @ np.stack([*vectors.values()]).T
    together = softmax(words.temperature * likeness, axis=1)[:, :2].sum(axis=1)
    # Between two images, so that rounding puts none of them on the other side.
    above = float(np.sort(together)[len(together) // 2 - 1 :][:2].mean())
    rule = {"words": reasons, "above": above}
    note = make(
        with_changes(opened, exclusions=rule, label_templates=["{}"]), exclusions.image_exclusions
    )
    assert note == ""
    found, expected = opened.read("image_exclusions"), together >= above
    assert 0 < found.height < images.height
    assert found["image_id"].to_list() == images.filter(expected)["image_id"].to_list()
    assert found["probability"].to_list() == pytest.approx(together[expected], abs=1e-6)
    assert (opened.root / "figures" / EAST / "image_exclusions.png").is_file()


def test_search_lists_and_shows_the_images_most_like_the_words(opened) -> None:
    result = CliRunner().invoke(
        app, ["search", "boarded-up shop", str(opened.study.path), "--count", "5"]
    )
    assert result.exit_code == 0, result.output
    words = load_text_encoder(opened.study.encoder)
    wanted = label_vectors({"it": ["boarded-up shop"]}, ["a photo of {}"], words.encode)["it"]
    vectors = opened.read("image_embeddings")
    vectors = vectors.with_columns(cosine=matrix(vectors["embedding"]) @ wanted)
    nearest = vectors.sort("cosine", descending=True)["image_id"].head(5).to_list()
    rows = [line.split() for line in result.output.splitlines()]
    assert [row[1] for row in rows if len(row) > 1 and row[1] in set(nearest)] == nearest
    assert "synthetic" in result.output.lower()
    assert (opened.root / "figures" / "shown" / "search" / "boarded-up shop.png").is_file()


def test_search_looks_at_current_images_only(opened) -> None:
    before = opened.read("images")
    keep = before["image_id"].min()
    provenance = opened.provenance("images", EAST)
    older = before.with_columns(is_current=before["image_id"] == keep)
    opened.lake.write("images", older, provenance, authority=EAST)
    try:
        result = CliRunner().invoke(app, ["search", "shop", str(opened.study.path)])
    finally:
        opened.lake.write("images", before, provenance, authority=EAST)
    assert result.exit_code == 0, result.output
    assert keep in result.output
    assert sum(name in result.output for name in before["image_id"]) == 1


def test_an_encoder_without_words_has_no_scores_and_says_why(opened) -> None:
    study = yaml.safe_load(opened.study.path.read_text())
    other = opened.study.path.with_name("other.yaml")
    other.write_text(yaml.safe_dump(study | {"encoder": {"name": "colour-texture"}}))
    wordless = open_study(other)
    note = make(wordless, embeddings.encoders, embeddings.label_scores, clusters.label_shares)
    assert note == (
        "the encoder colour-texture has no words; open_clip:<model>/<weights> and "
        "transformers:<id> have"
    )
    result = CliRunner().invoke(app, ["search", "shop", str(other)])
    assert result.exit_code == 2
    assert "the encoder colour-texture has no words" in result.output


@pytest.mark.parametrize(
    ("words", "change", "said"),
    [
        ("  ", {}, "say what to look for"),
        ("shop", {"encoder": {"name": CLIP, "checkpoint": "small.pt", "fit": "pad"}}, "--until"),
        ("shop " * 30, {}, "reads 16 tokens"),
    ],
)
def test_a_search_that_cannot_be_says_what_is_missing(opened, words, change, said) -> None:
    study = yaml.safe_load(opened.study.path.read_text())
    other = opened.study.path.with_name("other.yaml")
    other.write_text(yaml.safe_dump(study | change))
    result = CliRunner().invoke(app, ["search", words, str(other)])
    assert result.exit_code == 2, result.output
    assert said in result.output
