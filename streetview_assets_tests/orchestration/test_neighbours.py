"""Neighbours in a study: made over all authorities, published, shown, exported."""

import numpy as np
import polars as pl
from openpyxl import load_workbook
from sklearn.neighbors import NearestNeighbors
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.embeddings.vectors import matrix


def test_all_authorities_images_are_compared_shown_and_exported(
    finished_town, tmp_path, monkeypatch
) -> None:
    opened = finished_town.opened
    images = opened.read("images").filter("is_current", status="ok").unique("image_id")
    vectors = opened.read("image_embeddings").unique("image_id")
    known = vectors.join(images, on="image_id", how="semi").sort("image_id")
    by_sklearn = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute")
    distances, _ = by_sklearn.fit(matrix(known["embedding"]).astype(np.float64)).kneighbors()
    table = opened.table("neighbours")
    assert table["image_id"].to_list() == [one for one in known["image_id"] for _ in range(8)]
    assert np.abs(table["similarity"].to_numpy() - (1 - distances.ravel())).max() < 2e-9
    assert table.filter(pl.col("image_id") == pl.col("neighbour_id")).is_empty()
    for name in ("neighbours", "look_alikes_far_apart"):
        assert (opened.root / "figures" / "study" / f"{name}.png").is_file()

    monkeypatch.setenv("COLUMNS", "120")
    file, mine = str(opened.study.path), table.head(8)
    shown = CliRunner().invoke(app, ["show", mine["image_id"][0], file])
    assert shown.exit_code == 0, shown.output
    rows = [line.split() for line in shown.output.splitlines()]
    listed = [row[0] for row in rows if len(row) > 1 and row[0] in set(mine["neighbour_id"])]
    assert listed == mine["neighbour_id"].to_list()
    sheet = opened.root / "figures" / "shown" / f"{mine['image_id'][0]}.png"
    assert sheet.is_file()

    xlsx = tmp_path / "neighbours.xlsx"
    options = ["export", "neighbours", file, "--format", "xlsx", "--output", str(xlsx)]
    exported = CliRunner().invoke(app, options)
    assert exported.exit_code == 0, exported.output
    heading, *rows = load_workbook(xlsx).active.iter_rows(values_only=True)
    assert list(heading) == table.columns
    assert len(rows) == table.height
    assert rows[0] == table.row(0)
