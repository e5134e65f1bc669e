"""Encoders `open_clip:<model>/<weights>`: the image side of CLIP and its kin."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.network_encoder import make_network_encoder
from streetview_assets.embeddings.encoders.preprocessing import take_apart
from streetview_assets.embeddings.encoders.registry import TextSide
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.embeddings.encoders.weights import explaining, nearest_names
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder

ELSEWHERE = ("hf-hub:", "local-dir:")
"""Prefixes of names whose model and weights come together, from outside open_clip."""


def load(settings: Encoder) -> ImageEncoder:
    """Load a model of open_clip, with weights by their published name or from `checkpoint`.

    Raises
    ------
    StudyError
        Where open_clip knows no such model or weights, or the two do not belong together.
    EncoderError
        Where the weights cannot be had or do not fit.
    """
    model, name, tag = create_model(settings)
    import open_clip
    from open_clip.transform import PreprocessCfg, image_transform_v2

    shown = PreprocessCfg(**model.visual.preprocess_cfg)
    _, height_px, width_px = shown.input_size
    transform = image_transform_v2(shown, is_train=False)
    return make_network_encoder(
        settings,
        model,
        library=f"open_clip {open_clip.__version__}",
        name=f"{name}/{tag}" if tag else name,
        shown=[f"{key} {value}" for key, value in asdict(shown).items()],
        features=model.encode_image,
        preparation=take_apart(
            transform, side_px=max(height_px, width_px), seen=1.0, fit=settings.fit
        ),
        side_px=(height_px, width_px),
    )


def create_model(settings: Encoder) -> tuple[Any, str, str | None]:
    """Create a model of open_clip, which sees and reads, with its weights.

    Returns
    -------
    tuple
        The model, its name, and the name of its weights where they are published ones.

    Raises
    ------
    StudyError
        Where open_clip knows no such model or weights, or the two do not belong together.
    EncoderError
        Where the weights cannot be had or do not fit.
    """
    make_torchvision_importable()
    import open_clip

    name, tag = _model_and_weights(settings)
    checkpoint = settings.checkpoint
    try:
        with explaining(settings.name, checkpoint):
            model = open_clip.create_model(
                name,
                pretrained=str(checkpoint) if checkpoint else tag,
                require_pretrained=True,
                pretrained_text=False,
                force_preprocess_cfg=_preprocessing_of(name, tag),
                **settings.options,
            )
    except TypeError as error:
        raise StudyError(f"encoder.options: {name} does not take them ({error})") from error
    return model, name, tag


def text_side(settings: Encoder) -> TextSide:
    """Load the side of a model that reads text.

    Raises
    ------
    EncoderError
        Where its weights or its tokeniser cannot be had.
    """
    model, name, _ = create_model(settings)
    import open_clip

    length = model.context_length
    try:
        with explaining(settings.name, settings.checkpoint):
            tokeniser = open_clip.get_tokenizer(name, context_length=length)
    except ImportError as error:
        raise EncoderError(
            f"encoder {settings.name}: its words need one package more ({error}): "
            f"pip install {error.name or 'transformers'}"
        ) from error
    model.eval()

    def tokenise(texts: Sequence[str], length: int) -> Any:
        return tokeniser(list(texts), context_length=length)

    return model, length, tokenise, model.encode_text


def check(settings: Encoder) -> None:
    """Refuse a model or weights that open_clip does not know or that do not belong together.

    Raises
    ------
    StudyError
    """
    make_torchvision_importable()
    _model_and_weights(settings)


def _model_and_weights(settings: Encoder) -> tuple[str, str | None]:
    """Take the name apart, and refuse what would load and give wrong vectors."""
    import open_clip

    text = settings.name.removeprefix("open_clip:")
    if text.startswith(ELSEWHERE):
        if settings.checkpoint:
            raise StudyError(f"encoder: {text} brings its weights; leave out encoder.checkpoint")
        return text, None
    name, _, tag = text.partition("/")
    models = open_clip.list_models()
    if name not in models:
        raise StudyError(
            f"encoder.name: open_clip {open_clip.__version__} has no model {name!r}"
            f"{nearest_names(name, models)}"
        )
    tags = open_clip.list_pretrained_tags_by_model(name)
    if tag and tag not in tags:
        raise StudyError(
            f"encoder.name: open_clip has no weights {tag!r} for {name}; it has "
            f"{', '.join(tags) or 'none'}"
        )
    if not tag and not settings.checkpoint:
        raise StudyError(
            f"encoder.name: say which weights, as in open_clip:{name}/{tags[0] if tags else '…'}, "
            "or give encoder.checkpoint"
        )
    _check_activation(settings, name, tag)
    return name, tag or None


def _check_activation(settings: Encoder, name: str, tag: str) -> None:
    """Refuse weights trained with QuickGELU in a model without: they load, the vectors are off."""
    import open_clip

    needs = open_clip.get_pretrained_cfg(name, tag).get("quick_gelu", False)
    config: dict[str, Any] = open_clip.get_model_config(name) or {}
    has = config.get("quick_gelu", False) or settings.options.get("force_quick_gelu", False)
    if not needs or has:
        return
    right = f"{name}-quickgelu"
    remedy = (
        f"write open_clip:{right}/{tag}"
        if tag in open_clip.list_pretrained_tags_by_model(right)
        else "add `force_quick_gelu: true` to encoder.options"
    )
    raise StudyError(
        f"encoder.name: the weights {tag!r} were trained with the activation QuickGELU, which "
        f"{name} does not have; they would load and give other vectors than theirs. Instead, "
        f"{remedy}."
    )


def _preprocessing_of(name: str, tag: str | None) -> dict[str, Any]:
    """Give the preprocessing that published weights were trained with, from a file too."""
    import open_clip

    if not tag:
        return {}
    published = open_clip.get_pretrained_cfg(name, tag)
    keys = ("mean", "std", "interpolation", "resize_mode")
    return {key: published[key] for key in keys if key in published}
