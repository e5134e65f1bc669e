"""A small lake: two authorities, areas without points or imagery, a failed image."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely

from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.publish import Build, publish
from streetview_assets.warehouse.queries import Query
from streetview_assets_tests.lake.small_lake import ENCODER, SmallStudy, queries

STUDY = """
name: small
areas: {path: areas.geojson, code: code}
roads: {path: areas.geojson}
images: {provider: PROVIDER}
encoder: {name: colour-texture}
clusters: {k: 2}
targets:
  - {name: imd_rank, path: targets.csv, area_code: code, value: rank, more_is: better}
  - {name: income_rank, path: targets.csv, area_code: code, value: income, more_is: better}
"""
SEEN_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
UNKNOWN = date(1, 1, 1)
AUTHORITY_OF = {"A1": "E01", "A2": "E01", "A3": "E01", "B1": "E02", "B2": "E02"}
POINTS = {"A1": ["A1p", "A1q"], "A2": ["A2p"], "B1": ["B1p"], "B2": ["B2p"]}
CAPTURED = {
    "A1p": date(2021, 6, 1),
    "A1q": date(2024, 6, 1),
    "A2p": date(2022, 3, 1),
    "B1p": UNKNOWN,
}
VALUES = {"A1": 100.0, "A2": 50.0, "A3": 70.0, "B1": 10.0, "B2": None}
PREDICTED = {"A1": 90.0, "A2": 55.0, "B1": 60.0}
VECTORS = {1: [1.0, 0.0, 0.0], 2: [0.0, 0.6, 0.8]}


def _square(position: int) -> bytes:
    return shapely.to_wkb(shapely.box(position, 50, position + 1, 51))


def _areas() -> list[dict[str, Any]]:
    return [
        {
            "area_code": code,
            "area_name": f"Area {code}",
            "authority_code": authority,
            "authority_name": {"E01": "East", "E02": "West"}[authority],
            "longitude": position + 0.5,
            "latitude": 50.5,
            "area_km2": 2.0,
            "geometry": _square(position),
        }
        for position, (code, authority) in enumerate(AUTHORITY_OF.items())
    ]


def _targets() -> list[dict[str, Any]]:
    return [
        {
            "authority_code": authority,
            "area_code": code,
            "target": target,
            "value": None if VALUES[code] is None else VALUES[code] * factor,
            "more_is": "better",
            "is_decile": False,
        }
        for code, authority in AUTHORITY_OF.items()
        for target, factor in (("imd_rank", 1), ("income_rank", 10))
    ]


def _roads() -> list[dict[str, Any]]:
    return [
        {
            "authority_code": authority,
            "road_id": f"road of {authority}",
            "road_class": "residential",
            "length_m": length_m,
            "geometry": shapely.to_wkb(shapely.LineString([(0, 50), (1, 51)])),
        }
        for authority, length_m in (("E01", 1500.0), ("E02", 800.0))
    ]


def _points() -> list[dict[str, Any]]:
    return [
        {
            "authority_code": AUTHORITY_OF[area],
            "point_id": point,
            "area_code": area,
            "longitude": 0.5,
            "latitude": 50.5,
        }
        for area, points in POINTS.items()
        for point in points
    ]


def _panoramas(provider: str) -> list[dict[str, Any]]:
    rows = []
    for area, points in POINTS.items():
        for point in points:
            found = point in CAPTURED
            rows.append(
                {
                    "authority_code": AUTHORITY_OF[area],
                    "point_id": point,
                    "provider": provider,
                    "panorama_id": f"pano {point}" if found else "",
                    "captured_on": CAPTURED.get(point, UNKNOWN),
                    "status": "ok" if found else "no_imagery",
                    "copyright": "© Ann" if found else None,
                    "first_seen_at": SEEN_AT,
                    "last_seen_at": SEEN_AT,
                    "is_current": True,
                }
            )
    return rows


def _images(provider: str) -> list[dict[str, Any]]:
    rows = []
    for area, points in POINTS.items():
        for point in (point for point in points if point in CAPTURED):
            for heading in (0.0, 90.0, 180.0, 270.0):
                failed = (point, heading) == ("A2p", 270.0)
                image_id = f"{point}-{heading:.0f}"
                rows.append(
                    {
                        "authority_code": AUTHORITY_OF[area],
                        "image_id": image_id,
                        "point_id": point,
                        "area_code": area,
                        "provider": provider,
                        "panorama_id": f"pano {point}",
                        "captured_on": CAPTURED[point],
                        "heading_deg": heading,
                        "status": "failed" if failed else "ok",
                        "path": None if failed else f"images/{image_id}.jpg",
                        "sha256": None if failed else f"hash of {image_id}",
                        "size_bytes": None if failed else 1000,
                        "fetched_at": SEEN_AT,
                        "error": "connection reset" if failed else None,
                        "is_current": True,
                    }
                )
    return rows


def _clusters_of(images: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """Area and cluster of each image that is there: those to the north are in cluster 1."""
    return {
        row["image_id"]: (row["area_code"], 1 if row["heading_deg"] == 0 else 2)
        for row in images
        if row["status"] == "ok"
    }


def _of_images(images: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    clusters = _clusters_of(images)
    found = {"method": "kmeans", "space": "raw", "k": 2, "encoder": ENCODER}
    embeddings, assignments, pooled, shares, of_labels, groups = [], [], [], [], [], []
    for image_id, (area, cluster) in clusters.items():
        key = {"authority_code": AUTHORITY_OF[area], "image_id": image_id, "encoder": ENCODER}
        embeddings.append(key | {"status": "ok", "embedding": VECTORS[cluster]})
        assignments.append(key | found | {"cluster": cluster, "distance": 0.1})
    for area in sorted({area for area, _ in clusters.values()}):
        mine = [cluster for of_area, cluster in clusters.values() if of_area == area]
        key = {"authority_code": AUTHORITY_OF[area], "area_code": area, "encoder": ENCODER}
        for statistic in ("median", "mean"):
            pooled.append(
                key
                | {"statistic": statistic, "image_count": len(mine), "embedding": [0.5, 0.2, 0.1]}
                | {"dispersion": 0.25}
            )
        for cluster in (1, 2):
            count = mine.count(cluster)
            shares.append(
                key | found | {"cluster": cluster, "image_count": count, "share": count / len(mine)}
            )
            groups.append(
                key
                | {"grouping": "cluster", "k": 2, "group_name": str(cluster), "image_count": count}
                | {"statistic": "median", "embedding": VECTORS[cluster], "dispersion": 0.0}
            )
        for label, share in (("shop", 1.0), ("house", 0.0)):
            counted = {"label": label, "image_count": round(share * len(mine)), "share": share}
            of_labels.append(key | counted | {"mean_probability": 0.25 + share / 2})
    counts = [cluster for _, cluster in clusters.values()]
    centres = [
        found
        | {"cluster": cluster, "image_count": counts.count(cluster), "centre": VECTORS[cluster]}
        for cluster in (1, 2)
    ]
    return {
        "image_embeddings": embeddings,
        "cluster_centres": centres,
        "cluster_assignments": assignments,
        "area_embeddings": pooled,
        "cluster_shares": shares,
        "label_shares": of_labels,
        "area_group_embeddings": groups,
    }


LABEL = {"target": "imd_rank", "encoder": ENCODER, "features": "median"}
WHOSE = {"target": "imd_rank", "encoder": ENCODER, "validation": "blocks", "area_count": 3}
IMAGES = {"features": "images", "against": "nothing", "value": 0.5}
ADDED = {"features": "place_and_images", "against": "place", "value": 0.1}
INTERVAL = {"lower": 0.2, "upper": 0.7, "interval_level": 0.9}


def _of_models() -> dict[str, list[dict[str, Any]]]:
    predictions, scores = _predictions(), _scores()
    alone = [score | {"authority_code": "E01"} for score in scores if score["model"] == "tuned"]
    held_out = {"validation": "authorities"}
    return {
        "predictions": predictions,
        "model_scores": scores,
        "area_predictions": _area_predictions(),
        "authority_scores": alone,
        "held_out_predictions": [
            row | {"authority_code": AUTHORITY_OF[row["area_code"]]} | held_out
            for row in predictions
            if row["validation"] == "blocks"
        ],
        "held_out_scores": [row | held_out for row in alone if row["validation"] == "blocks"],
        **_of_what_images_add(),
    }


def _splits() -> Iterator[tuple[dict[str, Any], float]]:
    """Models under each validation, and by how much each is off."""
    for validation in ("random", "blocks"):
        for model, error in (("tuned", 0.0), ("ridge", 0.0), ("mean", 30.0)):
            yield LABEL | {"model": model, "validation": validation, "repeat": 1}, error


def _predictions() -> list[dict[str, Any]]:
    return [
        split
        | {"area_code": area, "fold": 1, "observed": VALUES[area], "predicted": guess + error}
        | {"lower": guess + error - 20, "upper": guess + error + 20, "interval_level": 0.9}
        | {"residual": VALUES[area] - guess - error}
        for split, error in _splits()
        for area, guess in PREDICTED.items()
    ]


def _scores() -> list[dict[str, Any]]:
    return [
        split
        | {"group_name": "all", "fold": 0, "metric": metric, "value": value, "area_count": 3}
        | {"lower": value - 0.1, "upper": value + 0.1, "interval_level": 0.9}
        for split, error in _splits()
        for metric, value in (("r2", 0.5 - error / 60), ("rmse", 9.0 + error))
    ]


def _area_predictions() -> list[dict[str, Any]]:
    made = {"model": "ridge", "features": "median", "encoder": ENCODER, "reason": None}
    absent = dict.fromkeys(made, None) | {"predicted": None, "reason": "no imagery"}
    return [
        {"area_code": area, "target": "imd_rank"}
        | (made | {"predicted": PREDICTED[area] + 1} if area in PREDICTED else absent)
        for area in AUTHORITY_OF
    ]


def _of_what_images_add() -> dict[str, list[dict[str, Any]]]:
    verdict = "Whether images add to what place tells cannot be said: three areas."
    flattery = "A random split is higher by 0.00."
    by_age = {"group_name": "2 to 4 years", "metric": "r2", "features": "median", "gap_years": 3.0}
    next_town = {"model": "tuned", "metric": "r2", "value": 0.5, "town_count": 3, "area_count": 30}
    return {
        "gains": [
            WHOSE | {"draws": 0, "image_features": "median"} | gained
            for gained in (IMAGES | INTERVAL, ADDED)
        ],
        "findings": [
            WHOSE | ADDED | {"position": 1, "topic": "gain", "sentence": verdict, "metric": "r2"},
            WHOSE | IMAGES | {"position": 2, "topic": "flattery", "sentence": flattery},
        ],
        "age_gap_scores": [WHOSE | IMAGES | INTERVAL | by_age],
        "next_town_scores": [
            LABEL | INTERVAL | next_town | {"typical_lower": 0.4, "typical_upper": 0.6}
        ],
    }


def small_frames(provider: str) -> dict[str, pl.DataFrame]:
    """Give the frames of the small study, by table."""
    images = _images(provider)
    encoder = {
        "encoder": ENCODER,
        "library": "numpy",
        "model": "colour-texture",
        "preprocessing": "none",
        "precision": "fp32",
        "dimension": 3,
    }
    rows = {
        "areas": _areas(),
        "targets": _targets(),
        "road_network": _roads(),
        "sample_points": _points(),
        "panoramas": _panoramas(provider),
        "images": images,
        "encoders": [encoder],
        **_of_images(images),
        **_of_models(),
    }
    return {name: TABLES[name].frame(found) for name, found in rows.items()}


def _made(folder: Path, provider: str) -> Path:
    folder.mkdir()
    for name in ("areas.geojson", "targets.csv"):
        (folder / name).touch()
    (folder / "study.yaml").write_text(STUDY.replace("PROVIDER", provider))
    made = SmallStudy(folder)
    for table, frame in small_frames(provider).items():
        made.write(table, frame)
    made.make_marts()
    return folder


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("small") / "study", "mapillary")


@pytest.fixture
def small_study(tmp_path: Path, _template: Path) -> SmallStudy:
    """A small study with its marts, to be changed at will."""
    return SmallStudy(Path(shutil.copytree(_template, tmp_path / "study")))


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory, _template: Path) -> SmallStudy:
    """The small study, published: for tests that only read."""
    folder = tmp_path_factory.mktemp("published") / "study"
    study = SmallStudy(Path(shutil.copytree(_template, folder)))
    build = Build("hash", "0.1.0", "build 1", datetime(2026, 6, 1, 9, 30, tzinfo=UTC))
    publish(study.lake, study.study, build)
    return study


@pytest.fixture
def published(tmp_path: Path, published_once: SmallStudy) -> SmallStudy:
    """The small study, published, to be changed at will."""
    folder = published_once.file.parent
    return SmallStudy(Path(shutil.copytree(folder, tmp_path / "published")))


@pytest.fixture
def synthetic_study(tmp_path: Path) -> SmallStudy:
    """The same with drawn images."""
    return SmallStudy(_made(tmp_path / "synthetic", "synthetic"))


@pytest.fixture(scope="session")
def own_queries() -> dict[str, Query]:
    """The project's queries by name."""
    return {query.name: query for query in queries()}
