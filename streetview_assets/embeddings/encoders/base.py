"""What an encoder is: all that makes its vectors what they are, and the two steps to a vector."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class EncoderIdentity:
    """All that makes an encoder's vectors what they are: a row of the table `encoders`.

    Attributes
    ----------
    encoder
        Its slug, the name under which its vectors are kept.
    library, model
        The library that runs it, with its version, and the model in that library's words.
    weights_sha256
        Hash of the weights; None where it has none.
    preprocessing
        How an image becomes its input.
    precision
        Number format of the computation.
    dimension
        Length of a vector.
    """

    encoder: str
    library: str
    model: str
    weights_sha256: str | None
    preprocessing: str
    precision: str
    dimension: int

    @property
    def fingerprint(self) -> str:
        """The sha256 of the identity: vectors of two encoders are alike only if it is the same."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def frame(self) -> "pl.DataFrame":
        """Give the identity as the one row of the table `encoders`."""
        # Here, since every process that prepares images imports this module.
        from streetview_assets.tables.registry import TABLES

        return TABLES["encoders"].frame([asdict(self)])


class Preparation(Protocol):
    """The first step to a vector: small and without the network, for any process to have."""

    @property
    def least_side_px(self) -> int | None:
        """An image may be read smaller, down to this shorter side; None: it is read as it is."""

    @property
    def needs_torch(self) -> bool:
        """Whether `prepare` computes with torch."""

    def prepare(self, image: Image.Image) -> np.ndarray:
        """Turn one RGB image into what `encode` takes; may run in any thread or process."""


class ImageEncoder(Protocol):
    """Pixels into vectors, in two steps: an image at a time, then many at once.

    An image's vector is the same in any batch: exactly for `colour-texture`, to 1e-5 for
    networks in fp32, to the rounding of the format in bf16 and fp16.
    """

    @property
    def identity(self) -> EncoderIdentity:
        """All that makes the vectors what they are."""

    @property
    def preparation(self) -> Preparation:
        """The first step, alone."""

    @property
    def batch_size(self) -> int:
        """Images at once that suit the device, where the study does not say."""

    @property
    def device(self) -> str:
        """What computes: `cpu`, `cuda` or `mps`."""

    @property
    def computes_on_cores(self) -> bool:
        """Whether `encode` competes for the cores with the preparation of images."""

    def encode(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        """Turn n prepared images into vectors (n, dimension), float32, of unit length."""

    def begin(self, batch: Sequence[np.ndarray]) -> Callable[[], np.ndarray]:
        """Start to encode; what is given back waits for the vectors. More may be begun first."""
