"""What a network sees is its library's own, pixel for pixel, in a process that knows no torch."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streetview_assets.embeddings.encoders.preprocessing import take_apart
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

SIZES = [(640, 640), (641, 480), (333, 1000), (224, 224), (100, 61), (1280, 320)]


def transforms() -> dict[str, Any]:
    make_torchvision_importable()
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from timm.data.transforms_factory import transforms_imagenet_eval

    squashed, longest = (PreprocessCfg(size=64, resize_mode=how) for how in ("squash", "longest"))
    return {
        "open_clip": image_transform_v2(PreprocessCfg(size=224), is_train=False),
        "squashed": image_transform_v2(squashed, is_train=False),
        "timm": transforms_imagenet_eval((299, 299), crop_pct=0.875, interpolation="bilinear"),
        "timm, squashed": transforms_imagenet_eval((96, 96), crop_pct=0.9, crop_mode="squash"),
        "timm, oblong, in torch": transforms_imagenet_eval((96, 160), crop_pct=0.9),
        "open_clip, in torch": image_transform_v2(longest, is_train=False),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("open_clip", "squashed", "timm", "timm, squashed"),
        *("timm, oblong, in torch", "open_clip, in torch"),
    ],
)
def test_pixels_are_those_of_the_library_itself(name: str) -> None:
    transform = transforms()[name]
    # As it comes out in another process.
    taken = pickle.loads(pickle.dumps(take_apart(transform, side_px=224, seen=1.0)))
    assert taken.needs_torch is name.endswith("in torch")
    rng = np.random.default_rng(7)
    mean, sd = (np.array(three)[:, None, None] for three in (taken.mean, taken.sd))
    for width, height in SIZES:
        image = Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8))
        expected = transform(image).numpy() * sd + mean
        pixels = taken.prepare(image)
        assert np.array_equal(pixels[0].transpose(2, 0, 1), np.rint(255 * expected))


LIGHT = """
import pickle, sys
from pathlib import Path
from streetview_assets.embeddings.encoders.image_loading import prepare
prepared = prepare(pickle.loads(bytes.fromhex(sys.argv[1])), "one.png", Path(sys.argv[2]))
print(prepared.values.shape, sorted({"torch", "polars", "open_clip"} & set(sys.modules)))
"""


def test_a_process_that_prepares_loads_neither_network_nor_torch(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200)).save(tmp_path / "one.png")
    taken = take_apart(transforms()["open_clip"], side_px=224, seen=1.0, fit="tiles")
    packed = pickle.dumps(taken)
    assert len(packed) < 1000
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, packed.hex(), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "(2, 224, 224, 3) []\n"
