"""A group with INTEGRATE's store moves in: its clusters, figures and frames under their names."""

import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
import yaml

from streetview_assets.exports.frames import with_cluster_numbers
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import (
    areas,
    cluster_meaning,
    cluster_numbers,
    clusters,
    embeddings,
    images,
    layout,
    points,
    pooling,
)
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.warehouse.marts import make_mart, marts
from streetview_assets.warehouse.queries import run_query
from streetview_assets_tests.points.street_stores import GROUND, IDS, write_store

MADE = (
    *(areas.areas, areas.targets, points.sample_points, images.panoramas, images.images),
    *(embeddings.encoders, embeddings.image_embeddings, pooling.area_embeddings),
    *(clusters.cluster_model, clusters.cluster_assignments, clusters.cluster_shares),
    *(clusters.area_group_embeddings, cluster_numbers.cluster_scores),
    *(cluster_meaning.cluster_meaning, layout.image_layout),
)
CODES = [f"E0100000{number}" for number in range(3)]
RANKS = [100, 20_000, 33_000]
NUMBERS = range(2, 8)
FIGURES = (
    *("layout_clusters", "clusters_target_histograms", "clusters_silhouette_inertia"),
    *(f"clusters_members_of_{cluster}" for cluster in range(1, 6)),
    *(f"clusters_map_k{k}_raw" for k in NUMBERS if k != 5),
)


def make(opened: OpenStudy, *functions) -> None:
    """Make assets in the one authority, one after the other."""
    for function in functions:
        asset = function.__name__
        code = None if specs()[asset].study_wide else opened.authorities[0]
        log = logging.getLogger(__name__)
        work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
        origin = opened.input_fingerprint(asset, code)
        made = function(work)
        opened.write(asset, made.frames, code, made.provenance(origin))


@pytest.fixture(scope="module")
def moved_in(tmp_path_factory) -> OpenStudy:
    """Points, images and vectors of one store, in three small areas with a rank each."""
    folder: Path = tmp_path_factory.mktemp("integrate")
    write_store(folder / "street_data.h5")
    west, north = GROUND
    boxes = [
        shapely.box(west + 0.004 * at - 5e-4, north - 0.01, west + 0.004 * at + 35e-4, north + 0.01)
        for at in range(3)
    ]
    names = [f"Leeds 00{number}A" for number in range(3)]
    told = {"LSOA21CD": CODES, "LSOA21NM": names}
    gpd.GeoDataFrame(told, geometry=boxes, crs="EPSG:4326").to_file(folder / "lsoa.geojson")
    pl.DataFrame({"code": CODES, "rank": RANKS}).write_csv(folder / "imd.csv")
    document = {
        "name": "gm",
        "areas": {"path": "lsoa.geojson", "code": "LSOA21CD", "name": "LSOA21NM"},
        "points": {"path": "street_data.h5"},
        "images": {"provider": "hdf5", "path": "street_data.h5"},
        "encoder": {"name": "import", "path": "street_data.h5"},
        "clusters": {"k": 5, "sweep": [2, 7], "seeds": 1, "keep": "sweep"}
        | {"figures": ["members", "histograms", "silhouette"]},
        "layout": {"methods": ["tsne"], "perplexities": [5], "iterations": 250, "show": "dots"},
        "targets": [{"name": "imd_rank", "path": "imd.csv", "area_code": "code", "value": "rank"}
                    | {"more_is": "better"}],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        opened = open_study(folder / "study.yaml")
        make(opened, *MADE)
    return opened


def test_every_image_has_its_cluster_for_each_number_in_one_wide_frame(moved_in):
    frame = with_cluster_numbers(moved_in)
    assert [name for name in frame if name.startswith("scene_cluster_")] == [
        f"scene_cluster_{k}" for k in NUMBERS
    ]
    assert {"LSOA21CD", "point_id", "latitude", "longitude", "image_path"} <= {*frame}
    assert set(frame["point_id"]) <= set(IDS)
    own = moved_in.read("cluster_assignments")
    for k in NUMBERS:
        mine = dict(own.filter(k=k).select("image_id", "cluster").iter_rows())
        assert dict(zip(frame["image_id"], frame[f"scene_cluster_{k}"], strict=True)) == mine
        assert set(mine.values()) == set(range(1, k + 1))


def test_its_figures_are_there(moved_in):
    figures = moved_in.root / "figures" / "study"
    assert [name for name in FIGURES if not (figures / f"{name}.png").is_file()] == []


def test_areas_have_their_shares_and_a_vector_of_each_cluster(moved_in):
    named = {query.name: query for query in marts()}
    make_mart(moved_in, named["area_profile"])
    features = run_query(moved_in.lake, named["area_features"], moved_in.study)
    assert features["area_code"].sort().to_list() == CODES
    images = moved_in.read("images").filter(status="ok")
    vectors = moved_in.read("image_embeddings").filter(status="ok")
    own = moved_in.read("cluster_assignments").filter(k=5)
    placed = (
        vectors.select("image_id", "embedding")
        .join(images.select("image_id", "area_code"), on="image_id")
        .join(own.select("image_id", "cluster"), on="image_id")
    )
    for area in features.iter_rows(named=True):
        found = dict(area["cluster_vectors"])
        mine = placed.filter(area_code=area["area_code"])
        assert set(found) == set(mine["cluster"])
        for cluster, vector in found.items():
            stacked = np.stack(mine.filter(cluster=cluster)["embedding"].to_list())
            assert vector == pytest.approx(np.median(stacked, axis=0), abs=1e-6)
