"""The words' side of an encoder: texts into vectors that compare with those of images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.registry import encoder_file
from streetview_assets.embeddings.encoders.weights import weights_sha256
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder
from streetview_assets.text.counted import counted

TEXTS_AT_ONCE = 64
"""Prompts are few: more at once would save nothing and take memory."""


@dataclass(frozen=True)
class TextEncoder:
    """The side of an encoder that reads words, of the same weights as the side that sees.

    Attributes
    ----------
    name
        The encoder, as the study names it.
    weights_sha256
        Hash of the weights, as in the table `encoders`.
    temperature
        What the model itself multiplies similarities with before a softmax.
    context_length
        Tokens that it reads of a text.
    tokenise
        Texts and a number of tokens → tokens (n, that number), what is longer cut off.
    forward
        Tokens (n, context_length) → features (n, d).
    """

    name: str
    weights_sha256: str
    temperature: float
    context_length: int
    tokenise: Callable[[Sequence[str], int], Any]
    forward: Callable[[Any], Any]

    def encode(self, texts: Sequence[str], *, cut: bool = False) -> np.ndarray:
        """Turn texts into vectors (n, d), float32, of unit length; n is at least 1.

        Parameters
        ----------
        texts
            What is read.
        cut
            Whether the end of a text may be left unread; who asks for it says so (see `fits`).

        Raises
        ------
        StudyError
            Where a text is longer than the model reads: it would lose its end without a word.
        """
        import torch

        encoded = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            batch = list(texts[start : start + TEXTS_AT_ONCE])
            tokens = self.tokenise(batch, self.context_length)
            if not cut:
                self._refuse_too_long(batch, tokens)
            with torch.inference_mode():
                encoded.append(unit(self.forward(tokens).float().numpy()))
        return np.concatenate(encoded)

    def fits(self, text: str) -> bool:
        """Say whether a text is read to its end."""
        return self._fits([text], self.tokenise([text], self.context_length))[0]

    def _fits(self, texts: Sequence[str], tokens: Any) -> list[bool]:
        """Compare with what a model that reads more would be given: the end is another then."""
        with_room = self.tokenise(texts, 2 * self.context_length)[:, : self.context_length]
        fits: list[bool] = (tokens == with_room).all(dim=1).tolist()
        return fits

    def _refuse_too_long(self, texts: Sequence[str], tokens: Any) -> None:
        for text, fits in zip(texts, self._fits(texts, tokens), strict=True):
            if not fits:
                raise StudyError(
                    f"{self.name} reads {counted(self.context_length, 'token')}, about as many "
                    f"syllables, and {text!r} has more; say it shorter"
                )


def why_no_words(settings: Encoder) -> str | None:
    """Say why an encoder cannot compare images with words; None where it can."""
    match settings.name.partition(":")[0]:
        case "open_clip" | "transformers":
            return None
        case "import":
            return "vectors made elsewhere have no words"
    return (
        f"the encoder {settings.name} has no words; open_clip:<model>/<weights> and "
        "transformers:<id> have"
    )


def load_text_encoder(settings: Encoder) -> TextEncoder:
    """Load the words' side of the encoder that a study names, with the same weights, in fp32.

    Raises
    ------
    StudyError
        Where the encoder has no words, or its name or options are wrong.
    EncoderError
        Where its weights or its tokeniser cannot be had, with the ways out.
    """
    if reason := why_no_words(settings):
        raise StudyError(f"encoder.name: {reason}")
    model, length, tokenise, forward = encoder_file(settings).text_side(settings)
    return TextEncoder(
        name=settings.name,
        weights_sha256=weights_sha256(model, settings.checkpoint),
        temperature=model.logit_scale.exp().item(),
        context_length=length,
        tokenise=tokenise,
        forward=forward,
    )


def check_same_weights(words: TextEncoder, encoders: pl.DataFrame) -> None:
    """Refuse words of other weights than those that made the images' vectors.

    Parameters
    ----------
    words
        The side that reads text, as it is loaded here.
    encoders
        The table `encoders`: the one row of the encoder.

    Raises
    ------
    EncoderError
    """
    if words.weights_sha256 not in encoders["weights_sha256"].to_list():
        raise EncoderError(
            f"encoder {words.name}: the weights here are not those that made the images' "
            "vectors. Bring the vectors up to date first: streetview run --until embeddings"
        )
