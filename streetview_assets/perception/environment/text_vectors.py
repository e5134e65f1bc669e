"""Vectors of sentences: by the text tower of the encoder that saw the images, or made elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.text_encoder import check_same_weights, load_text_encoder
from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.sentences import JOINT
from streetview_assets.study.embeddings import Encoder
from streetview_assets.text.counted import counted

SHOWN = 60
"""Characters of a sentence that a message shows."""


@dataclass(frozen=True)
class TextVectors:
    """Vectors of sentences.

    Attributes
    ----------
    vectors
        (n, d), one a sentence.
    said
        What was noticed: a sentence that is longer than is read, a pairing that cannot be checked.
    done
        What was done.
    """

    vectors: np.ndarray
    said: list[str]
    done: tuple[str, ...] = ()


def encode_sentences(
    sentences: Sequence[str], settings: Encoder, encoders: pl.DataFrame | None = None
) -> TextVectors:
    """Encode sentences, the same one once, by an encoder's text tower.

    A text tower reads a number of tokens, 77 of CLIP; what stands behind is left unread, as by
    clip-retrieval, and told.

    Parameters
    ----------
    sentences
        At least one.
    settings
        The encoder of the images.
    encoders
        The table of that name, where the images' vectors have one: of which weights they are.

    Raises
    ------
    StudyError
        Where the encoder has no text tower.
    EncoderError
        Where its weights or its tokeniser cannot be had, or weights are not those of the images.
    """
    words = load_text_encoder(settings)
    if encoders is not None:
        check_same_weights(words, encoders)
    different = list(dict.fromkeys(sentences))
    place = {sentence: row for row, sentence in enumerate(different)}
    vectors = words.encode(different, cut=True)
    longest = max(different, key=len)
    read, told = _parts_read(longest, words.fits), len(longest.split(JOINT))
    said = []
    if read < told:
        said.append(
            f"{settings.name} reads {counted(words.context_length, 'token')} of a text: of a "
            f"sentence on {counted(told, 'variable')} the first {read}, and the rest plays no part"
        )
    return TextVectors(vectors[[place[sentence] for sentence in sentences]], said)


def _parts_read(sentence: str, fits: Callable[[str], bool]) -> int:
    """Count the variables of a sentence that are read to their end."""
    parts = sentence.split(JOINT)
    least, most = 0, len(parts)
    while least < most:
        middle = (least + most + 1) // 2
        if fits(JOINT.join(parts[:middle])):
            least = middle
        else:
            most = middle - 1
    return least


def paired(
    sentences: Sequence[str], captions: Sequence[str], own: Sequence[int], count: int, place: str
) -> tuple[np.ndarray, list[str]]:
    """Find the vector of each sentence by the caption that stands with it.

    Parameters
    ----------
    sentences
        Of the images.
    captions
        Of the vectors, in their order.
    own
        The place of each image among all `count` images: where texts are in the same order.
    count
        How many images there are, with those that have no sentence.
    place
        The file of captions, for messages.

    Returns
    -------
    tuple
        The row of each sentence among the captions, (n,); and what is to be said of it.

    Raises
    ------
    StudyError
        Where a sentence has no caption, unless none at all has one and there are as many captions
        as images: then they are taken to be other words for the same images, in the same order.
    """
    row = {caption.strip(): number for number, caption in reversed(list(enumerate(captions)))}
    wanted = [sentence.strip() for sentence in sentences]
    found = np.array(
        [
            # Captions that are equal may have vectors that are not: the own place comes first.
            at if at < len(captions) and captions[at].strip() == one else row.get(one, -1)
            for at, one in zip(own, wanted, strict=True)
        ],
        dtype=np.int64,
    )
    lacking = np.flatnonzero(found < 0)
    if not len(lacking):
        return found, []
    if len(lacking) == len(wanted) and len(captions) == count:
        said = (
            f"{place}: no caption is the sentence of an image, so that vectors are paired with "
            f"images by their order alone, unchecked; the first says "
            f"{captions[own[0]].strip()[:SHOWN]!r} beside {wanted[0][:SHOWN]!r}"
        )
        return np.array(own, dtype=np.int64), [said]
    have = "has" if len(lacking) == 1 else "have"
    raise StudyError(
        f"{place}: {len(lacking)} of {counted(len(wanted), 'image')} {have} no caption that is "
        f"their sentence; the first is {wanted[lacking[0]][:SHOWN]!r}. Give text vectors of this "
        "GeoJSON in this prompt style, or --skip-cache to have them made"
    )
