"""A network computed by PyTorch, on a processor, on CUDA or on MPS."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from streetview_assets.embeddings.encoders.preprocessing import NetworkInput

if TYPE_CHECKING:
    import torch


def forward_on_torch(
    model: "torch.nn.Module",
    features: Callable[[Any], Any],
    preparation: NetworkInput,
    *,
    device: str,
    precision: str,
) -> Callable[[np.ndarray], Callable[[], np.ndarray]]:
    """Put a network to work.

    Parameters
    ----------
    model
        The network; it is moved to the device and changed in place.
    features
        Its call that gives features (n, dimension) of scaled numbers (n, 3, height, width).
    preparation
        By which mean and sd pixels are scaled.
    device
        `cuda`, `mps` or `cpu`.
    precision
        `fp32`, `bf16` or `fp16`.

    Returns
    -------
    Callable
        Pixels (n, height, width, 3), uint8 → what waits for their features (n, dimension), float32.
    """
    import torch

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    if device == "cuda" and precision == "fp32":
        # Else convolutions would be computed with the ten binary digits of TF32.
        torch.backends.cudnn.allow_tf32 = False
    # Channels last: convolutions run twice as fast on a CPU, transformers as before.
    model.eval().to(device, dtype)
    place: Any = model.to
    place(memory_format=torch.channels_last)
    scaled = _scaling(preparation, device, dtype)

    def forward(pixels: np.ndarray) -> Callable[[], np.ndarray]:
        with torch.inference_mode():
            there = _put_there(torch.from_numpy(pixels), device)
            return _fetched(features(scaled(there)).float(), device)

    return forward


def _scaling(
    preparation: NetworkInput, device: str, dtype: "torch.dtype"
) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Give the numbers that a network sees of pixels 0 to 255, shape (n, height, width, 3)."""
    import torch

    mean, sd = (torch.tensor(three, device=device) for three in (preparation.mean, preparation.sd))
    scale, shift = 1 / (255 * sd), -mean / sd

    def scaled(pixels: "torch.Tensor") -> "torch.Tensor":
        """Scale by rows, in place: by threes, and with copies, it takes several times as long."""
        count, height, width, _ = pixels.shape
        rows = pixels.reshape(count, height, 3 * width).float()
        rows.mul_(scale.repeat(width)).add_(shift.repeat(width))
        # Seen as (n, 3, height, width), they lie in memory as convolutions like them best.
        return rows.view(pixels.shape).permute(0, 3, 1, 2).to(dtype)

    return scaled


def _put_there(values: "torch.Tensor", device: str) -> "torch.Tensor":
    """Copy to the device; to CUDA beside what it computes, out of memory that cannot be moved."""
    return (
        values.pin_memory().to(device, non_blocking=True) if device == "cuda" else values.to(device)
    )


def _fetched(values: "torch.Tensor", device: str) -> Callable[[], np.ndarray]:
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
