"""Files of every kind that a study reads, small and sound, and what reads them."""

import json
from pathlib import Path

import geopandas as gpd
import h5py
import networkx
import numpy as np
import openpyxl
import polars as pl
import shapely
import torch

from streetview_assets.areas.boundaries import authority_codes, read_boundaries
from streetview_assets.embeddings.encoders.imported.load import load as load_imported
from streetview_assets.perception.ratings.rating_files import read_pairs, read_ratings
from streetview_assets.points.imported.points import import_points, read_locations
from streetview_assets.points.own_images.folder_walk import walk_folder
from streetview_assets.points.own_images.position_table import read_image_table
from streetview_assets.points.roads.files import file_bounds
from streetview_assets.points.roads.road_lines import read_roads
from streetview_assets.study.areas import Areas
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.images import ImageColumns, Images
from streetview_assets.study.perception import Perception
from streetview_assets.study.points import Points, Roads
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES

BOXES = [shapely.box(-1.56 + x, 53.79, -1.55 + x, 53.80) for x in (0, 0.01, 0.02)]
AREAS = gpd.GeoDataFrame({"code": ["a", "b", "c"]}, geometry=BOXES, crs="EPSG:4326")
LINES = gpd.GeoDataFrame(
    {"highway": ["road"] * 3, "name": ["a", "b", "c"]},
    geometry=[shapely.LineString(box.exterior.coords[:3]) for box in BOXES],
    crs="EPSG:4326",
)
TABLE = pl.DataFrame({"code": ["01", "02"], "value": [1.5, None], "more": ["x" * 99] * 2})
OSM = (
    '<osm version="0.6"><node id="1" lat="53.8" lon="-1.55"/><node id="2" lat="53.8" lon="-1.54"/>'
    '<way id="5"><nd ref="1"/><nd ref="2"/><tag k="highway" v="road"/></way></osm>'
)
VECTORS = np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32)
IDS = [f"{number:024x}" for number in range(20)]


def make_workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [TABLE.columns, *TABLE.rows()]:
        book.active.append(row)
    book.save(path)


def make_graph(path: Path) -> None:
    graph = networkx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(1, x=-1.55, y=53.8)
    graph.add_node(2, x=-1.54, y=53.8)
    graph.add_edge(1, 2, highway="road", osmid=7, geometry="LINESTRING (-1.55 53.8, -1.54 53.8)")
    networkx.write_graphml(graph, path)


def make_locations(path: Path) -> None:
    path.write_text(json.dumps([{"lat": 53.8, "lng": -1.55, "tags": ["é"]}] * 3), encoding="utf-8")


def make_positions(path: Path) -> None:
    points = gpd.GeoDataFrame(
        {"file": ["a.jpg", "b.jpg"]}, geometry=[shapely.Point(-1.5, 53.8)] * 2, crs="EPSG:4326"
    )
    points.to_file(path)


def make_npz(path: Path) -> None:
    np.savez(path, embeddings=VECTORS, image_id=np.array(IDS))


def make_codes(path: Path) -> None:
    """Write the features of one location, and labels beside them."""
    np.savez(path, code=np.ones((4, 8), np.float32))
    labels = f"img_id,gsv_lat,gsv_lng\n{path.stem},53.8,-1.5\n"
    path.with_name("labels.csv").write_text(labels)


def make_features(path: Path) -> None:
    """Write features of locations, and labels beside them."""
    with h5py.File(path, "w") as file:
        file["features"] = np.ones((2, 4, 8), np.float32)
    path.with_suffix(".csv").write_text("img_id,gsv_lat,gsv_lng\na,53.8,-1.5\nb,53.9,-1.5\n")


def make_vectors(path: Path) -> None:
    frame = pl.DataFrame({"image_id": IDS, "embedding": VECTORS.tolist()})
    frame.write_parquet(path)


def make_tensor(path: Path) -> None:
    torch.save(torch.tensor(VECTORS[:1]), path)
    told = [{"embedding_path": path.name, "image_id": IDS[0]}]
    path.with_name("metadata.json").write_text(json.dumps(told))


def make_network(path: Path) -> None:
    from streetview_assets.models.ordinal.network import make_network
    from streetview_assets.models.ordinal.persistence import NetworkFacts, save_network

    layers = {"view_layers": (8,), "point_layers": (8,)}
    facts = NetworkFacts(
        *("s", "t", "better", "e"), weights={}, dimension=4, area_codes=("a",), **layers
    )
    save_network(path.parent, make_network(4, 0, (8,), (8,)), facts)


def make_study_file(path: Path) -> None:
    path.write_text("name: town\npoints: {from: images}\nimages: {provider: folder, path: .}\n")


def read_areas(path: Path) -> None:
    study = Study(
        name="s",
        areas=Areas(path=path, code="code", authority_code="code"),
        roads=Roads(source="overpass"),
        images=Images(provider="synthetic"),
    )
    authority_codes(study)
    read_boundaries(study)


def read_road_file(path: Path) -> None:
    read_roads(Roads(path=path))
    file_bounds(path)


def read_points(path: Path) -> None:
    read_locations(path)
    import_points(Points(path=path), TABLES["areas"].frame())


def read_positions(path: Path) -> None:
    read_image_table(path, ImageColumns(), path.parent, walk_folder(path.parent))


def read_vectors(path: Path) -> None:
    vectors = load_imported(Encoder(name="import", path=path))
    vectors.file.read(np.arange(vectors.file.names.height))


RATINGS = "image_id,category_id,rating,age,country\n1,5,4,30,Spain\n2,5,2,,\n"
PAIRS = "left,right,choice\na,b,left\nb,a,equal\n"


def make_averages(path: Path) -> None:
    """Write GeoJSON of average ratings."""
    told = {"image_id": 1, "url": "a/1.jpg", "average_safety": 3.5}
    feature = {"type": "Feature", "geometry": None, "properties": told}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


def read_rated(path: Path) -> object:
    """Read ratings of any form, and who gave them, and pairs."""
    wishes = Perception(ratings=path)
    return read_ratings(wishes), read_pairs(wishes)
