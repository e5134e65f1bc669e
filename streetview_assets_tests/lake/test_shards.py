from datetime import date

import polars as pl

from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.tables.registry import TABLES


def images(*ids: str, status: str = "ok") -> pl.DataFrame:
    return TABLES["images"].frame(
        [
            {
                "authority_code": "A",
                "image_id": name,
                "point_id": "p",
                "provider": "folder",
                "panorama_id": "q",
                "captured_on": date(2020, 1, 1),
                "status": status,
                "is_current": True,
            }
            for name in ids
        ]
    )


def test_pieces_survive_the_process_and_are_read_in_order(tmp_path):
    shards = Shards(tmp_path / "cache", "images")
    assert shards.read().is_empty()
    shards.append(images("a", "b", status="failed"))
    shards.append(images("b"))
    again = Shards(tmp_path / "cache", "images")
    merged = latest([again.read()], "images")
    assert merged.select("image_id", "status").rows() == [("a", "failed"), ("b", "ok")]
    again.clear()
    assert shards.read().is_empty()


def test_a_piece_half_written_is_not_read(tmp_path):
    shards = Shards(tmp_path, "images")
    shards.append(images("a"))
    (tmp_path / ".000001-x.parquet.1.tmp").write_bytes(b"half")
    assert shards.read()["image_id"].to_list() == ["a"]
