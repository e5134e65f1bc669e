"""Encoders `timm:<model>`: image networks of timm, without their classifier."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.network_encoder import make_network_encoder
from streetview_assets.embeddings.encoders.preprocessing import take_apart
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.embeddings.encoders.weights import explaining, nearest_names
from streetview_assets.errors import StudyError
from streetview_assets.study.embeddings import Encoder

FIRST_LAYER = "first fully connected layer before its ReLU"

AUXILIARY = "AuxLogits."
"""Of Inception: a second classifier, for training alone."""


def load(settings: Encoder) -> ImageEncoder:
    """Load a network of timm, from `checkpoint` or from the hub.

    Raises
    ------
    StudyError
        Where timm knows no such model, or no such option of it.
    EncoderError
        Where its weights cannot be had or do not fit.
    """
    name = check(settings)
    import timm
    import timm.data

    arguments = {"num_classes": 0, **settings.options}
    checkpoint = settings.checkpoint
    try:
        with explaining(settings.name, checkpoint):
            model = timm.create_model(name, pretrained=checkpoint is None, **arguments)
            if checkpoint:
                _load_weights(model, checkpoint)
    except TypeError as error:
        raise StudyError(f"encoder.options: {name} does not take them ({error})") from error
    preparing: Any = timm.data
    data: dict[str, Any] = preparing.resolve_model_data_config(model)
    height_px, width_px = data["input_size"][1:]
    shown_px = max(height_px, width_px)
    scaled_px = int(shown_px / data["crop_pct"])
    transform = preparing.create_transform(**data, is_training=False)
    return make_network_encoder(
        settings,
        model,
        library=f"timm {timm.__version__}",
        name=name,
        shown=[f"{key} {data[key]}" for key in sorted(data)],
        features=features_of(model),
        preparation=take_apart(
            transform, side_px=scaled_px, seen=shown_px / scaled_px, fit=settings.fit
        ),
        side_px=(height_px, width_px),
        layer=FIRST_LAYER if _is_vgg(model) else "",
    )


def features_of(model: Any) -> Callable[[Any], Any]:
    """Give the call of a network that gives features (n, dimension).

    Most give them where their classifier is left out. Of VGG, what the field takes are the numbers
    of the first fully connected layer, before they lose their negative half in its ReLU.
    """
    if not _is_vgg(model):
        return cast("Callable[[Any], Any]", model)
    return lambda values: model.pre_logits.fc1(model.forward_features(values)).mean(dim=(2, 3))


def _is_vgg(model: Any) -> bool:
    from timm.models.vgg import VGG

    return isinstance(model, VGG)


def _load_weights(model: Any, checkpoint: Path) -> None:
    """Load weights from a file, all of them, but for the classifiers that the model leaves out."""
    import timm.models

    names = (model.pretrained_cfg or {}).get("classifier") or ()
    classifiers = (names,) if isinstance(names, str) else names
    left_out = (AUXILIARY, *(f"{name}." for name in classifiers))

    def without_classifiers(state: dict[str, Any], model: Any) -> dict[str, Any]:
        has = model.state_dict()
        return {k: v for k, v in state.items() if k in has or not k.startswith(left_out)}

    timm.models.load_checkpoint(model, str(checkpoint), filter_fn=without_classifiers)


def check(settings: Encoder) -> str:
    """Give the name of the model in timm's words.

    Raises
    ------
    StudyError
        Where timm knows no such model.
    """
    make_torchvision_importable()
    import timm

    name = settings.name.removeprefix("timm:")
    if not (timm.is_model(name) or name.startswith(("hf-hub:", "hf_hub:"))):
        raise StudyError(
            f"encoder.name: timm {timm.__version__} has no model {name!r}"
            f"{nearest_names(name, timm.list_models())}"
        )
    return name
