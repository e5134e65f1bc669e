"""Networks of timm give the numbers that the field takes of them, beside timm called directly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.encoders.timm import features_of
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.errors import EncoderError
from streetview_assets.study.embeddings import Encoder


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other crawl where other tests use the same cores."""
    make_torchvision_importable()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def written(path: Path, name: str, **options: Any) -> Any:
    """A network of random weights, with its classifiers, in a file."""
    import timm

    torch.manual_seed(5)
    model = timm.create_model(name, **options).eval()
    torch.save(model.state_dict(), path)
    return model


def images() -> list[Image.Image]:
    rng = np.random.default_rng(4)
    small = rng.integers(0, 255, (2, 6, 9, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((330, 300), Image.Resampling.BICUBIC) for one in small]


def inputs_of(model: Any) -> torch.Tensor:
    import timm.data

    preparing: Any = timm.data
    transform = preparing.create_transform(**preparing.resolve_model_data_config(model))
    return torch.stack([transform(image) for image in images()])


def ours(name: str, path: Path, **options: Any) -> tuple[np.ndarray, Any]:
    encoder = load_encoder(
        Encoder(name=f"timm:{name}", checkpoint=path, options=options, precision="fp32")
    )
    return encoder.encode(
        [encoder.preparation.prepare(image) for image in images()]
    ), encoder.identity


def unit(features: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(features, dim=-1).numpy()


def test_vgg_gives_its_first_fully_connected_layer_before_the_relu(tmp_path: Path) -> None:
    """On the smallest of its kind, with few numbers there: the layer is the same in all."""
    model = written(tmp_path / "vgg.pt", "vgg11", mlp_ratio=0.01)
    heard: list[torch.Tensor] = []
    # Copied, since the ReLU that follows writes over its input.
    model.pre_logits.fc1.register_forward_hook(lambda *given: heard.append(given[-1].clone()))
    with torch.inference_mode():
        model(inputs_of(model))
    expected = unit(heard[0].flatten(1))
    assert (expected < 0).any()
    vectors, identity = ours("vgg11", tmp_path / "vgg.pt", mlp_ratio=0.01)
    assert vectors.shape == (2, 40)
    assert np.abs(vectors - expected).max() < 1e-5
    assert "first fully connected layer before its ReLU" in identity.model


def test_inception_gives_what_stands_before_its_classifiers(tmp_path: Path) -> None:
    model = written(tmp_path / "inception.pt", "inception_v3", aux_logits=True)
    with torch.inference_mode():
        expected = unit(model.forward_features(inputs_of(model))[0].mean(dim=(2, 3)))
    vectors, _ = ours("inception_v3", tmp_path / "inception.pt")
    assert vectors.shape == (2, 2048)
    assert np.abs(vectors - expected).max() < 1e-5


@pytest.mark.parametrize("name", ["vgg16", "vgg16_bn", "vgg19"])
def test_a_large_vgg_gives_4096_numbers(name: str) -> None:
    import timm

    with torch.device("meta"):
        model = timm.create_model(name, num_classes=0).eval()
        assert features_of(model)(torch.zeros(1, 3, 224, 224)).shape == (1, 4096)


def test_a_file_may_hold_the_classifier_but_lack_nothing_else(tmp_path: Path) -> None:
    name, path = "mobilenetv3_small_050", tmp_path / "small.pt"
    model = written(path, name)
    with torch.inference_mode():
        expected = unit(model.forward_head(model.forward_features(inputs_of(model)), True))
    assert np.abs(ours(name, path)[0] - expected).max() < 1e-5
    tensors = model.state_dict()
    tensors.pop("conv_head.weight")
    torch.save(tensors, path)
    with pytest.raises(EncoderError, match=r"small\.pt does not load.*conv_head\.weight"):
        ours(name, path)
