"""The bundled demo: files that a study can start from, the same everywhere."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import DEMO_STUDY
from streetview_assets_tests.demo.town import write_town

FILES = ("areas.geojson", "roads.geojson", "targets.csv", "ratings.csv", "satellite.tif")


@pytest.fixture(scope="module")
def study():
    return load_study(DEMO_STUDY)


@pytest.fixture(scope="module")
def areas(study):
    return gpd.read_file(study.areas.path).to_crs(study.crs)


@pytest.fixture(scope="module")
def roads(study):
    return gpd.read_file(study.roads.path).to_crs(study.crs)


def test_the_bundled_files_are_what_the_program_writes_every_time(tmp_path):
    write_town(tmp_path / "town")
    assert sorted(path.name for path in (tmp_path / "town").iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / "town" / name).read_bytes() == DEMO_STUDY.with_name(name).read_bytes()


def test_the_study_needs_neither_network_nor_weights(study):
    assert study.name == "demo"
    assert study.images.provider == "synthetic"
    assert study.encoder.name == "colour-texture"
    assert [target.name for target in study.targets] == ["deprivation_score", "income_rank"]
    assert [target.more_is for target in study.targets] == ["worse", "better"]
    assert study.target.name == "deprivation_score"


def test_every_line_of_the_study_that_sets_something_is_explained(study):
    for line in study.path.read_text().splitlines():
        is_setting = ": " in line and not line.strip().startswith(("#", "- {"))
        assert not is_setting or " # " in line, line


def test_areas_are_valid_polygons_that_tile_the_town(areas):
    assert (areas.geom_type == "Polygon").all()
    assert areas.is_valid.all()
    assert areas.area_code.is_unique
    overlap_m2 = areas.area.sum() - areas.union_all().area
    assert abs(overlap_m2) < 50
    assert areas.union_all().geom_type == "Polygon"
    assert areas.area.between(5e4, 5e5).all()


def test_three_authorities_have_about_thirty_areas_each(areas, study):
    counts = areas.groupby("authority_code").size()
    assert list(counts.index) == list(study.authorities)
    assert counts.between(25, 35).all()
    assert (areas.groupby("authority_code").authority_name.nunique() == 1).all()


def test_roads_are_a_network_that_reaches_every_area(areas, roads):
    assert roads.id.is_unique
    assert {"secondary", "tertiary", "residential", "footway"} == set(roads.highway)
    assert roads[roads.highway != "footway"].name.notna().all()
    drivable = roads[roads.highway != "footway"].union_all()
    inside_m = areas.intersection(drivable).length
    assert inside_m.min() > 200
    assert 0.98 < inside_m.sum() / drivable.length <= 1.001
    network = shapely.get_parts(shapely.unary_union(drivable.buffer(3)))
    assert max(part.area for part in network) / sum(part.area for part in network) > 0.9


def test_targets_cluster_in_space_but_not_wholly(areas, study):
    from esda import Moran
    from libpysal.weights import Queen

    values = pd.read_csv(study.targets[0].path)
    joined = areas.merge(values, on="area_code", validate="one_to_one")
    assert len(joined) == len(areas) == len(values)
    weights = Queen.from_dataframe(joined, use_index=False)
    weights.transform = "r"
    assert 0.3 < Moran(joined.deprivation_score, weights, permutations=0).I < 0.5
    assert joined.deprivation_score.between(1, 90).all()
    assert sorted(joined.income_rank) == list(range(1, len(joined) + 1))
    assert -0.95 < np.corrcoef(joined.deprivation_score, joined.income_rank)[0, 1] < -0.7
