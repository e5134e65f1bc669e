"""A torch network as an encoder: device, number format, and vectors of unit length."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from streetview_assets.embeddings.encoder import EncoderIdentity
from streetview_assets.embeddings.vectors import unit

if TYPE_CHECKING:
    import torch

BATCH_ON_CPU, BATCH_ON_GPU = 32, 256


@dataclass(frozen=True)
class NetworkEncoder:
    """A network whose `prepare` is its library's own transform.

    Attributes
    ----------
    transform
        RGB picture → float tensor (3, height, width).
    forward
        Tensor (n, 3, height, width) on `device` in `precision` → features (n, dimension).
    """

    identity: EncoderIdentity
    transform: Callable[[Image.Image], Any]
    forward: Callable[[Any], Any]
    device: str
    computes_in_prepare: bool = False

    @property
    def batch_size(self) -> int:
        """Pictures at once that suit the device."""
        return BATCH_ON_CPU if self.device == "cpu" else BATCH_ON_GPU

    def prepare(self, picture: Image.Image) -> np.ndarray:
        """Apply the library's transform to one picture."""
        values: np.ndarray = self.transform(picture).numpy()
        return values

    def encode(self, batch: np.ndarray) -> np.ndarray:
        """Run the network on prepared pictures (n, 3, height, width)."""
        import torch

        with torch.inference_mode():
            pixels = torch.from_numpy(batch).to(
                self.device,
                torch_dtype(self.identity.precision),
                memory_format=torch.channels_last,
            )
            features = self.forward(pixels)
        return unit(features.float().cpu().numpy())


def make_network_encoder(
    model: "torch.nn.Module",
    *,
    features: Callable[[Any], Any],
    transform: Callable[[Image.Image], Any],
    side_px: tuple[int, int],
    precision: str,
    describe: Callable[[str, int], EncoderIdentity],
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
        Makes the identity of the number format chosen and the dimension found.
    """
    import torch

    device = choose_device()
    chosen = choose_precision(precision, device)
    # Channels last: convolutions run twice as fast on a CPU, transformers as before.
    model.eval().to(device, torch_dtype(chosen))
    place: Any = model.to
    place(memory_format=torch.channels_last)
    with torch.inference_mode():
        probe = torch.zeros((1, 3, *side_px), device=device, dtype=torch_dtype(chosen))
        dimension = int(features(probe).shape[-1])
    return NetworkEncoder(describe(chosen, dimension), transform, features, device)


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
