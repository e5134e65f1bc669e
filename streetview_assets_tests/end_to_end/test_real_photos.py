"""Real photos and the weights of a real network, with and without areas."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets_tests.end_to_end.real_studies import (
    DATA,
    NO_FIGURES,
    PHOTOS,
    SHARED,
    needs_real_input,
    written,
)

pytestmark = needs_real_input


def squares(folder: Path, size_m: float = 500) -> Path:
    """Write squares that cover the photos of Santa Clara, and one far off."""
    taken = pl.read_csv(PHOTOS / "metadata.csv")
    places = gpd.GeoSeries(gpd.points_from_xy(taken["lon"], taken["lat"]), crs=4326)
    crs = places.estimate_utm_crs()
    west, south, east, north = places.to_crs(crs).total_bounds
    corners = [
        (x, y)
        for x in np.arange(west - 1, east + 1, size_m)
        for y in np.arange(south - 1, north + 1, size_m)
    ]
    corners.append((west - 10 * size_m, south))
    boxes = [shapely.box(x, y, x + size_m, y + size_m) for x, y in corners]
    codes = [f"S{number:02d}" for number in range(len(boxes))]
    frame = gpd.GeoDataFrame({"code": codes}, geometry=boxes, crs=crs).to_crs(4326)
    frame.to_file(folder / "squares.geojson")
    return folder / "squares.geojson"


def test_real_photos_and_real_weights_give_clusters_of_squares(tmp_path):
    taken = pl.read_csv(PHOTOS / "metadata.csv").gather_every(6)
    taken.write_csv(tmp_path / "a_sixth.csv")
    tried = written(
        tmp_path,
        {
            **NO_FIGURES,
            "name": "santa-clara",
            "areas": {"path": str(squares(tmp_path)), "code": "code"},
            "points": {"from": "images"},
            "images": {
                "provider": "folder",
                "path": str(PHOTOS),
                "positions": str(tmp_path / "a_sixth.csv"),
                "columns": {"captured_at": "captured_at", "heading_deg": "compass_angle"},
            },
            "encoder": {
                "name": "timm:mobilenetv1_100",
                "checkpoint": str(SHARED / "weights" / "mobilenet_timm.safetensors"),
                "options": {"pad_type": "same"},
            },
            "clusters": {"k": 6, "sweep": [2, 4], "seeds": 1},
        },
    )
    tried.streetview("run")
    images = tried.ask("select status, captured_on, heading_deg, area_code from images")
    assert images["status"].to_list() == ["ok"] * taken.height
    assert images["captured_on"].unique().dt.to_string().to_list() == ["2018-11-01"]
    assert images["heading_deg"].null_count() == images["area_code"].null_count() == 0
    encoder = tried.ask("select library, dimension from encoders").row(0)
    assert (encoder[0].split()[0], encoder[1]) == ("timm", 1024)
    assert tried.ask("select count(distinct cluster) from cluster_assignments").item() == 6
    shares = tried.ask("select sum(share) from cluster_shares group by area_code").to_series()
    assert np.allclose(shares, 1)
    reasons = tried.ask("select area_code, image_count, reason from area_profile order by 1")
    assert reasons["image_count"].to_list()[-1] == 0, "the square far off"
    assert reasons["reason"].unique().to_list() == ["the study has no target"]
    assert not tried.ask("select synthetic from about").item()


def test_images_with_nothing_but_exif_reach_clusters_without_areas(tmp_path):
    tried = written(
        tmp_path,
        {
            **NO_FIGURES,
            "name": "opensfm",
            "points": {"from": "images"},
            "images": {"provider": "folder", "path": str(DATA / "photos" / "opensfm")},
            "encoder": {"name": "colour-texture"},
            "clusters": {"k": 3, "sweep": [2, 5], "seeds": 1},
        },
    )
    opened = tried.make(
        *("image_files", "sample_points", "panoramas", "images", "encoders", "image_embeddings"),
        *("cluster_model", "cluster_assignments"),
    )
    images = opened.read("images").filter(status="ok")
    assert images.height == 32
    place = images.join(opened.read("sample_points"), on="point_id").select("image_id", "latitude")
    of_image = opened.read("cluster_assignments").join(place, on="image_id")
    in_berlin = of_image.group_by("cluster").agg((pl.col("latitude") < 54).sum(), count=pl.len())
    berlin = in_berlin.filter(pl.col("latitude") > 0).drop("cluster")
    assert berlin.rows() == [(3, 3)], "Berlin's church looks like no street of Lund"
