"""A made-up survey in the files of percept-knn-model, and the command that scores it."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from streetview_assets.cli.app import app

QUALITIES = ("walkability", "bikeability", "pleasantness", "greenness", "safety")
HEADER = (
    *("rating_id", "image_id", "category_id", "rating", "age", "gender"),
    *("country", "postalcode", "education"),
)
POINTS = (
    *("greenspace", "shops", "public_transport", "sustenance"),
    *("education", "financial", "healthcare", "entertainment"),
)
AROUND = [
    *(f"{name}_count" for name in POINTS),
    *(f"{name}_density_or_proportion" for name in POINTS),
    *(f"{name}_shannon_entropy" for name in POINTS),
    *("bike_network_length", "walk_network_length", "num_nodes", "num_edges"),
    *("streets_per_node_avg", "streets_per_node_proportions1", "streets_per_node_proportions3"),
    *("streets_per_node_proportions4", "intersection_count", "street_length_total"),
    *("street_segment_count", "street_length_avg", "orientation_entropy", "median_speed"),
]
COUNTED = ("count", "num_")


class Survey:
    """Images, averages and ratings, in memory and as files in a folder."""

    def __init__(self, folder: Path, count: int = 400, dimension: int = 64, seed: int = 0) -> None:
        draws = np.random.default_rng(seed)
        self.folder = folder
        self.vectors = draws.normal(size=(count, dimension)).astype(np.float16)
        self.vectors[[count // 2, count - 9]] = self.vectors[3]
        self.order = draws.permutation(count)
        self.features = [self._feature(number, draws) for number in range(count)]
        self.ratings = [row for number in range(count) for row in self._rows(number, draws)]
        self.write()

    @property
    def names(self) -> list[str]:
        return [f"{number:04d}.jpg" for number in self.order]

    def properties(self, name: str) -> dict[str, Any]:
        return next(one for one in self.features if one["url"].endswith(f"/{name}"))

    def write(self, vectors: str = "embeddings-ViT-B_32") -> None:
        write_vectors(self.folder / vectors, "img_emb", self.vectors, "image_path", self.paths)
        features = [{"type": "Feature", "geometry": None, "properties": p} for p in self.features]
        collection = {"type": "FeatureCollection", "features": features}
        (self.folder / "data.geojson").write_text(json.dumps(collection))
        with (self.folder / "demo.csv").open("w", newline="") as file:
            csv.writer(file).writerows([HEADER, *self.ratings])

    @property
    def paths(self) -> list[str]:
        return [f"some/where/{name}" for name in self.names]

    def _feature(self, number: int, draws: np.random.Generator) -> dict[str, Any]:
        averages = {
            f"average_{name}": None if draws.random() < 0.1 else round(draws.uniform(1, 5), 4)
            for name in QUALITIES
        }
        around = {
            f"{name}_{radius}": int(draws.integers(0, 30))
            if any(part in name for part in COUNTED)
            else float(draws.uniform(0, 50))
            for radius in (100, 300)
            for name in AROUND
        }
        url = f"https://example.org/images/{number:04d}.jpg"
        return {"image_id": 9000 + number, "url": url, **averages, **around}

    def _rows(self, number: int, draws: np.random.Generator) -> list[list[Any]]:
        return [
            [
                *(f"{number}-{category}-{time}", 9000 + number, category + 1),
                *(int(draws.integers(1, 6)), int(draws.integers(18, 80))),
                draws.choice(["man", "woman", "non-binary"]),
                draws.choice(["NL", "The Netherlands", "netherlands", "France", ""]),
                draws.choice(["1234 ab", "1234AB", "75001", ""]),
                draws.choice(["Primary", "Secondary", "University"]),
            ]
            for category in range(5)
            for time in range(3)
        ]


def write_vectors(
    folder: Path,
    kind: str,
    vectors: np.ndarray,
    column: str,
    names: Sequence[str],
    shard: int = 0,
) -> None:
    """Write a shard of vectors as clip-retrieval does."""
    for part in (kind, "metadata"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    np.save(folder / kind / f"{kind}_{shard}.npy", vectors)
    pd.DataFrame({column: names}).to_parquet(folder / "metadata" / f"metadata_{shard}.parquet")


def command(*words: object) -> tuple[int, str, str]:
    """Run the command: its exit code, and what it writes to its two outputs."""
    done = CliRunner().invoke(app, ["perception", *(str(word) for word in words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def logged(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))
