"""The cluster and the label of a point, from those of its images."""

from datetime import date

import polars as pl

from streetview_assets.clusters.profile.dominant_cluster import (
    images_of_points,
    likeliest_labels,
    main_clusters,
)

VIEW = {"authority_code": "A", "captured_on": date(2024, 1, 1), "status": "ok", "is_current": True}


def images(*rows: tuple[str, str, float | None]) -> pl.DataFrame:
    names = ("point_id", "image_id", "heading_deg")
    found = pl.DataFrame(list(rows), schema=[*names], orient="row")
    return found.with_columns(authority_code=pl.lit("A"))


def test_points_that_share_a_panorama_are_shown_by_its_images():
    points = pl.DataFrame({"authority_code": ["A"] * 3, "point_id": ["p", "q", "r"]})
    panoramas = pl.DataFrame(
        [VIEW | {"point_id": point, "panorama_id": "1"} for point in "pq"]
        + [VIEW | {"point_id": "p", "panorama_id": "2"}]
    )
    about = [("n", "p", "1", 0.0, True), ("e", "p", "1", 90.0, True), ("old", "q", "0", 0.0, False)]
    images = pl.DataFrame(
        [
            VIEW
            | {"image_id": name, "point_id": point, "panorama_id": panorama}
            | {"heading_deg": heading, "is_current": current}
            for name, point, panorama, heading, current in about
        ]
    )
    found = images_of_points(points, panoramas, images)
    assert found.select("point_id", "image_id").rows() == [
        ("p", "n"),
        ("p", "e"),
        ("q", "n"),
        ("q", "e"),
    ]


def assignments(clusters: dict[str, tuple[int, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"authority_code": "A", "image_id": name, "cluster": cluster, "distance": distance}
            for name, (cluster, distance) in clusters.items()
        ]
    )


def test_most_images_decide_and_of_equals_the_more_typical_one():
    shown = images(
        *(("most", f"m{n}", n) for n in range(3)),
        *(("even", f"e{n}", None) for n in range(2)),
        ("unseen", "u", 0.0),
    )
    clusters = {"m0": (1, 0.1), "m1": (2, 0.2), "m2": (2, 0.2), "e0": (6, 0.5), "e1": (5, 0.3)}
    # Of cluster 6 it is the nearest of two to its centre, of cluster 5 the farthest of two.
    assigned = assignments(clusters | {"x": (6, 0.6), "y": (5, 0.1)})
    for frame in (assigned, assigned.reverse()):
        found = main_clusters(shown, frame)
        assert found.rows() == [("even", 6, 1, 0.5), ("most", 2, 2, 2 / 3)]
    by = ["point_id", "heading_deg"]
    views = main_clusters(shown.filter(point_id="most"), assigned, by=by)
    assert views["cluster"].to_list() == [1, 2, 2]
    alike = assignments({"e0": (6, 0.5), "e1": (5, 0.3)})
    assert main_clusters(shown, alike)["cluster"].to_list() == [5], "else the lowest number"


def test_the_label_is_the_most_probable_on_average():
    shown = images(("p", "a", 0.0), ("p", "b", 90.0))
    told = {"a": {"shop": 0.9, "house": 0.1}, "b": {"shop": 0.4, "house": 0.6}}
    scores = pl.DataFrame(
        [
            {"authority_code": "A", "image_id": name, "label": label, "probability": value}
            for name, values in told.items()
            for label, value in values.items()
        ]
    )
    assert likeliest_labels(shown, scores).select("point_id", "label").rows() == [("p", "shop")]
    by = ["point_id", "heading_deg"]
    assert likeliest_labels(shown, scores, by=by)["label"].to_list() == ["shop", "house"]
