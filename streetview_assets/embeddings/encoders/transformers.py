"""Encoders `transformers:<id>`: CLIP in the form of the library transformers, as StreetCLIP is.

`<id>` is a model of the hub, as in `transformers:geolocal/StreetCLIP`; `checkpoint` may be a local
folder in its place, as the library's `save_pretrained` writes it: configuration, weights and
preprocessing, and the tokeniser where words are wanted.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.network_encoder import make_network_encoder
from streetview_assets.embeddings.encoders.preprocessing import NetworkInput
from streetview_assets.embeddings.encoders.registry import TextSide
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.embeddings.encoders.weights import explaining
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

HUB_OPTIONS = ("revision", "subfolder")
"""Of the study's options: which files of a model are taken. The others are the model's."""

NAMES_NOTHING = ("image_processor_type", "processor_class", "feature_extractor_type")
"""Of the preprocessing's settings: what says nothing about pixels."""


@dataclass(frozen=True)
class ProcessedPixels:
    """The steps of the library's image processor, before those that make numbers.

    Attributes
    ----------
    processor
        A `CLIPImageProcessor`, which has settings only.
    """

    processor: Any

    def __call__(self, image: Image.Image) -> np.ndarray:
        """Bring an RGB image to the pixels (height, width, 3), uint8, that the network sees."""
        pixels = self.processor(
            images=image, do_rescale=False, do_normalize=False, return_tensors="np"
        )["pixel_values"][0]
        return np.ascontiguousarray(pixels.transpose(1, 2, 0))


def load(settings: Encoder) -> ImageEncoder:
    """Load the side of a CLIP of transformers that sees.

    Raises
    ------
    StudyError
        Where it is no CLIP, or its options are wrong.
    EncoderError
        Where the library is not installed, or the weights cannot be had or do not fit.
    """
    model = create_model(settings)
    import transformers

    processor = _load_part(settings, transformers.CLIPImageProcessor)
    told = {key: value for key, value in processor.to_dict().items() if key not in NAMES_NOTHING}
    side_px = model.config.vision_config.image_size
    return make_network_encoder(
        settings,
        model,
        library=f"transformers {transformers.__version__}",
        name=settings.name.removeprefix("transformers:"),
        shown=[f"{key} {to_json(told[key])}" for key in sorted(told)],
        features=lambda values: model.get_image_features(pixel_values=values).pooler_output,
        preparation=_preparation(processor, settings, side_px),
        side_px=(side_px, side_px),
    )


def create_model(settings: Encoder) -> Any:
    """Create a CLIP of transformers, which sees and reads, with its weights in fp32.

    Raises
    ------
    StudyError
        Where it is no CLIP, or its options are wrong.
    EncoderError
        Where the library is not installed, or the weights cannot be had or do not fit.
    """
    check(settings)
    make_torchvision_importable()
    import torch
    import transformers

    with explaining(settings.name, settings.checkpoint):
        config, _ = transformers.PreTrainedConfig.get_config_dict(
            _source(settings), **_hub_options(settings)
        )
    if config.get("model_type") != "clip":
        raise StudyError(
            f"encoder.name: {_source(settings)} is a model of the kind {config.get('model_type')}, "
            "and of transformers this version takes `clip` alone; many others are there as "
            "open_clip:hf-hub:<id> and timm:hf-hub:<id>"
        )
    try:
        model, found = _load_part(
            settings,
            transformers.CLIPModel,
            dtype=torch.float32,
            output_loading_info=True,
            **{k: v for k, v in settings.options.items() if k not in HUB_OPTIONS},
        )
    except TypeError as error:
        raise StudyError(f"encoder.options: CLIPModel does not take them ({error})") from error
    if absent := sorted({*found["missing_keys"], *map(str, found["mismatched_keys"])}):
        raise EncoderError(
            f"encoder {settings.name}: the weights of {_source(settings)} lack "
            f"{counted(len(absent), 'tensor')} of its configuration, {absent[0]} the first; is "
            "the copy complete?"
        )
    return model.eval()


def text_side(settings: Encoder) -> TextSide:
    """Load the side of a model that reads text.

    Raises
    ------
    EncoderError
        Where its weights or its tokeniser cannot be had.
    """
    model = create_model(settings)
    import transformers

    tokeniser = _load_part(settings, transformers.CLIPTokenizer)

    def tokenise(texts: Sequence[str], length: int) -> Any:
        whole = {"padding": "max_length", "truncation": True, "max_length": length}
        return tokeniser(list(texts), return_tensors="pt", **whole)["input_ids"]

    def forward(tokens: Any) -> Any:
        # What stands after a text's end has no say in its vector, so no mask is needed.
        return model.get_text_features(input_ids=tokens).pooler_output

    return model, model.config.text_config.max_position_embeddings, tokenise, forward


def check(settings: Encoder) -> None:
    """Refuse where transformers is not installed or the checkpoint is no folder of its.

    Raises
    ------
    StudyError
    EncoderError
    """
    if importlib.util.find_spec("transformers") is None:
        raise EncoderError(
            f"encoder {settings.name}: it needs the library transformers, which is an extra: "
            "pip install 'streetview-assets[transformers]'"
        )
    folder = settings.checkpoint
    if folder is not None and not (folder / "config.json").is_file():
        raise StudyError(
            f"encoder.checkpoint: {folder} is no folder with a config.json; give the folder that "
            "save_pretrained of transformers wrote, or a copy of the hub's"
        )


def _preparation(processor: Any, settings: Encoder, side_px: int) -> NetworkInput:
    """Take the library's image processor apart, before the steps that make numbers.

    Raises
    ------
    EncoderError
        Where it does what cannot be done so: its vectors could not be given.
    """
    steps = ProcessedPixels(processor)
    scaled_px = processor.size.shortest_edge or processor.size.height
    probe = Image.new("RGB", (2 * scaled_px, scaled_px))
    as_usual = processor.do_rescale and processor.do_normalize and processor.do_resize
    if not as_usual or steps(probe).shape != (side_px, side_px, 3):
        raise EncoderError(
            f"encoder {settings.name}: this version does not know how to prepare images by "
            f"{to_json(processor.to_dict(), default=str)}"
        )
    share = 255 * processor.rescale_factor
    return NetworkInput(
        steps,
        mean=_three(processor.image_mean, share),
        sd=_three(processor.image_std, share),
        side_px=scaled_px,
        seen=min(side_px / scaled_px, 1.0) if processor.do_center_crop else 1.0,
        fit=settings.fit,
        needs_torch=True,
    )


def _three(numbers: Sequence[float], share: float) -> tuple[float, float, float]:
    """Say a mean or sd in shares of 255, whatever the processor takes pixels for."""
    red, green, blue = (float(number) / share for number in numbers)
    return red, green, blue


def _load_part(settings: Encoder, kind: Any, **options: Any) -> Any:
    with explaining(settings.name, settings.checkpoint):
        return kind.from_pretrained(_source(settings), **_hub_options(settings), **options)


def _source(settings: Encoder) -> str:
    return str(settings.checkpoint or settings.name.removeprefix("transformers:"))


def _hub_options(settings: Encoder) -> dict[str, Any]:
    return {key: settings.options[key] for key in HUB_OPTIONS if key in settings.options}
