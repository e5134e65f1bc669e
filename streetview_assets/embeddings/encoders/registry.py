"""Every encoder that a study can name, and how it is loaded."""

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.errors import StudyError
from streetview_assets.study.embeddings import Encoder

if TYPE_CHECKING:
    from streetview_assets.embeddings.encoders.imported.load import ImportedVectors

KINDS = {
    "colour-texture": "colour_texture",
    "open_clip:<model>/<weights>": "open_clip",
    "timm:<model>": "timm",
    "transformers:<id>": "transformers",
    "import": "imported.load",
}
"""The file of this folder that has a kind of encoder, imported when a study names one of it."""


class EncoderFile(Protocol):
    """What the file of a kind of encoder has."""

    def load(self, settings: Encoder) -> "ImageEncoder | ImportedVectors":
        """Load the encoder."""

    def check(self, settings: Encoder) -> object:
        """Refuse settings that cannot be, without loading the encoder."""


def load_encoder(settings: Encoder) -> "ImageEncoder | ImportedVectors":
    """Load the encoder that a study names; there is no replacement for one that cannot be had.

    Raises
    ------
    StudyError
        Where its name or options are wrong.
    EncoderError
        Where its weights cannot be had, with the ways out.
    """
    return _file(settings).load(settings)


def check_encoder(settings: Encoder) -> None:
    """Refuse an encoder that cannot be, without loading it.

    Raises
    ------
    StudyError
        Where its kind is not one of this version's, or its name is a trap.
    EncoderError
        Where the library that runs it is not installed.
    """
    _file(settings).check(settings)


def _file(settings: Encoder) -> EncoderFile:
    """Find the file of an encoder's kind."""
    if settings.path is not None and settings.name != "import":
        raise StudyError(
            f"encoder.path: {settings.name} computes its vectors and takes no path; give `name: "
            "import` to take them from the store, or `checkpoint` for weights."
        )
    for kind, file in KINDS.items():
        if kind.partition(":")[0] == settings.name.partition(":")[0]:
            return cast("EncoderFile", import_module(f"{__package__}.{file}"))
    raise StudyError(
        f"encoder.name: {settings.name}: this version has no such encoder; it has "
        f"{', '.join(KINDS)}"
    )
