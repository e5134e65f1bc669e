"""A place as numbers that a network has learned from where photos of the web were taken.

GeoCLIP (Vivanco Cepeda, Nayak and Shah 2023, GeoCLIP: Clip-Inspired Alignment between Locations
and Images for Effective Worldwide Geo-localization): coordinates are encoded so that they match
photos taken there. What looks alike around the world is near in it; no study's target went in.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.errors import StudyError

if TYPE_CHECKING:
    import torch

WIDTH = 512
AT_ONCE = 4_096
MISSING = (
    "place.descriptions: `geoclip` needs the extra `geoclip`: pip install "
    "'streetview-assets[geoclip]'. Its weights, 40 MB, are in the package; nothing is fetched."
)


def location_codes(degrees: np.ndarray) -> np.ndarray:
    """Encode places.

    Parameters
    ----------
    degrees
        Longitude and latitude, WGS 84, (n, 2).

    Returns
    -------
    numpy.ndarray
        (n, 512).

    Raises
    ------
    StudyError
        Where the package is not installed, or cannot be loaded.
    """
    import torch

    encoder = _encoder()
    lat_lon = torch.tensor(degrees[:, ::-1].copy(), dtype=torch.float32)
    with torch.inference_mode():
        parts = [encoder(part).numpy() for part in lat_lon.split(AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty((0, WIDTH), dtype=np.float32)


def _encoder() -> "Callable[[torch.Tensor], torch.Tensor]":
    make_torchvision_importable()
    try:
        from geoclip.model.location_encoder import LocationEncoder
    except ModuleNotFoundError as error:
        raise StudyError(f"{MISSING} (missing: {error.name or error})") from error
    try:
        encoder: Callable[[torch.Tensor], torch.Tensor] = LocationEncoder().eval()
    except (OSError, RuntimeError) as error:
        raise StudyError(
            f"place.descriptions: the weights of `geoclip` cannot be loaded: {error}. Install the "
            "package again."
        ) from error
    return encoder
