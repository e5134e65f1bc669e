"""A torch network as an encoder: device, number format, and vectors of unit length."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from streetview_assets.embeddings.encoders.aspect_ratio import describe_preprocessing
from streetview_assets.embeddings.encoders.base import EncoderIdentity
from streetview_assets.embeddings.encoders.preprocessing import NetworkInput
from streetview_assets.embeddings.encoders.weights import weights_sha256
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import StudyError

if TYPE_CHECKING:
    import torch

    from streetview_assets.study.embeddings import Encoder

BATCH_ON_CPU, BATCH_ON_GPU = 32, 256

TENSOR_CORES = (7, 0)
"""The first capability of a GPU that computes faster in fp16 than in fp32."""


@dataclass(frozen=True)
class NetworkEncoder:
    """A network whose images are prepared as its own library does.

    Attributes
    ----------
    preparation
        How an image becomes what the network sees.
    forward
        Pixels (n, height, width, 3), uint8, on `device` → features (n, dimension).
    """

    identity: EncoderIdentity
    preparation: NetworkInput
    forward: Callable[[Any], Any]
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
            self._begin(pixels[start : start + len(batch)])
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

    def _begin(self, pixels: np.ndarray) -> Callable[[], np.ndarray]:
        """Start the network on pixels (n, height, width, 3)."""
        import torch

        with torch.inference_mode():
            there = put_there(torch.from_numpy(pixels), self.device)
            return fetched(self.forward(there).float(), self.device)


def put_there(values: "torch.Tensor", device: str) -> "torch.Tensor":
    """Copy to the device; to CUDA beside what it computes, out of memory that cannot be moved."""
    return (
        values.pin_memory().to(device, non_blocking=True) if device == "cuda" else values.to(device)
    )


def fetched(values: "torch.Tensor", device: str) -> Callable[[], np.ndarray]:
    """Ask the device for values; what is given back waits until they are here."""
    import torch

    if device != "cuda":
        here = values.cpu().numpy()
        return lambda: here
    landed = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    landed.copy_(values, non_blocking=True)
    copied: Any = torch.cuda.Event()
    # Without it, waiting for this batch would be waiting for all that was begun after it.
    copied.record()

    def wait() -> np.ndarray:
        copied.synchronize()
        return landed.numpy()

    return wait


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
    """Put a loaded network to work on the best device here.

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
        Where squares are asked for and the network looks at another shape.
    """
    import torch

    height_px, width_px = side_px
    if preparation.fit != "crop" and height_px != width_px:
        raise StudyError(
            f"encoder.fit: {preparation.fit} makes squares, but this network looks at images "
            f"{width_px} wide and {height_px} high. Leave out encoder.fit."
        )
    sha256 = weights_sha256(model, settings.checkpoint)
    device = choose_device()
    chosen = choose_precision(settings.precision, device)
    if device == "cuda" and chosen == "fp32":
        # Else convolutions would be computed with the ten binary digits of TF32.
        torch.backends.cudnn.allow_tf32 = False
    # Channels last: convolutions run twice as fast on a CPU, transformers as before.
    model.eval().to(device, torch_dtype(chosen))
    place: Any = model.to
    place(memory_format=torch.channels_last)
    forward = _scaling(features, preparation, device, torch_dtype(chosen))
    with torch.inference_mode():
        probe = torch.zeros((1, height_px, width_px, 3), dtype=torch.uint8, device=device)
        dimension = int(forward(probe).shape[-1])
    read = f"JPEG read at reduced scale down to {preparation.least_side_px} px"
    fitted = describe_preprocessing(preparation.fit, preparation.ground)
    options = [f"{key}={value}" for key, value in sorted(settings.options.items())]
    identity = EncoderIdentity(
        encoder=settings.slug,
        library=library,
        model=", ".join([name, *options, *([layer] if layer else [])]),
        weights_sha256=sha256,
        preprocessing=", ".join([*shown, fitted, read]),
        precision=chosen,
        dimension=dimension,
    )
    return NetworkEncoder(identity, preparation, forward, device)


def _scaling(
    features: Callable[[Any], Any], preparation: NetworkInput, device: str, dtype: "torch.dtype"
) -> Callable[[Any], Any]:
    """Give a model's features of pixels 0 to 255, shape (n, height, width, 3)."""
    import torch

    mean, sd = (torch.tensor(three, device=device) for three in (preparation.mean, preparation.sd))
    scale, shift = 1 / (255 * sd), -mean / sd

    def forward(pixels: Any) -> Any:
        """Scale by rows, in place: by threes, and with copies, it takes several times as long."""
        count, height, width, _ = pixels.shape
        rows = pixels.reshape(count, height, 3 * width).float()
        rows.mul_(scale.repeat(width)).add_(shift.repeat(width))
        # Seen as (n, 3, height, width), they lie in memory as convolutions like them best.
        return features(rows.view(pixels.shape).permute(0, 3, 1, 2).to(dtype))

    return forward


def choose_device() -> str:
    """Name the device to compute on: `cuda`, `mps` or `cpu`."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(wanted: str, device: str) -> str:
    """Choose the number format: `auto` is the half one that the device computes in, else fp32.

    Parameters
    ----------
    wanted
        `auto`, `fp32`, `bf16` or `fp16`.
    device
        `cuda`, `mps` or `cpu`.
    """
    import torch

    if wanted != "auto":
        return wanted
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16"
        return "fp16" if torch.cuda.get_device_capability() >= TENSOR_CORES else "fp32"
    # A processor that does not multiply bf16 is slower with it than in fp32.
    flags = torch.cpu.get_capabilities() if device == "cpu" else {}
    return "bf16" if flags.get("avx512_bf16") or flags.get("amx_bf16") else "fp32"


def torch_dtype(precision: str) -> "torch.dtype":
    """Give torch's type of a number format."""
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
