"""Places of a map generator and nothing else: no areas, no roads, no targets."""

import json
import re

import numpy as np

from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.small_studies import write_study

PLACES = 60


def test_places_alone_reach_the_published_file(tmp_path, streetview):
    """What has no input is not built."""
    generator = np.random.default_rng(7)
    places = [
        {
            "lat": 53.8 + north, "lng": -1.55 + east,
            "panoId": f"pano-{number:04d}", "heading": number % 360, "pitch": 0, "zoom": 0,
        }
        for number, (north, east) in enumerate(generator.uniform(-0.04, 0.04, (PLACES, 2)).tolist())
    ]  # fmt: skip
    (tmp_path / "places.json").write_text(json.dumps(places))
    left_out = dict.fromkeys(("areas", "authorities", "roads", "targets", "models", "crs"))
    study = write_study(
        tmp_path / "study", **left_out, points={"path": str(tmp_path / "places.json")}
    )
    ended = streetview("run", study)
    assert ended.exit_code == 0, ended.output
    opened = open_study(study)
    points = opened.sql("select authority_code, source_id from sample_points")
    assert points["authority_code"].unique().to_list() == ["all"]
    assert set(points["source_id"]) == {place["panoId"] for place in places}
    images = opened.sql("select count(*) from images where status = 'ok'").item()
    assert images >= 0.95 * 2 * PLACES
    for table in ("image_embeddings", "cluster_assignments"):
        assert opened.sql(f"select count(*) from {table}").item() == images
    without_input = {
        *("areas", "targets", "road_network", "area_embeddings", "baseline_embeddings"),
        *("cluster_shares", "area_group_embeddings", "model_selection", "deprivation_model"),
    }
    assert not without_input & set(opened.assets)
    assert opened.table("areas").is_empty(), "the published file has every table all the same"
    assert opened.table("area_predictions").is_empty()
    said = streetview("status", study).output
    assert not re.search("of (all|study): not applicable: the study names no", said)
    states = next(line for line in said.splitlines() if line.lstrip().startswith("all"))
    assert re.findall("[✓…↻✗!–]", states) == ["✓"] * 4
    assert "Nothing to do" in streetview("run", study).output
