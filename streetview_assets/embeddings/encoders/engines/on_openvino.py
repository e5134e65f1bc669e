"""A network computed by OpenVINO, on the cores of this machine."""

import sys
import threading
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from streetview_assets.embeddings.encoders.preprocessing import NetworkInput
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import EncoderError
from streetview_assets.processes.threads import cores

if TYPE_CHECKING:
    import torch

HINTS = {"fp32": "f32", "bf16": "bf16"}

LEAST_COSINE = {"fp32": 0.9999, "bf16": 0.99}
"""To the vectors that PyTorch gives in fp32: a network that misses it is translated wrongly.

Measured: ViT-B-32 0.9999998 and 0.99994, MobileNet v1 on street photos 0.9999999 and 0.9991, where
PyTorch itself in bf16 has 0.99994 and 0.9992.
"""

PROBES = 2


def openvino() -> Any:
    """Import OpenVINO, which then tells nobody that it was.

    Its package tells a service of Google's of every import and every network that it translates,
    wherever the package `openvino_telemetry` is, which comes with it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def describe() -> str:
    """Name the engine with its version, as the encoder's identity has it."""
    return f"OpenVINO {metadata.version('openvino')}"


def forward_on_openvino(
    model: "torch.nn.Module",
    features: Callable[[Any], Any],
    preparation: NetworkInput,
    *,
    side_px: tuple[int, int],
    precision: str,
) -> Callable[[np.ndarray], Callable[[], np.ndarray]]:
    """Translate a network and put it to work, a stream of batches on each core.

    Parameters
    ----------
    model
        The network, in fp32.
    features
        Its call that gives features (n, dimension) of scaled numbers (n, 3, height, width).
    preparation
        By which mean and sd pixels are scaled.
    side_px
        Height and width of its input.
    precision
        `fp32` or `bf16`.

    Returns
    -------
    Callable
        Pixels (n, height, width, 3), uint8 → what waits for their features (n, dimension), float32.

    Raises
    ------
    EncoderError
        Where OpenVINO cannot compute the network, or its vectors are not those of PyTorch.
    """
    import torch

    scaled = _scaled(model.eval(), features, preparation)
    noise = np.random.default_rng(0).integers(0, 256, (PROBES, *side_px, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = scaled(torch.from_numpy(noise)).numpy()
    try:
        compiled = _compiled(scaled, noise, precision)
        requests = threading.local()

        def forward(pixels: np.ndarray) -> Callable[[], np.ndarray]:
            # A request computes one batch at a time; threads that share one would wait.
            if not hasattr(requests, "own"):
                requests.own = compiled.create_infer_request()
            computed = requests.own.infer([pixels], share_inputs=True)[0].copy()
            return lambda: computed

        found = forward(noise)()
    except Exception as error:
        raise EncoderError(f"OpenVINO cannot compute this network: {error}") from error
    cosine = float((unit(found) * unit(expected)).sum(axis=1).min())
    if not cosine >= LEAST_COSINE[precision]:
        raise EncoderError(
            f"OpenVINO computes other vectors than PyTorch for this network: cosine {cosine:.5f}"
        )
    return forward


def _scaled(
    model: "torch.nn.Module", features: Callable[[Any], Any], preparation: NetworkInput
) -> "torch.nn.Module":
    """Give the network with the scaling of pixels before it, as a module that can be traced."""
    import torch

    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            mean, sd = torch.tensor(preparation.mean), torch.tensor(preparation.sd)
            self.register_buffer("scale", 1 / (255 * sd))
            self.register_buffer("shift", -mean / sd)

        def forward(self, pixels: Any) -> Any:
            return features((pixels.float() * self.scale + self.shift).permute(0, 3, 1, 2))

    return Scaled()


def _compiled(scaled: "torch.nn.Module", example: np.ndarray, precision: str) -> Any:
    """Translate and compile, by the parts that its own `convert_model` is made of.

    That one is a command in disguise: it sets the level of all logs, reads the arguments of this
    process, and reports to its service.
    """
    import torch

    ov = openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with torch.inference_mode(), warnings.catch_warnings():
        # Of the tracing: shapes become constants, which they are.
        warnings.simplefilter("ignore")
        traced = TorchScriptPythonDecoder(scaled, example_input=torch.from_numpy(example))
        translator = FrontEndManager().load_by_framework("pytorch")
        translated = translator.convert(translator.load(traced))
    (pixels,) = translated.inputs
    pixels.get_node().set_element_type(ov.Type.u8)
    pixels.get_node().set_partial_shape(ov.PartialShape([-1, *example.shape[1:]]))
    translated.validate_nodes_and_infer_types()
    count = cores()
    settings = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        # Each core takes batches of its own, as PyTorch does here; the system says which core.
        "NUM_STREAMS": count,
        "INFERENCE_NUM_THREADS": count,
        "ENABLE_CPU_PINNING": False,
    }
    return ov.Core().compile_model(translated, "CPU", settings)
