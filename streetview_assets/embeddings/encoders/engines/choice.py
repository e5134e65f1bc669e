"""Which device, which number format and which engine compute a network here."""

import importlib.util

from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder

TENSOR_CORES = (7, 0)
"""The first capability of a GPU that computes faster in fp16 than in fp32."""


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


def choose_engine(wanted: str, device: str, precision: str) -> str:
    """Choose what computes: `auto` is OpenVINO on a processor where it is installed, else PyTorch.

    Parameters
    ----------
    wanted
        `auto`, `torch` or `openvino`.
    device
        `cuda`, `mps` or `cpu`.
    precision
        `fp32`, `bf16` or `fp16`.

    Raises
    ------
    StudyError
        Where OpenVINO is asked for a number format that it does not compute in.
    EncoderError
        Where it is asked for and not installed.
    """
    installed = importlib.util.find_spec("openvino") is not None
    if wanted == "auto":
        return "openvino" if device == "cpu" and precision != "fp16" and installed else "torch"
    if wanted == "openvino" and precision == "fp16":
        raise StudyError("encoder.engine: openvino computes in fp32 or bf16, not in fp16")
    if wanted == "openvino" and not installed:
        raise EncoderError(
            "encoder.engine: openvino is not installed, it is an extra: "
            "pip install 'streetview-assets[openvino]'"
        )
    return wanted


def describe_engine(settings: Encoder) -> str:
    """Say what would compute a network here, with its version, and what would be faster."""
    from importlib.metadata import version

    device = choose_device()
    precision = choose_precision(settings.precision, device)
    engine = choose_engine(settings.engine, device, precision)
    told = f"{engine} {version(engine)} on {device} in {precision}"
    if settings.engine == "auto" and engine == "torch" and device == "cpu" and precision != "fp16":
        return f"{told}; pip install 'streetview-assets[openvino]' for a faster one"
    return told
