"""Places of a map generator and nothing else: no areas, no roads, no targets."""

import json
import re

import numpy as np

from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.small_studies import finish, start, write_study

PLACES = 200


def test_places_alone_reach_the_published_file(tmp_path, streetview):
    """What has no input says `not applicable`, and counts as done."""
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
    finish(start(tmp_path / "data", "run", study))
    opened = open_study(study)
    points = opened.sql("select authority_code, source_id from sample_points")
    assert points["authority_code"].unique().to_list() == ["all"]
    assert set(points["source_id"]) == {place["panoId"] for place in places}
    images = opened.sql("select count(*) from images where status = 'ok'").item()
    assert images >= 0.95 * 2 * PLACES
    for table in ("image_embeddings", "cluster_assignments"):
        assert opened.sql(f"select count(*) from {table}").item() == images
    said = streetview("status", study).output
    for asset, why in (
        ("areas", "areas"),
        ("road_network", "roads"),
        ("targets", "targets"),
        ("area_embeddings", "areas"),
        ("cluster_shares", "areas"),
        ("deprivation_model", "targets"),
    ):
        line = next(line for line in said.splitlines() if line.startswith(f"{asset} of "))
        assert line.endswith(f"not applicable: the study names no {why}")
    states = next(line for line in said.splitlines() if "up to date" in line)
    done, nothing = "up to date", "not applicable"
    assert re.findall(f"{done}|{nothing}", states) == [
        nothing, done, done, done, nothing, done, nothing
    ]  # fmt: skip
    assert "Nothing to do" in streetview("run", study).output
