from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.encoders.text_encoder import (
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip

TEXTS = ["a photo of a shop", "a photo of a field beside the road", "a photo of a shop"]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other crawl where other tests use the same cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, Any]:
    path = tmp_path_factory.mktemp("weights") / "small.pt"
    model = write_small_clip(path)
    return Encoder(name=CLIP, checkpoint=path, options=OPTIONS, precision="fp32"), model


def test_words_get_the_vectors_that_the_library_itself_gives(clip: tuple[Encoder, Any]) -> None:
    import open_clip

    settings, model = clip
    with torch.inference_mode():
        tokens = open_clip.tokenize(TEXTS, context_length=16)
        expected = model.encode_text(tokens, normalize=True).numpy()
    words = load_text_encoder(settings)
    many = words.encode(TEXTS * 40)
    assert np.abs(many - np.tile(expected, (40, 1))).max() < 1e-5
    assert np.abs(expected[0] - expected[1]).max() > 0.01
    assert words.temperature == pytest.approx(np.exp(3.5), rel=1e-6)


def test_words_are_of_the_weights_that_made_the_vectors(
    clip: tuple[Encoder, Any], tmp_path: Path
) -> None:
    settings, _ = clip
    encoders = load_encoder(settings).identity.frame()
    check_same_weights(load_text_encoder(settings), encoders)
    write_small_clip(tmp_path / "small.pt", seed=4)
    other = settings.model_copy(update={"checkpoint": tmp_path / "small.pt"})
    assert other.slug == settings.slug
    with pytest.raises(EncoderError, match="not those that made the images' vectors"):
        check_same_weights(load_text_encoder(other), encoders)


def test_a_text_that_the_model_would_cut_is_refused(clip: tuple[Encoder, Any]) -> None:
    words = load_text_encoder(clip[0])
    words.encode(["shop " * 14])
    with pytest.raises(StudyError, match=r"reads 16 tokens.*say it shorter"):
        words.encode(["a shop", "shop " * 15])


def test_weights_with_another_activation_are_refused_for_words_too(
    clip: tuple[Encoder, Any],
) -> None:
    settings = clip[0].model_copy(update={"name": "open_clip:ViT-B-32/openai"})
    with pytest.raises(StudyError, match="open_clip:ViT-B-32-quickgelu/openai"):
        load_text_encoder(settings)


@pytest.mark.parametrize("name", ["colour-texture", "timm:mobilenetv1_100", "import"])
def test_encoders_without_words_say_so(name: str) -> None:
    settings = Encoder(name=name)
    assert "no words" in (why_no_words(settings) or "")
    with pytest.raises(StudyError, match="no words"):
        load_text_encoder(settings)


def test_weights_out_of_reach_are_one_error_that_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match=r"encoder\.checkpoint"):
        load_text_encoder(Encoder(name=CLIP))


def test_weights_of_another_model_are_one_clear_error(clip: tuple[Encoder, Any]) -> None:
    settings = Encoder(name="open_clip:RN50-quickgelu/openai", checkpoint=clip[0].checkpoint)
    with pytest.raises(EncoderError, match=r"small\.pt does not load"):
        load_text_encoder(settings)
