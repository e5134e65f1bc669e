"""Writes the pictures that the pages show, out of the figures of the two demos: `make docs`."""

import os
from pathlib import Path

from PIL import Image

PICTURES = {
    "demo.png": ("demo", "prediction_maps.png"),
    "demo_scores.png": ("demo", "scores.png"),
    "demo_clusters.png": ("demo", "clusters_members.png"),
    "demo_gains.png": ("demo", "gains.png"),
    "demo_layout.png": ("demo", "layout_cluster.png"),
    "demo_satellite.png": ("demo-satellite", "target_gains.png"),
}
"""By the name of a picture the study and the figure that it is made of."""
MOST_WIDE_PX = 1200
COLOURS = 128
"""As many as a chart needs; a quarter of the bytes."""


def write_pictures(data: Path, folder: Path) -> None:
    """Write each picture small enough for a page; without a study's figures, none of it."""
    for name, (study, figure) in PICTURES.items():
        made = data / study / "figures" / "study" / figure
        if not made.is_file():
            print(f"{name} stays as it is: the figure that it is made of is not in {made.parent}")
            continue
        with Image.open(made) as image:
            image.thumbnail((MOST_WIDE_PX, MOST_WIDE_PX))
            small = image.convert("RGB").quantize(COLOURS)
        small.save(folder / name, optimize=True)


if __name__ == "__main__":
    data = Path(os.environ.get("STREETVIEW_DATA", "data"))
    write_pictures(data, Path(__file__).parent / "images")
