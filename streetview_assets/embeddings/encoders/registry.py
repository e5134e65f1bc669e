"""Every encoder that a study can name, and how it is loaded."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

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


TextSide = tuple[Any, int, Callable[[Sequence[str], int], Any], Callable[[Any], Any]]
"""A model, the tokens that it reads, and how texts become tokens, and these features."""


class EncoderFile(Protocol):
    """What the file of a kind of encoder has."""

    def load(self, settings: Encoder) -> "ImageEncoder | ImportedVectors":
        """Load the encoder."""

    def check(self, settings: Encoder) -> object:
        """Refuse settings that cannot be, without loading the encoder."""

    def text_side(self, settings: Encoder) -> TextSide:
        """Load the side that reads text, where the encoder has one."""


def load_encoder(settings: Encoder) -> "ImageEncoder | ImportedVectors":
    """Load the encoder that a study names; there is no replacement for one that cannot be had.

    Raises
    ------
    StudyError
        Where its name or options are wrong.
    EncoderError
        Where its weights cannot be had, with the ways out.
    """
    return encoder_file(settings).load(settings)


def check_encoder(settings: Encoder) -> None:
    """Refuse an encoder that cannot be, without loading it.

    Raises
    ------
    StudyError
        Where its kind is not one of this version's, or its name is a trap.
    EncoderError
        Where the library that runs it is not installed.
    """
    encoder_file(settings).check(settings)


def encoder_file(settings: Encoder) -> EncoderFile:
    """Find the file of an encoder's kind, a module of this folder.

    Raises
    ------
    StudyError
        Where there is no such kind, or a path is given to one that takes none.
    """
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
