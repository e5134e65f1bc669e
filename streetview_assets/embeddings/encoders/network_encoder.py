"""A network as an encoder: its identity, and vectors of unit length of any engine's features."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from streetview_assets.embeddings.encoders.aspect_ratio import describe_preprocessing
from streetview_assets.embeddings.encoders.base import EncoderIdentity
from streetview_assets.embeddings.encoders.engines.choice import (
    choose_device,
    choose_engine,
    choose_precision,
)
from streetview_assets.embeddings.encoders.engines.on_torch import forward_on_torch
from streetview_assets.embeddings.encoders.preprocessing import NetworkInput
from streetview_assets.embeddings.encoders.weights import weights_sha256
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import EncoderError, StudyError

if TYPE_CHECKING:
    import torch

    from streetview_assets.study.embeddings import Encoder

BATCH_ON_CPU, BATCH_ON_GPU = 32, 256
log = logging.getLogger(__name__)
Forward = Callable[[np.ndarray], Callable[[], np.ndarray]]


@dataclass(frozen=True)
class NetworkEncoder:
    """A network whose images are prepared as its own library does.

    Attributes
    ----------
    preparation
        How an image becomes what the network sees.
    forward
        Pixels (n, height, width, 3), uint8 → what waits for their features (n, dimension), float32.
    """

    identity: EncoderIdentity
    preparation: NetworkInput
    forward: Forward
    device: str

    @property
    def computes_on_cores(self) -> bool:
        """Whether the network runs on the cores that also prepare images."""
        return self.device == "cpu"

    @property
    def batch_size(self) -> int:
        """Images at once that suit the device."""
        return BATCH_ON_CPU if self.device == "cpu" else BATCH_ON_GPU

    def encode(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        """Run the network on prepared images; of several inputs, the mean is an image's."""
        return self.begin(batch)()

    def begin(self, batch: Sequence[np.ndarray]) -> Callable[[], np.ndarray]:
        """Start the network; on a GPU, what is given back waits for the vectors."""
        counts = np.array([len(one) for one in batch])
        pixels = np.concatenate(batch)
        # Never more inputs at once than the batch has images: memory is as without tiles.
        begun = [
            self.forward(pixels[start : start + len(batch)])
            for start in range(0, len(pixels), len(batch))
        ]

        def finish() -> np.ndarray:
            vectors = unit(np.concatenate([features() for features in begun]))
            if (counts == 1).all():
                return vectors
            first = np.cumsum(counts) - counts
            means = unit(np.add.reduceat(vectors.astype(np.float64), first) / counts[:, None])
            return np.where(counts[:, None] == 1, vectors[first], means)

        return finish


@dataclass(frozen=True)
class Started:
    """A network at work: its call, where and in what format it computes, and by what if not torch.

    PyTorch is not named with its version, as vectors of its versions are the same to rounding.
    """

    forward: Forward
    device: str
    precision: str
    engine: tuple[str, ...] = ()


def make_network_encoder(
    settings: "Encoder",
    model: "torch.nn.Module",
    *,
    library: str,
    name: str,
    shown: Iterable[str],
    features: Callable[[Any], Any],
    preparation: NetworkInput,
    side_px: tuple[int, int],
    layer: str = "",
) -> NetworkEncoder:
    """Put a loaded network to work on the best device and the best engine here.

    Parameters
    ----------
    settings
        The study's part that names it.
    model
        The network, as its library loads it; it is moved to the device and changed in place.
    library
        The library that runs it, with its version.
    name
        Of the model in the library's words, and of its weights where these are published ones.
    shown
        How the library prepares images, a setting each.
    features
        The call of the model that gives features (n, dimension) of scaled numbers.
    preparation
        How an image becomes what the model sees.
    side_px
        Height and width of its input.
    layer
        Which layer's numbers are taken, where it is not the last before the classifier.

    Raises
    ------
    StudyError
        Where squares are asked for and the network looks at another shape, or the engine does not
        compute in the number format that is asked for.
    EncoderError
        Where the engine that is asked for is not here or cannot compute the network.
    """
    height_px, width_px = side_px
    if preparation.fit != "crop" and height_px != width_px:
        raise StudyError(
            f"encoder.fit: {preparation.fit} makes squares, but this network looks at images "
            f"{width_px} wide and {height_px} high. Leave out encoder.fit."
        )
    sha256 = weights_sha256(model, settings.checkpoint)
    begun = _start(settings, model, features, preparation, side_px)
    probe = np.zeros((1, height_px, width_px, 3), dtype=np.uint8)
    read = f"JPEG read at reduced scale down to {preparation.least_side_px} px"
    fitted = describe_preprocessing(preparation.fit, preparation.ground)
    options = [f"{key}={value}" for key, value in sorted(settings.options.items())]
    identity = EncoderIdentity(
        encoder=settings.slug,
        library=", ".join([library, *begun.engine]),
        model=", ".join([name, *options, *([layer] if layer else [])]),
        weights_sha256=sha256,
        preprocessing=", ".join([*shown, fitted, read]),
        precision=begun.precision,
        dimension=begun.forward(probe)().shape[-1],
    )
    return NetworkEncoder(identity, preparation, begun.forward, begun.device)


def _start(
    settings: "Encoder",
    model: "torch.nn.Module",
    features: Callable[[Any], Any],
    preparation: NetworkInput,
    side_px: tuple[int, int],
) -> Started:
    """Put a network to work on the engine that the study asks for, or the fastest there is here."""
    device = choose_device()
    precision = choose_precision(settings.precision, device)
    if choose_engine(settings.engine, device, precision) == "openvino":
        from streetview_assets.embeddings.encoders.engines import on_openvino as engine

        try:
            forward = engine.forward_on_openvino(
                model, features, preparation, side_px=side_px, precision=precision
            )
            return Started(forward, device, precision, (engine.describe(),))
        except EncoderError as error:
            if settings.engine != "auto":
                raise
            log.warning("encoder %s: %s; PyTorch computes it", settings.name, error)
    forward = forward_on_torch(model, features, preparation, device=device, precision=precision)
    return Started(forward, device, precision)
