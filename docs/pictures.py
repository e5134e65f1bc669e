"""Writes the pictures that the pages show, out of the figures of the demo: `make docs`."""

import os
from pathlib import Path

from PIL import Image

PICTURES = {
    "demo.png": "prediction_maps.png",
    "demo_scores.png": "scores.png",
    "demo_clusters.png": "clusters_members.png",
    "demo_gains.png": "gains.png",
    "demo_layout.png": "layout_cluster.png",
}
"""By the name of a picture the figure that it is made of."""
MOST_WIDE_PX = 1200
COLOURS = 128
"""As many as a chart needs; a quarter of the bytes."""


def write_pictures(figures: Path, folder: Path) -> None:
    """Write each picture small enough for a page; without the demo's figures, none."""
    for name, figure in PICTURES.items():
        with Image.open(figures / figure) as image:
            image.thumbnail((MOST_WIDE_PX, MOST_WIDE_PX))
            small = image.convert("RGB").quantize(COLOURS)
        small.save(folder / name, optimize=True)


if __name__ == "__main__":
    made = Path(os.environ.get("STREETVIEW_DATA", "data"), "demo", "figures", "study")
    if made.is_dir():
        write_pictures(made, Path(__file__).parent / "images")
    else:
        print("pictures stay as they are: `make demo` makes the figures that they are made of")
