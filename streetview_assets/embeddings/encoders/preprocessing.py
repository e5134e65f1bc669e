"""How an image becomes what a network sees: the library's own steps, without the network.

What stands here is small and knows no torch, so that it can be sent to other processes, which start
at once and take little memory. They are not a place for the network, least of all for a GPU.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from streetview_assets.embeddings.encoders.aspect_ratio import Fit, inputs_of
from streetview_assets.errors import EncoderError
from streetview_assets.image_decoding import BrokenImageError

READ_AT_LEAST = 2
"""A JPEG may be read smaller while its shorter side is so many times what the library scales it to.

Measured on 32 street photos with the real weights of MobileNet v1, cosine to the vector of the
whole image: at 2 times and more at least 0.998 (mean 0.9994), at 1.25 to 1.5 times 0.997 (mean
0.998), at 1 to 1.2 times 0.991. ViT-B-32 with random weights: 0.99998, 0.9999 and 0.9997.
"""

MOST_OBLONG = 50
"""Times that the longer side may be the shorter one: scaled by this, that would fill the memory."""


@dataclass(frozen=True)
class NetworkInput:
    """A library's own transform, taken apart: to pixels (an image at a time), then to numbers.

    Pixels are a quarter of the bytes, and a batch is scaled at once, on the device.

    Attributes
    ----------
    to_pixels
        The library's steps from an RGB image to the one (height, width, 3) that the network sees.
    mean, sd
        By which it then scales red, green and blue, as shares of 255.
    side_px
        Shorter side to which it brings an image.
    seen
        Share of that side which it shows the network.
    fit
        What is done with images that are not square.
    needs_torch
        Whether `to_pixels` computes with torch: then every process that has it loads torch.
    """

    to_pixels: Callable[[Image.Image], "Image.Image | np.ndarray"]
    mean: tuple[float, float, float]
    sd: tuple[float, float, float]
    side_px: int
    seen: float
    fit: Fit = "crop"
    needs_torch: bool = False

    @property
    def ground(self) -> tuple[int, int, int]:
        """The mean colour in RGB: what the network takes for nothing."""
        red, green, blue = (round(255 * share) for share in self.mean)
        return red, green, blue

    @property
    def least_side_px(self) -> int:
        """The shorter side below which reading an image smaller would show in its vector."""
        return READ_AT_LEAST * self.side_px

    def prepare(self, image: Image.Image) -> np.ndarray:
        """Bring an image to what the network sees: pixels (inputs, height, width, 3), uint8.

        Raises
        ------
        BrokenImageError
            Where it is so oblong that it shows nothing.
        """
        if max(image.size) > MOST_OBLONG * min(image.size):
            raise BrokenImageError(f"one side is more than {MOST_OBLONG} times the other")
        inputs = inputs_of(image, self.fit, ground=self.ground, seen=self.seen)
        return np.stack([np.asarray(self.to_pixels(one)) for one in inputs])


@dataclass(frozen=True)
class ScaleAndCrop:
    """The steps of most libraries, as Pillow does them: scale, then show the middle.

    Attributes
    ----------
    size
        The shorter side (the other keeps the shape), or height and width.
    filter
        Pillow's number of the way to scale.
    shown
        Height and width of the middle; None: all is shown.
    """

    size: int | tuple[int, int]
    filter: int
    shown: tuple[int, int] | None

    def __call__(self, image: Image.Image) -> Image.Image:
        """Scale an RGB image and show its middle, pixel for pixel as torchvision does."""
        size = self._scaled(image.width, image.height)
        if size != image.size:
            image = image.resize(size, Image.Resampling(self.filter))
        if self.shown is None:
            return image
        height, width = self.shown
        top, left = round((image.height - height) / 2), round((image.width - width) / 2)
        return image.crop((left, top, left + width, top + height))

    def _scaled(self, width: int, height: int) -> tuple[int, int]:
        if isinstance(self.size, tuple):
            return self.size[1], self.size[0]
        longer = int(self.size * max(width, height) / min(width, height))
        return (self.size, longer) if width <= height else (longer, self.size)


def take_apart(transform: Any, *, side_px: int, seen: float, fit: Fit = "crop") -> NetworkInput:
    """Take a library's transform apart, before the two steps at its end that make numbers.

    Parameters
    ----------
    transform
        Steps in a row, as torchvision's `Compose`: the last two make a tensor of shares of 255
        and scale it by mean and sd.
    side_px
        Side of the square that the network looks at.
    seen
        Share of a square's side that the library shows the network, 1 or a little less.
    fit
        How an image that is not square is fitted; see `inputs_of`.

    Raises
    ------
    EncoderError
        Where they do something else: their vectors could not be given.
    """
    from torchvision.transforms import Compose, Normalize

    *before, to_tensor, scale = transform.transforms
    if not (type(to_tensor).__name__.endswith("ToTensor") and isinstance(scale, Normalize)):
        raise EncoderError(f"this version does not know how to prepare images by {transform}")
    mean, sd = (tuple(float(one) for one in three) for three in (scale.mean, scale.std))
    plain = _as_scale_and_crop(before)
    return NetworkInput(
        plain or Compose(before),
        mean,  # type: ignore[arg-type]
        sd,  # type: ignore[arg-type]
        side_px,
        seen,
        fit,
        needs_torch=plain is None,
    )


def _as_scale_and_crop(steps: list[Any]) -> ScaleAndCrop | None:
    """Say the steps without torchvision; None where they are others, or might pad."""
    from torchvision.transforms import CenterCrop, Resize
    from torchvision.transforms.functional import pil_modes_mapping

    # Every image is RGB before it comes here.
    steps = [step for step in steps if type(step).__name__ != "MaybeConvertMode"]
    if not steps or not isinstance(steps[0], Resize) or steps[0].max_size is not None:
        return None
    size = steps[0].size if isinstance(steps[0].size, int) else tuple(steps[0].size)
    filter_number = int(pil_modes_mapping[steps[0].interpolation])
    if len(steps) == 1 and isinstance(size, tuple):
        return ScaleAndCrop(size, filter_number, None)
    if len(steps) != 2 or not isinstance(steps[1], CenterCrop):
        return None
    height, width = steps[1].size
    least = size if isinstance(size, tuple) else (size, size)
    if len(least) != 2 or height > least[0] or width > least[1]:
        return None
    return ScaleAndCrop(size, filter_number, (height, width))
