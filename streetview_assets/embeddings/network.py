"""A torch network as an encoder: device, number format, and vectors of unit length."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from streetview_assets.embeddings.encoder import EncoderIdentity
from streetview_assets.embeddings.fit import Fit, inputs_of, words
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import EncoderError, StudyError

if TYPE_CHECKING:
    import torch

BATCH_ON_CPU, BATCH_ON_GPU = 32, 256

READ_AT_LEAST = 2
"""A JPEG may be read smaller while its shorter side is so many times what the library scales it to.

Measured on 32 street photos with the real weights of MobileNet v1, cosine to the vector of the
whole picture: at 2 times and more at least 0.998 (mean 0.9994), at 1.25 to 1.5 times 0.997 (mean
0.998), at 1 to 1.2 times 0.991. ViT-B-32 with random weights: 0.99998, 0.9999 and 0.9997.
"""


@dataclass(frozen=True)
class Preprocessing:
    """A library's own transform, taken apart: to pixels (a picture at a time), then to numbers.

    Pixels are an eighth of the bytes, and a batch is scaled at once, on the device.

    Attributes
    ----------
    to_pixels
        The library's steps up to the RGB picture that the network sees.
    mean, sd
        By which it then scales red, green and blue.
    side_px
        Shorter side to which it brings a picture.
    seen
        Share of that side which it shows the network.
    """

    to_pixels: Callable[[Image.Image], Image.Image]
    mean: tuple[float, float, float]
    sd: tuple[float, float, float]
    side_px: int
    seen: float

    @property
    def ground(self) -> tuple[int, int, int]:
        """The mean colour in RGB: what the network takes for nothing."""
        red, green, blue = (round(255 * share) for share in self.mean)
        return red, green, blue


@dataclass(frozen=True)
class NetworkEncoder:
    """A network whose pictures are prepared as its own library does.

    Attributes
    ----------
    fit
        What is done with pictures that are not square.
    forward
        Tensor (n, 3, height, width) on `device` in `precision` → features (n, dimension).
    """

    identity: EncoderIdentity
    preprocessing: Preprocessing
    fit: Fit
    forward: Callable[[Any], Any]
    device: str
    computes_in_prepare: bool = False

    @property
    def batch_size(self) -> int:
        """Pictures at once that suit the device."""
        return BATCH_ON_CPU if self.device == "cpu" else BATCH_ON_GPU

    @property
    def least_side_px(self) -> int:
        """The shorter side below which reading a picture smaller would show in its vector."""
        return READ_AT_LEAST * self.preprocessing.side_px

    def prepare(self, picture: Image.Image) -> np.ndarray:
        """Bring a picture to what the network sees: pixels (inputs, height, width, 3), uint8."""
        steps = self.preprocessing
        inputs = inputs_of(picture, self.fit, ground=steps.ground, seen=steps.seen)
        return np.stack([np.asarray(steps.to_pixels(one)) for one in inputs])

    def encode(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        """Run the network on prepared pictures; of several inputs, the mean is a picture's."""
        counts = np.array([len(one) for one in batch])
        pixels = np.concatenate(batch)
        # Never more inputs at once than the batch has pictures: memory is as without tiles.
        vectors = np.concatenate(
            [
                self._vectors(pixels[start : start + len(batch)])
                for start in range(0, len(pixels), len(batch))
            ]
        )
        if (counts == 1).all():
            return vectors
        first = np.cumsum(counts) - counts
        means = unit(np.add.reduceat(vectors.astype(np.float64), first) / counts[:, None])
        return np.where(counts[:, None] == 1, vectors[first], means)

    def _vectors(self, pixels: np.ndarray) -> np.ndarray:
        """Run the network on pixels (n, height, width, 3): unit vectors (n, dimension)."""
        import torch

        with torch.inference_mode():
            # Seen as (n, 3, height, width), they lie in memory as convolutions like them best.
            values = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255
            mean, sd = (
                torch.tensor(three, device=self.device)[:, None, None]
                for three in (self.preprocessing.mean, self.preprocessing.sd)
            )
            scaled = ((values - mean) / sd).to(torch_dtype(self.identity.precision))
            features = self.forward(scaled)
        return unit(features.float().cpu().numpy())


def make_network_encoder(
    model: "torch.nn.Module",
    *,
    features: Callable[[Any], Any],
    preprocessing: Preprocessing,
    fit: Fit,
    side_px: tuple[int, int],
    precision: str,
    describe: Callable[[str, str, int], EncoderIdentity],
) -> NetworkEncoder:
    """Put a loaded network to work on the best device here.

    Parameters
    ----------
    features
        The call of the model that gives features (n, dimension).
    side_px
        Height and width of its input.
    precision
        `auto`, `fp32`, `bf16` or `fp16`.
    describe
        Makes the identity of how pictures are read and fitted, the number format chosen and the
        dimension found.

    Raises
    ------
    StudyError
        Where squares are asked for and the network looks at another shape.
    """
    import torch

    height_px, width_px = side_px
    if fit != "crop" and height_px != width_px:
        raise StudyError(
            f"encoder.fit: {fit} makes squares, but this network looks at pictures {width_px} "
            f"wide and {height_px} high. Leave out encoder.fit."
        )
    device = choose_device()
    chosen = choose_precision(precision, device)
    # Channels last: convolutions run twice as fast on a CPU, transformers as before.
    model.eval().to(device, torch_dtype(chosen))
    place: Any = model.to
    place(memory_format=torch.channels_last)
    with torch.inference_mode():
        probe = torch.zeros((1, 3, height_px, width_px), device=device, dtype=torch_dtype(chosen))
        dimension = int(features(probe).shape[-1])
    read = f"JPEG read at reduced scale down to {READ_AT_LEAST * preprocessing.side_px} px"
    how = f"{words(fit, preprocessing.ground)}, {read}"
    return NetworkEncoder(describe(how, chosen, dimension), preprocessing, fit, features, device)


def take_apart(transform: Any, *, side_px: int, seen: float) -> Preprocessing:
    """Take a library's transform apart, before the two steps at its end that make numbers.

    Parameters
    ----------
    transform
        Steps in a row, as torchvision's `Compose`: the last two make a tensor of shares of 255
        and scale it by mean and sd.

    Raises
    ------
    EncoderError
        Where they do something else: their vectors could not be given.
    """
    from torchvision.transforms import Compose, Normalize

    *before, to_tensor, scale = transform.transforms
    if not (type(to_tensor).__name__.endswith("ToTensor") and isinstance(scale, Normalize)):
        raise EncoderError(f"this version does not know how to prepare pictures by {transform}")
    mean, sd = (tuple(float(one) for one in three) for three in (scale.mean, scale.std))
    return Preprocessing(Compose(before), mean, sd, side_px, seen)  # type: ignore[arg-type]


@contextmanager
def one_core_a_thread() -> Iterator[Callable[[], None]]:
    """Let torch compute each batch on one core while this lasts.

    Yields
    ------
    Callable
        To be called first in every thread that computes, since torch counts by thread.
    """
    import torch

    before = torch.get_num_threads()

    def start() -> None:
        torch.set_num_threads(1)

    try:
        yield start
    finally:
        torch.set_num_threads(before)


def choose_device() -> str:
    """Name the device to compute on: `cuda`, `mps` or `cpu`."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(wanted: str, device: str) -> str:
    """Choose the number format: `auto` is bf16 where the device computes in it, else fp32."""
    import torch

    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device == "cpu" and _cpu_computes_in_bf16() else "fp32"


def _cpu_computes_in_bf16() -> bool:
    """Whether the processor multiplies bf16 (AVX512_BF16, AMX); else it is slower than fp32."""
    import torch

    flags = torch.cpu.get_capabilities()
    return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))


def torch_dtype(precision: str) -> "torch.dtype":
    """Give torch's type of a number format."""
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
