"""Real boundaries, roads and indices: from a study file to a published file."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.study.study_file import load_study
from streetview_assets_tests.end_to_end.real_studies import (
    CENTRE,
    DATA,
    IMD_2025,
    LEEDS,
    LEEDS_2021,
    LOOKUP,
    ROADS,
    SYNTHETIC,
    Tried,
    imd,
    needs_real_input,
    written,
)
from streetview_assets_tests.end_to_end.small_studies import environment

pytestmark = needs_real_input


@pytest.fixture(scope="module")
def leeds(tmp_path_factory):
    """The centre of Leeds to the end, with fewer points, small images and all figures."""
    points = {"spacing_m": 900, "min_per_area": 1}
    tried = written(
        tmp_path_factory.mktemp("leeds"), {**CENTRE, "points": points, "figures": {"dpi": 50}}
    )
    tried.streetview("run")
    return tried


def test_leeds_has_points_where_there_are_roads_and_nowhere_else(tmp_path):
    opened = written(tmp_path, CENTRE).make("areas", "road_network", "sample_points")
    points, road_km = (
        opened.read("sample_points"),
        opened.read("road_network")["length_m"].sum() / 1e3,
    )
    assert opened.read("areas")["authority_code"].to_list() == [LEEDS] * 488
    assert 75 <= points["area_code"].n_unique() <= 83
    assert 353 <= road_km <= 355
    assert 1.5 <= points.height / road_km <= 4


def test_the_tutorial_of_a_real_town_comes_to_what_it_says(tmp_path, monkeypatch):
    page = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "real_town.md"
    told = page.read_text("utf-8")
    for name, path in {
        "lsoa2021.geojson": LEEDS_2021["path"], "osm_ways.gpkg": ROADS["path"],
        "imd2025.csv": IMD_2025,
    }.items():  # fmt: skip
        shutil.copyfile(path, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^streetview (init .*)$", told, re.MULTILINE)
    assert CliRunner().invoke(app, shlex.split(command)).exit_code == 0
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", told, re.MULTILINE | re.DOTALL)
    (tmp_path / "shown.yaml").write_text(shown)
    made, meant = (load_study(tmp_path / name) for name in ("study.yaml", "shown.yaml"))
    assert made.model_dump(exclude={"path"}) == meant.model_dump(exclude={"path"})
    tried = Tried(tmp_path / "study.yaml", tmp_path / "data")
    points = tried.make("areas", "road_network", "sample_points").read("sample_points")
    assert f"at {points.height} points" in told
    assert f"{points['area_code'].n_unique()} of the 488 areas" in told


def test_every_area_of_leeds_is_there_with_its_reason_where_nothing_is_predicted(leeds):
    for table in ("areas", "area_profile", "area_predictions"):
        assert leeds.ask(f"select count(distinct area_code) from {table}").item() == 488
    values = leeds.ask("select target, count(*), count(value) from targets group by 1 order by 1")
    assert values.rows() == [("imd_rank", 488, 488), ("income_rank", 488, 488)]
    profile = leeds.ask("select reason, predicted, point_count, image_count from area_profile")
    without = profile.filter(pl.col("predicted").is_null())
    assert not without["reason"].is_null().any()
    assert without.filter(point_count=0)["reason"].unique().to_list() == [
        "no sample point in the area"
    ]
    predicted = profile.drop_nulls("predicted")
    assert predicted.height >= 50
    assert predicted["reason"].is_null().all()
    assert predicted["image_count"].min() >= 4


def test_four_images_stand_for_each_point_that_has_imagery(leeds):
    each = leeds.ask(
        "select count(distinct heading_deg) as headings, count(*) as n from images "
        "where status = 'ok' group by point_id"
    )
    assert each.unique().rows() == [(4, 4)]
    points = leeds.ask("select count(*) from sample_points").item()
    assert each.height >= 0.95 * points


def test_what_the_run_keeps_lies_in_the_folder_of_the_study_alone(leeds):
    root = leeds.data / "leeds-centre"
    assert {path.name for path in leeds.file.parent.iterdir()} == {"study.yaml", "data"}
    assert list((root / "mlartifacts").rglob("*.parquet"))
    figures = {path.stem for path in (root / "figures").rglob("*.png")}
    # Whether there are clusters by density to show is a result.
    assert figures - {"clusters_density"} == {
        "areas", "target", "points", "images", "neighbours", "look_alikes_far_apart",
        "clusters", "clusters_elbow", "clusters_map", "clusters_members", "clusters_spearman",
        *(f"clusters_members_k{k}" for k in range(2, 5)),
        "clusters_targets",
        "scores", "predicted_observed", "prediction_maps", "residual_map", "dissimilarity",
        "distances", "gains",
        "target_scores", "target_correlations", "learning_curve", "group_scores", "group_metrics",
        "group_targets", "group_predicted_observed",
        "deprivation_direction",
    }  # fmt: skip
    about = leeds.ask("select * from about").row(0, named=True)
    assert about["synthetic"]
    assert "synthetic" in about["note"]


def test_older_boundaries_find_their_authority_in_a_lookup_that_repeats_areas(tmp_path):
    imd_2019 = DATA / "imd" / "imd2019_england_lsoa11.csv"
    tried = written(
        tmp_path,
        {
            **CENTRE,
            "name": "leeds-2011",
            "areas": {
                "path": str(DATA / "lsoa" / f"leeds_lsoa2011_{LEEDS}.geojson"),
                "code": "LSOA11CD",
                "name": "LSOA11NM",
                "lookup": {**LOOKUP, "code": "lsoa11_code"},
            },
            "targets": [imd("imd_rank", "IMD_rank", imd_2019, "lsoa11_code")],
        },
    )
    opened = tried.make("areas", "targets", "road_network")
    assert opened.read("targets")["value"].len() == opened.read("targets")["value"].count() == 482
    assert opened.read("areas")["authority_name"].unique().to_list() == ["Leeds"]
    roads = opened.read("road_network")
    assert 353 <= roads["length_m"].sum() / 1000 <= 355
    in_pieces = roads["road_id"].str.contains("/").sum()
    assert in_pieces < 40, "slits between areas that do not quite meet cut no road"


def test_with_too_few_areas_the_models_say_so_and_the_rest_is_made(tmp_path):
    """Of a file of raw OpenStreetMap, which names few streets."""
    roads = {"path": str(DATA / "roads" / "osm2streets_leeds_cycleway.osm")}
    tried = written(tmp_path, {**CENTRE, "name": "leeds-osm", "roads": roads})
    tried.streetview("run")
    found = tried.ask("select road_km, area_with_image_count from authority_coverage").row(0)
    assert 4 <= found[0] <= 7
    assert 3 <= found[1] <= 5
    assert tried.ask("select count(distinct area_code) from area_embeddings").item() == found[1]
    reasons = dict(
        tried.ask("select reason, count(*) from area_predictions group by 1").iter_rows()
    )
    few = f"too few areas: {found[1]}, at least 10 needed"
    assert reasons == {few: found[1], "no sample point in the area": 488 - found[1]}
    for table in ("model_scores", "authority_scores"):
        assert tried.ask(f"select distinct note, value from {table}").rows() == [(few, None)]
    assert any("OpenStreetMap" in line for line in tried.ask("select licences from about").item())


def test_an_extract_of_openstreetmap_gives_points_along_its_streets(tmp_path):
    roads = {"path": str(DATA / "roads" / "its-example.osm.pbf")}
    tried = written(tmp_path, {**CENTRE, "name": "leeds-pbf", "roads": roads})
    opened = tried.make("areas", "road_network", "sample_points")
    assert 4 <= opened.read("road_network")["length_m"].sum() / 1000 <= 7
    assert 3 <= opened.read("sample_points")["area_code"].n_unique() <= 5


def test_graphml_roads_excel_values_and_a_fixed_number_of_points(tmp_path):
    import networkx as nx
    import osmnx

    graph = nx.MultiDiGraph(crs="EPSG:4326")
    for row in range(6):
        for column in range(6):
            graph.add_node(10 * row + column, x=-1.555 + 0.003 * column, y=53.795 + 0.002 * row)
    for here in list(graph.nodes):
        for there in (here + 1, here + 10):
            if there in graph:
                graph.add_edge(here, there, osmid=100 * here + there, highway="residential")
                graph.add_edge(there, here, osmid=100 * here + there, highway="residential")
    osmnx.save_graphml(osmnx.distance.add_edge_lengths(graph), tmp_path / "grid.graphml")
    of_leeds = pl.read_csv(LOOKUP["path"]).filter(ltla22_code=LEEDS).select("lsoa21_code").unique()
    index = pl.read_csv(IMD_2025).select("lsoa21_code", "IMD_rank").join(of_leeds, on="lsoa21_code")
    index.to_pandas().to_excel(tmp_path / "imd.xlsx", sheet_name="ranks", index=False)
    excel = imd("imd_rank", "IMD_rank", tmp_path / "imd.xlsx")
    tried = written(
        tmp_path,
        {
            **CENTRE,
            "name": "grid",
            "roads": {"path": str(tmp_path / "grid.graphml")},
            "points": {"count": 300},
            "targets": [{**excel, "sheet": "ranks"}],
        },
    )
    opened = tried.make("areas", "targets", "road_network", "sample_points")
    points = opened.read("sample_points")["point_id"]
    assert points.len() == points.n_unique() == 300
    assert opened.read("road_network").height == 60, "one line for both ways"
    values = opened.read("targets").select("area_code", "value")
    joined = values.join(index, left_on="area_code", right_on="lsoa21_code")
    assert joined.height == 488
    assert (joined["value"] == joined["IMD_rank"]).all()


def test_a_code_location_of_many_authorities_loads_without_leaving_a_trace(tmp_path):
    (tmp_path / "places.csv").write_text("lat,lon\n53.48,-2.24\n")
    tried = written(
        tmp_path,
        {
            "name": "many",
            "areas": {
                "path": str(DATA / "lsoa" / "ew_lsoa21_simplified.parquet"),
                "code": "lsoa21_code",
                "name": "lsoa21_name",
                "lookup": {**LOOKUP, "code": "lsoa21_code"},
            },
            "points": {"path": str(tmp_path / "places.csv")},
            "images": SYNTHETIC,
            "encoder": {"name": "colour-texture"},
        },
    )
    count = (
        "from streetview_assets.definitions import defs; import dagster as dg;"
        "asset = defs.resolve_asset_graph().get(dg.AssetKey('images'));"
        "print(len(asset.partitions_def.get_partition_keys()))"
    )
    of_study = {**environment(tried.data), "STREETVIEW_STUDY": str(tried.file)}
    loaded = subprocess.run(
        [sys.executable, "-c", count],
        cwd=tmp_path, env=of_study, timeout=300, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert int(loaded.stdout) == 331
    assert not tried.data.exists()
