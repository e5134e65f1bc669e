"""Every encoder that a study can name, and how it is loaded."""

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.imported.load import (
    ImportedVectors,
    check_imported,
    load_imported,
)
from streetview_assets.errors import StudyError
from streetview_assets.study.embeddings import Encoder

KINDS = (
    "colour-texture",
    "open_clip:<model>/<weights>",
    "timm:<model>",
    "transformers:<id>",
    "import",
)


def load_encoder(settings: Encoder) -> ImageEncoder | ImportedVectors:
    """Load the encoder that a study names; there is no replacement for one that cannot be had.

    Raises
    ------
    StudyError
        Where its name or options are wrong.
    EncoderError
        Where its weights cannot be had, with the ways out.
    """
    _refuse_path(settings)
    match settings.name.partition(":")[0]:
        case "import":
            return load_imported(settings)
        case "colour-texture":
            from streetview_assets.embeddings.encoders.colour_texture import load_colour_texture

            return load_colour_texture(settings)
        case "open_clip":
            from streetview_assets.embeddings.encoders.open_clip import load_open_clip

            return load_open_clip(settings)
        case "timm":
            from streetview_assets.embeddings.encoders.timm import load_timm

            return load_timm(settings)
        case "transformers":
            from streetview_assets.embeddings.encoders.transformers import load_transformers

            return load_transformers(settings)
    raise StudyError(_unknown(settings))


def check_encoder(settings: Encoder) -> None:
    """Refuse an encoder that cannot be, without loading it.

    Raises
    ------
    StudyError
        Where its kind is not one of this version's, or its name is a trap.
    EncoderError
        Where the library that runs it is not installed.
    """
    _refuse_path(settings)
    match settings.name.partition(":")[0]:
        case "import":
            check_imported(settings)
        case "colour-texture":
            from streetview_assets.embeddings.encoders.colour_texture import check_settings

            check_settings(settings)
        case "open_clip":
            from streetview_assets.embeddings.encoders.open_clip import check_name

            check_name(settings)
        case "timm":
            from streetview_assets.embeddings.encoders.timm import check_model

            check_model(settings)
        case "transformers":
            from streetview_assets.embeddings.encoders.transformers import check_installed

            check_installed(settings)
        case _:
            raise StudyError(_unknown(settings))


def _refuse_path(settings: Encoder) -> None:
    if settings.path is not None and settings.name != "import":
        raise StudyError(
            f"encoder.path: {settings.name} computes its vectors and takes no path; give `name: "
            "import` to take them from the store, or `checkpoint` for weights."
        )


def _unknown(settings: Encoder) -> str:
    kinds = ", ".join(KINDS)
    return f"encoder.name: {settings.name}: this version has no such encoder; it has {kinds}"
