"""From shapes in metres to pixels: projection, sky, paint, grain, and the note that it is drawn."""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin, tan

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

from streetview_assets.images.providers.synthetic.character import Light
from streetview_assets.images.providers.synthetic.street import Painted

NOTE = "synthetic"
_CAMERA_M = 2.4
_NEAR_M = 0.5
_FINER = 2
"""Shapes are painted at twice the size and reduced, which smooths their edges."""


@dataclass(frozen=True)
class View:
    """How an image is taken: its size, its angle of view across, and its tilt.

    Attributes
    ----------
    size_px
        Width and height.
    fov_deg
        From the left edge to the right.
    pitch_deg
        Upwards from the horizon.
    """

    size_px: tuple[int, int]
    fov_deg: float
    pitch_deg: float


def paint(painted: Painted, light: Light, view: View, turn_deg: float, seed: int) -> Image.Image:
    """Paint shapes as seen from the camera.

    Parameters
    ----------
    painted
        The shapes, back to front.
    light
        Light of the scene.
    view
        Size and angles of the image.
    turn_deg
        Heading of the camera minus bearing of the road.
    seed
        Decides clouds and grain.
    """
    width, height = (side * _FINER for side in view.size_px)
    focal = width / 2 / tan(radians(view.fov_deg) / 2)
    horizon = height / 2 + focal * tan(radians(view.pitch_deg))
    canvas = _sky(light, (width, height), horizon, seed)
    _paint_shapes(ImageDraw.Draw(canvas), painted, light, (width, height), focal, view, turn_deg)
    image = canvas.reduce(_FINER)
    return _as_by_camera(image, light, seed)


def write_note(image: Image.Image) -> None:
    """Write into the lower left corner that the image is synthetic."""
    note = _note()
    low = image.height - note.height
    image.paste((24, 24, 26), (0, low, note.width, image.height))
    image.paste((244, 244, 240), (0, low), note)


def _paint_shapes(
    draw: ImageDraw.ImageDraw,
    painted: Painted,
    light: Light,
    size: tuple[int, int],
    focal: float,
    view: View,
    turn_deg: float,
) -> None:
    ahead, right, up = camera = _turned(painted.corners, turn_deg, view.pitch_deg)
    depth = np.maximum(ahead, _NEAR_M)
    x = size[0] / 2 + focal * right / depth
    y = size[1] / 2 - focal * up / depth
    radius = painted.radius_m * focal / depth[0]
    smallest = _FINER * 0.8
    leftmost, rightmost, top, low = x.min(0), x.max(0), y.min(0), y.max(0)
    extent = np.maximum(rightmost - leftmost, low - top)
    in_front = ahead > _NEAR_M
    whole, partly = np.all(in_front, axis=0), np.any(in_front, axis=0)
    is_ball = painted.radius_m > 0
    on_screen = (rightmost + radius > 0) & (leftmost - radius < size[0])
    on_screen &= (low + radius > 0) & (top - radius < size[1])
    large = np.where(is_ball, radius, extent) > smallest
    shown = np.flatnonzero((whole & on_screen & large) | (partly & ~whole & ~is_ball))
    inks = _inks(painted.colour[shown], light, ahead.mean(0)[shown])
    rows = zip(
        _by_shape(np.stack([x, y])[..., shown]).reshape(-1, 8).tolist(),
        inks.tolist(),
        radius[shown].tolist(),
        whole[shown].tolist(),
        strict=True,
    )
    cut = iter(_by_shape(camera[..., shown[~whole[shown]]]).tolist())
    for corners, ink, ball, is_whole in rows:
        if ball:
            u, v = corners[0], corners[1]
            draw.ellipse((u - ball, v - ball, u + ball, v + ball), fill=ink)
        elif is_whole:
            draw.polygon(corners, fill=ink)
        else:
            outline = _cut_at_camera(next(cut), focal, size)
            if len(outline) > 4:
                draw.polygon(outline, fill=ink)


def _turned(corners: np.ndarray, turn_deg: float, pitch_deg: float) -> np.ndarray:
    """Turn street coordinates into ahead, right and up of the camera."""
    turn, pitch = radians(turn_deg), radians(pitch_deg)
    u, v, z = corners[0], corners[1], corners[2] - _CAMERA_M
    level = u * cos(turn) + v * sin(turn)
    right = v * cos(turn) - u * sin(turn)
    ahead = level * cos(pitch) + z * sin(pitch)
    up = z * cos(pitch) - level * sin(pitch)
    return np.stack([ahead, right, up])


def _by_shape(corners: np.ndarray) -> np.ndarray:
    """Turn coordinates (c, 4, n) of corners into (n, 4, c)."""
    return corners.transpose(2, 1, 0)


def _cut_at_camera(corners: list[list[float]], focal: float, size: tuple[int, int]) -> list[float]:
    """Keep what of a quadrilateral is before the camera, as pixels."""
    outline: list[float] = []
    for (ahead, right, up), (next_ahead, next_right, next_up) in zip(
        corners, corners[1:] + corners[:1], strict=True
    ):
        if ahead > _NEAR_M:
            outline += [size[0] / 2 + focal * right / ahead, size[1] / 2 - focal * up / ahead]
        if (ahead > _NEAR_M) != (next_ahead > _NEAR_M):
            share = (_NEAR_M - ahead) / (next_ahead - ahead)
            cut_right = right + (next_right - right) * share
            cut_up = up + (next_up - up) * share
            outline += [
                size[0] / 2 + focal * cut_right / _NEAR_M,
                size[1] / 2 - focal * cut_up / _NEAR_M,
            ]
    return outline


def _inks(colour: np.ndarray, light: Light, ahead_m: np.ndarray) -> np.ndarray:
    """Dim colours by the haze, and give each as the one number that Pillow takes for it."""
    clear = np.exp(-light.haze * np.maximum(ahead_m, 0))[:, None]
    mixed = colour * clear + np.array(light.sky_low) * (1 - clear)
    inks: np.ndarray = np.clip(mixed, 0, 255).astype(np.int64) @ (1, 2**8, 2**16)
    return inks


def _sky(light: Light, size: tuple[int, int], horizon: float, seed: int) -> Image.Image:
    low = round(min(size[1], max(1.0, horizon + 2)))
    rows, columns = 40, 40
    down = (np.arange(rows) + 0.5) / rows
    share = down[:, None, None] ** 0.8
    sky = np.array(light.sky_top) * (1 - share) + np.array(light.sky_low) * share
    rng = np.random.default_rng([seed, 1])
    cloud = np.zeros((rows, columns))
    for cells, weight in (((5, 3), 0.5), ((12, 6), 0.3), ((24, 12), 0.2)):
        noise = Image.fromarray(rng.random(cells).astype(np.float32))
        cloud += weight * np.asarray(noise.resize((columns, rows), Image.Resampling.BICUBIC))
    cover = np.clip((cloud - 0.56 + 0.22 * light.overcast) * 3.0, 0, 0.92)
    sky = (
        sky
        + (np.array([240.0, 242.0, 245.0]) * (1 - 0.22 * light.overcast) - sky) * cover[..., None]
    )
    small = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    canvas = Image.new("RGB", size)
    # The ground covers what is below the horizon.
    canvas.paste(small.resize((size[0], low), Image.Resampling.BILINEAR))
    return canvas


def _as_by_camera(image: Image.Image, light: Light, seed: int) -> Image.Image:
    tables = []
    for gain in light.gain:
        level = (np.arange(256) * gain - 118) * light.contrast + 118
        tables.append(np.clip(level, 0, 255).astype(np.uint8))
    image = image.point(np.concatenate(tables).tolist())
    grain = _grain(image.size, seed % 8)
    return ImageChops.add(image, grain, 1.0, -128)


@lru_cache(maxsize=16)
def _grain(size: tuple[int, int], number: int) -> Image.Image:
    rng = np.random.default_rng([number, 2])
    noise = 128 + 4 * rng.standard_normal((size[1], size[0]))
    grey = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))
    return Image.merge("RGB", (grey, grey, grey))


@lru_cache(maxsize=1)
def _note() -> Image.Image:
    # Pillow's own bitmap font: the same pixels wherever it is installed.
    font = ImageFont.load_default_imagefont()
    left, top, right, low = font.getbbox(NOTE)
    note = Image.new("L", (int(right - left) + 6, int(low - top) + 4))
    ImageDraw.Draw(note).text((3, 2), NOTE, fill=255, font=font)
    return note
