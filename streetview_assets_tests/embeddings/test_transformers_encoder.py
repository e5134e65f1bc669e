"""CLIP of the library transformers, beside the library itself, on a small model made here."""

import json
import pickle
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.encoders.text_encoder import check_same_weights, load_text_encoder
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder
from streetview_assets.tables.registry import TABLES, check_contract

pytestmark = pytest.mark.skipif(
    find_spec("transformers") is None, reason="needs the extra `transformers`"
)

TEXTS = ["a shop", "a field by a road", "a shop"]
SIDE_PX, SCALED_PX = 64, 72


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other crawl where other tests use the same cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A small CLIP of random weights as `save_pretrained` writes it, the model, its processor."""
    make_torchvision_importable()
    import transformers

    letters = [chr(number) for number in range(ord("a"), ord("z") + 1)]
    tokens = ["<|startoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {token: number for number, token in enumerate([*tokens, "<|endoftext|>"])}
    start, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config = transformers.CLIPConfig(
        text_config={
            **{**small, "hidden_size": 32, "max_position_embeddings": 24},
            **{"vocab_size": len(vocabulary), "bos_token_id": start, "eos_token_id": end},
            "pad_token_id": end,
        },
        vision_config={**small, "hidden_size": 48, "image_size": SIDE_PX, "patch_size": 16},
        projection_dim=24,
        logit_scale_init_value=3.5,
    )
    torch.manual_seed(3)
    model = transformers.CLIPModel(config).eval()
    for parameter in (model.text_projection.weight, model.visual_projection.weight):
        torch.nn.init.normal_(parameter)
    # Scaled to a little more than is shown, with a mean and sd that are not CLIP's.
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": SCALED_PX},
        crop_size={"height": SIDE_PX, "width": SIDE_PX},
        image_mean=[0.4, 0.5, 0.6],
        image_std=[0.2, 0.25, 0.3],
    )
    tokeniser = transformers.CLIPTokenizer(vocab=vocabulary, merges=[])
    processor = transformers.CLIPProcessor(images, tokeniser)
    folder = tmp_path_factory.mktemp("clip") / "small"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder, model, processor


@pytest.fixture
def copied(written: tuple[Path, Any, Any], tmp_path: Path) -> Path:
    return Path(shutil.copytree(written[0], tmp_path / "small"))


def settings(folder: Path, **others: object) -> Encoder:
    name = "transformers:geolocal/StreetCLIP"
    return Encoder(name=name, checkpoint=folder, **{"precision": "fp32", **others})


def images() -> list[Image.Image]:
    rng = np.random.default_rng(2)
    sizes = [(300, 260), (160, 400), (64, 64), (333, 251)]
    small = [rng.integers(0, 255, (8, 12, 3), dtype=np.uint8) for _ in sizes]
    return [
        Image.fromarray(one).resize(size, Image.Resampling.BICUBIC)
        for one, size in zip(small, sizes, strict=True)
    ]


def unit(features: Any) -> np.ndarray:
    return torch.nn.functional.normalize(features.pooler_output, dim=-1).numpy()


def test_images_and_words_get_the_vectors_that_the_library_itself_gives(
    written: tuple[Path, Any, Any],
) -> None:
    folder, model, processor = written
    with torch.inference_mode():
        seen = unit(model.get_image_features(**processor(images=images(), return_tensors="pt")))
        read = unit(
            model.get_text_features(**processor(text=TEXTS, return_tensors="pt", padding=True))
        )
    encoder = load_encoder(settings(folder))
    prepared = [encoder.preparation.prepare(image) for image in images()]
    vectors = encoder.encode(prepared)
    assert np.abs(vectors - seen).max() < 1e-5
    alone = np.concatenate([encoder.encode([one]) for one in prepared])
    assert np.abs(vectors - alone).max() < 1e-5
    words = load_text_encoder(settings(folder))
    assert np.abs(words.encode(TEXTS) - read).max() < 1e-5
    assert np.abs(read[0] - read[1]).max() > 0.01
    assert words.temperature == pytest.approx(np.exp(3.5), rel=1e-6)
    with pytest.raises(StudyError, match=r"reads 24 tokens.*say it shorter"):
        words.encode(["a shop", "a shop beside a field by a road"])


def test_its_identity_says_what_its_vectors_depend_on(
    written: tuple[Path, Any, Any], copied: Path
) -> None:
    encoder = load_encoder(settings(written[0]))
    identity = encoder.identity
    check_contract(TABLES["encoders"], identity.frame())
    assert identity.library.startswith(f"transformers {version('transformers')}")
    assert (identity.precision, identity.dimension) == ("fp32", 24)
    for said in ('"shortest_edge": 72', "image_mean [0.4, 0.5, 0.6]", "resample 3", "fit crop"):
        assert said in identity.preprocessing
    check_same_weights(load_text_encoder(settings(written[0])), identity.frame())
    assert load_encoder(settings(copied)).identity == identity
    _rewrite_weights(copied, lambda tensors: tensors["logit_scale"].mul_(2))
    assert load_encoder(settings(copied)).identity.weights_sha256 != identity.weights_sha256
    half = load_encoder(settings(written[0], precision="bf16"))
    prepared = [encoder.preparation.prepare(image) for image in images()]
    assert (half.encode(prepared) * encoder.encode(prepared)).sum(axis=1).min() > 0.999
    assert half.identity.fingerprint != identity.fingerprint


def test_what_prepares_can_be_sent_to_another_process(written: tuple[Path, Any, Any]) -> None:
    encoder = load_encoder(settings(written[0], fit="tiles"))
    packed = pickle.dumps(encoder.preparation)
    assert len(packed) < 2000
    there = pickle.loads(packed)
    assert there.needs_torch
    for image in images():
        assert np.array_equal(there.prepare(image), encoder.preparation.prepare(image))
    assert len(there.prepare(images()[1])) > 1


def test_weights_that_are_not_all_there_are_refused(copied: Path) -> None:
    _rewrite_weights(copied, lambda tensors: tensors.pop("visual_projection.weight"))
    with pytest.raises(EncoderError, match=r"lack 1 .*visual_projection\.weight"):
        load_encoder(settings(copied))
    (copied / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"folder .*small does not load"):
        load_encoder(settings(copied))


def test_what_is_no_clip_of_the_library_is_refused(copied: Path) -> None:
    with pytest.raises(StudyError, match=r"encoder\.options.*no_such"):
        load_encoder(settings(copied, options={"no_such": 1}))
    with pytest.raises(StudyError, match=r"is no folder with a config\.json"):
        load_encoder(settings(copied / "model.safetensors"))
    preparing = json.loads((copied / "processor_config.json").read_text())
    preparing["image_processor"]["do_normalize"] = False
    (copied / "processor_config.json").write_text(json.dumps(preparing))
    with pytest.raises(EncoderError, match="does not know how to prepare images"):
        load_encoder(settings(copied))
    (copied / "config.json").write_text('{"model_type": "siglip"}')
    with pytest.raises(StudyError, match=r"kind siglip.*open_clip:hf-hub:"):
        load_encoder(settings(copied))


def _rewrite_weights(folder: Path, change: Any) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
