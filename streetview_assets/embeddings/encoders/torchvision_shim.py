"""Let torchvision be imported beside a build of torch that its compiled part does not fit.

torchvision describes its operators `nms` and `qnms` to torch as it is imported. The wheel's
compiled part, which defines them, does not load beside a CPU-only torch, and the import then fails
with `operator torchvision::nms does not exist`. The transforms of images, all that is used here,
need neither operator: declaring them is enough.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any


@cache
def make_torchvision_importable() -> Any:
    """Declare torchvision's operators, where its compiled part does not load.

    Returns
    -------
    torch.library.Library | None
        The declaration, which lasts as long as it is referred to (the cache does so); None where
        the compiled part loads and nothing is needed.
    """
    import torch

    if _compiled_part_loads():
        return None
    torch_library: Any = torch.library
    library = torch_library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def _compiled_part_loads() -> bool:
    import torch

    operators: Any = torch.ops
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return True
    for part in Path(found.origin).parent.glob("_C*.so"):
        try:
            operators.load_library(str(part))
        except OSError:
            return False
    return True
