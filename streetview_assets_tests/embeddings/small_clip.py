"""A small CLIP of random weights that sees images and reads words, for tests."""

from pathlib import Path
from typing import Any

import torch

from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

CLIP = "open_clip:ViT-B-32-quickgelu/openai"
OPTIONS: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {
        **{"image_size": 224, "patch_size": 32, "layers": 1, "width": 64, "head_width": 32}
    },
    "text_cfg": {
        **{"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    },
}


def write_small_clip(path: Path, seed: int = 3) -> torch.nn.Module:
    """Write weights for the study's options `OPTIONS`, and give the model that they are of."""
    make_torchvision_importable()
    import open_clip

    torch.manual_seed(seed)
    model = open_clip.create_model("ViT-B-32-quickgelu", pretrained=None, **OPTIONS)
    # As in the real ones: words that differ a little, and a temperature that is not open_clip's.
    torch.nn.init.normal_(model.text_projection)
    torch.nn.init.constant_(model.logit_scale, 3.5)
    torch.save(model.state_dict(), path)
    return model.eval()
