"""Stores of street data as other groups write them, small and made up."""

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

IDS = (3, 4, 7, 12, 40, 41, 42, 99, 100, 250, 251, 300)
"""External ids with gaps, as they are left by points whose look-up failed."""

DIMENSION = 16
GROUND = (-1.5479, 53.7964)
MISSING = frozenset({(1, 2), (5, 0)})
"""Slots (row, slot) that hold no image."""

WITHOUT_VECTOR = frozenset({(2, 1), (3, 3)})
"""Slots that hold an image and no vector: NaN, and zeros."""


def jpeg(seed: int, size: tuple[int, int] = (48, 48)) -> bytes:
    """An image of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(buffer, "JPEG")
    return buffer.getvalue()


def image_of(row: int, slot: int) -> bytes:
    """The image that `write_store` puts into a slot."""
    return jpeg(10 * row + slot)


def stored_vectors(count: int = len(IDS), slots: int = 4) -> np.ndarray:
    """Vectors whose norms are 1 to 1e-3 only: half precision widened to float32."""
    values = np.random.default_rng(7).normal(size=(count, slots, DIMENSION))
    values /= np.linalg.norm(values, axis=2, keepdims=True)
    halved = values.astype(np.float16).astype(np.float32)
    halved[2, 1] = np.nan
    halved[3, 3] = 0
    return halved


def write_store(
    path: Path,
    *,
    images: bool = True,
    vectors: bool = True,
    drop: Sequence[str] = (),
    missing: Collection[tuple[int, int]] = MISSING,
    **sets: Any,
) -> Path:
    """Write a store of twelve points and four slots; `sets` replace or add data sets."""
    count = len(IDS)
    present = np.array([[(row, slot) not in missing for slot in range(4)] for row in range(count)])
    paths = [[f"photos/{point}_{90 * slot}.jpg" for slot in range(4)] for point in IDS]
    columns: dict[str, Any] = {
        "point_id": np.array(IDS, dtype=np.int32),
        "longitude": GROUND[0] + 0.001 * np.arange(count),
        "latitude": np.full(count, GROUND[1]),
        "date": np.array([f"20{10 + row}-0{1 + row % 9}" for row in range(count)], dtype="S10"),
        "image_paths": np.array(paths, dtype="S512"),
        "images_present": present & images,
        **({"embeddings_clip": stored_vectors()} if vectors else {}),
        **sets,
    }
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            if name not in drop:
                file[name] = values
        if "images_jpeg" not in {*drop, *sets}:
            slots = file.create_dataset("images_jpeg", (count, 4), h5py.vlen_dtype(np.uint8))
            for row, slot in np.argwhere(present & images):
                slots[row, slot] = np.frombuffer(image_of(row, slot), dtype=np.uint8)
    return path
