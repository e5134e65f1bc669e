"""A folder with the files that the study files of these tests name."""

import pytest


@pytest.fixture
def folder(tmp_path):
    """A folder with every file that the studies below name."""
    for name in ("areas.geojson", "roads.gpkg", "imd.csv", "lookup.csv", "cafes.osm", "votes.csv"):
        (tmp_path / name).touch()
    (tmp_path / "photos").mkdir()
    return tmp_path
