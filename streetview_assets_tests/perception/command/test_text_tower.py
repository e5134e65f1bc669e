"""The five examples of the reference program, with a small CLIP of random weights made here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets_tests.perception.command.survey import Survey, command, logged, write_vectors

make_torchvision_importable()
transformers = pytest.importorskip("transformers", reason="needs the extra `transformers`")

READ = 60
"""Tokens that the small model reads: of these, each letter is one."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    signs = [*"abcdefghijklmnopqrstuvwxyz0123456789().;-"]
    tokens = ["<|startoftext|>", *signs, *(f"{sign}</w>" for sign in signs), "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.CLIPConfig(
        text_config={
            **{**small, "hidden_size": 32, "max_position_embeddings": READ},
            **{"vocab_size": len(tokens), "bos_token_id": 0, "eos_token_id": len(tokens) - 1},
            "pad_token_id": len(tokens) - 1,
        },
        vision_config={**small, "hidden_size": 32, "image_size": 32, "patch_size": 16},
        projection_dim=12,
    )
    torch.manual_seed(3)
    model = transformers.CLIPModel(config).eval()
    for parameter in (model.text_projection.weight, model.visual_projection.weight):
        torch.nn.init.normal_(parameter)
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    tokeniser = transformers.CLIPTokenizer(vocab=vocabulary, merges=[])
    folder = tmp_path_factory.mktemp("clip") / "small"
    model.save_pretrained(folder)
    transformers.CLIPProcessor(images, tokeniser).save_pretrained(folder)
    return folder, model, tokeniser


@pytest.fixture
def survey(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Survey(tmp_path, count=30, dimension=12)
    (tmp_path / "images").mkdir()
    draws = np.random.default_rng(4)
    for number in range(30):
        pixels = draws.integers(0, 256, size=(4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((40, 32)).save(tmp_path / f"images/{number:04d}.jpg")
    return made


EXAMPLES = [
    "-g data.geojson --images-dir images/ -k 20 --clip-model open_clip:ViT-B-32",
    "-g data.geojson --images-dir images/ -k 40 --clip-model open_clip:ViT-H-14-378-quickgelu "
    "--environmental --environmental-method slerp --prompt-style 1",
    "-g data.geojson --images-dir images/ -k 10,20,30,40,50 --clip-model "
    "open_clip:ViT-H-14-378-quickgelu --training-split 0.7 --randomize --random-seed 1000 "
    "--results-log results.csv",
    "-g data.geojson --images-dir images/ -k 10,20,30,40,50 --clip-model "
    "open_clip:ViT-H-14-378-quickgelu --demographics demo.csv --age 30,49",
    "-g data.geojson --images-dir images/ -k 40 --clip-model open_clip:ViT-H-14-378-quickgelu "
    "--export model.npz",
]


@pytest.mark.parametrize("number", range(5))
def test_the_five_examples_run_as_they_are_written(survey, number):
    """Their weights are large: vectors lie where an earlier run would have kept them."""
    words = EXAMPLES[number].split()
    home = Path(f"embeddings-{words[words.index('--clip-model') + 1]}")
    write_vectors(home, "img_emb", survey.vectors, "image_path", survey.paths)
    if "--environmental" in words:
        from streetview_assets.perception.environment.sentences import sentences

        told = sentences([survey.properties(name) for name in survey.names], 1)
        write_vectors(
            Path(f"text-prompt1-{home}"), "text_emb", survey.vectors[::-1], "caption", told
        )
    code, out, error = command(*words)
    assert code == 0, error
    if "--export" in words:
        assert "Wrote" in out
        assert len(np.load("model.npz").files) == 10
    else:
        assert out.count("mse = ") == 5 * len(words[words.index("-k") + 1].split(","))
    if "--results-log" in words:
        rows = logged(Path("results.csv"))
        assert [len(row) for row in rows] == [11] * 25
        assert {row[3] for row in rows} == {"random=1000"}


def test_images_and_sentences_are_encoded_by_the_two_sides_of_one_model(survey, clip):
    folder, model, tokeniser = clip
    given = ("-M", "hf_clip:small/clip", "--checkpoint", folder, "-g", "data.geojson")
    words = (*given, "-i", "images", "--environmental", "-L", "log.csv")
    code, out, error = command(*words)
    assert code == 0
    assert "Encoded 30 images by transformers:small/clip" in out
    assert f"reads {READ} tokens of a text: of a sentence on 76 variables the first 1," in error
    home = Path("text-prompt0-embeddings-hf_clip:small_clip")
    captions = pd.read_parquet(home / "metadata/metadata_0.parquet")["caption"].tolist()
    assert captions[0].startswith("greenspace count (within buffer of size 100m) is ")
    tokens = tokeniser(
        captions, max_length=READ, truncation=True, padding="max_length", return_tensors="pt"
    )
    with torch.inference_mode():
        expected = model.get_text_features(**tokens)
    expected = getattr(expected, "pooler_output", expected).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = np.load(home / "text_emb/text_emb_0.npy")
    assert np.abs(vectors - expected).max() < 1e-5
    assert np.abs(vectors - vectors[0]).max() > 1e-3
    (folder / "model.safetensors").rename(folder / "away")
    try:
        code, out, error = command(*words)
    finally:
        (folder / "away").rename(folder / "model.safetensors")
    assert (code, error) == (0, "")
    assert "Read 30 vectors of texts from" in out
    rows = logged(Path("log.csv"))
    assert rows[:5] == rows[5:]


def test_weights_that_cannot_be_had_name_the_ways_out_of_the_command(survey, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/config.json").write_text(json.dumps({"model_type": "clip"}))
    words = ("-M", "hf_clip:no/such", "--checkpoint", tmp_path / "empty", "-i", "images")
    code, _, error = command(*words, "-g", "data.geojson")
    assert code == 1
    assert "here: --checkpoint for the weights, -M colour-texture" in error


def test_an_encoder_without_words_says_so(survey):
    code, _, error = command(
        *("-M", "colour-texture", "-i", "images", "-g", "data.geojson", "--environmental")
    )
    assert code == 2
    assert "the encoder colour-texture has no words" in error
