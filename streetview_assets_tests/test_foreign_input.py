"""Whatever is wrong with a foreign file is said in one error that names it; nothing escapes."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest

from streetview_assets.areas.columns import read_source
from streetview_assets.cli.starter.study_text import starter_study
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.zero_shot.prompt_bank import prompts_by_group
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.models.ordinal.persistence import load_network
from streetview_assets.points.imported.street_data import read_street_data
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.study_file import load_study
from streetview_assets_tests.foreign_files import (
    AREAS,
    LINES,
    OSM,
    PAIRS,
    RATINGS,
    TABLE,
    make_averages,
    make_codes,
    make_features,
    make_graph,
    make_locations,
    make_network,
    make_npz,
    make_positions,
    make_study_file,
    make_tensor,
    make_vectors,
    make_workbook,
    read_areas,
    read_points,
    read_positions,
    read_rated,
    read_road_file,
    read_vectors,
)
from streetview_assets_tests.points.street_stores import write_store

Make, Read = Callable[[Path], object], Callable[[Path], object]
WANTED = {"lookup.code": "code", "lookup.value": "value"}
READERS: dict[str, tuple[Make, Read]] = {
    "areas.gpkg": (AREAS.to_file, read_areas),
    "areas.geojson": (AREAS.to_file, read_areas),
    "areas.shp": (AREAS.to_file, read_areas),
    "areas.fgb": (AREAS.to_file, read_areas),
    "areas.parquet": (AREAS.to_parquet, read_areas),
    "areas.csv": (
        lambda path: path.write_text("code,lat,lng\na,53.8,-1.5\nb,53.9,-1.5\n"),
        read_areas,
    ),
    "roads.gpkg": (LINES.to_file, read_road_file),
    "roads.geojson": (LINES.to_file, read_road_file),
    "roads.parquet": (LINES.to_parquet, read_road_file),
    "roads.osm": (lambda path: path.write_text(OSM), read_road_file),
    "roads.graphml": (make_graph, read_road_file),
    "init.geojson": (AREAS.to_file, lambda path: starter_study(path, path)),
    "init.parquet": (AREAS.to_parquet, lambda path: starter_study(path, path)),
    "table.csv": (TABLE.write_csv, lambda path: read_source(path, WANTED)),
    "table.parquet": (TABLE.write_parquet, lambda path: read_source(path, WANTED)),
    "table.xlsx": (make_workbook, lambda path: read_source(path, WANTED)),
    "points.json": (make_locations, read_points),
    "points.geojson": (make_positions, read_points),
    "points.csv": (
        lambda path: path.write_text("lat,lng\n53.8,-1.55\n53.9,-1.55\n"),
        read_points,
    ),
    "points.h5": (write_store, read_points),
    "points.parquet": (
        lambda path: pl.DataFrame({"lat": [53.8], "lng": [-1.5]}).write_parquet(path),
        read_points,
    ),
    "features.h5": (make_features, read_points),
    "store.h5": (write_store, lambda path: read_street_data(path, "images.path")),
    "positions.csv": (
        lambda path: path.write_text("file,lon,lat\na.jpg,-1.5,53.8\n"),
        read_positions,
    ),
    "positions.geojson": (
        make_positions,
        read_positions,
    ),
    "vectors.npz": (make_npz, read_vectors),
    "vectors.parquet": (make_vectors, read_vectors),
    "vectors.h5": (write_store, read_vectors),
    "codes.npz": (make_codes, lambda path: read_vectors(path.parent)),
    "vectors.pt": (make_tensor, lambda path: read_vectors(path.with_name("metadata.json"))),
    "ratings.geojson": (make_averages, read_rated),
    "ratings.csv": (lambda path: path.write_text(RATINGS), read_rated),
    "places.csv": (lambda path: path.write_text("lon,lat,safe_avg\n8.5,50,3\n"), read_rated),
    "pairs.csv": (lambda path: path.write_text(PAIRS), read_rated),
    "prompts.csv": (
        lambda path: path.write_text("group,prompt\na,b\na,c\n"),
        prompts_by_group,
    ),
    "network.json": (make_network, lambda path: load_network(path.parent)),
    "network.pt": (make_network, lambda path: load_network(path.parent)),
    "study.yaml": (make_study_file, load_study),
}
NEVER_CUT = (".csv", ".yaml")
"""Kinds of which a part is a whole too."""


def _noise(seed: int, size: int) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def _flipped(content: bytes, seed: int) -> bytes:
    """Overwrite a fiftieth of the bytes."""
    found = np.frombuffer(content, np.uint8).copy()
    generator = np.random.default_rng(seed)
    places = generator.integers(0, len(found), max(1, len(found) // 50))
    found[places] = generator.integers(0, 256, len(places))
    return found.tobytes()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "half": lambda content: content[: len(content) // 2],
    "all but the end": lambda content: content[:-9],
    "noise": lambda content: _noise(1, 4000),
    "noise after its head": lambda content: content[:64] + _noise(2, 4000),
    **{f"flipped {seed}": lambda content, seed=seed: _flipped(content, seed) for seed in range(6)},
    "zeros": lambda content: bytes(len(content)),
    "another kind": lambda content: b"%PDF-1.7\n1 0 obj\n" * 9,
    "Latin-1": lambda content: content + "é\n".encode("latin-1"),
    "UTF-16": lambda content: content.decode("latin-1").encode("utf-16"),
    "null": lambda content: b"null",
    "number": lambda content: b"1e999",
    "deep": lambda content: b"[" * 100_000,
    "deep objects": lambda content: b'{"a":' * 100_000,
    "long number": lambda content: b'[{"lat": 1' + b"0" * 400 + b', "lng": 1}]',
    "XML": lambda content: b'<?xml version="1.0"?><a><b/></a>',
}


def _error(read: Read, path: Path) -> str | None:
    try:
        read(path)
    except StudyError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", READERS)
def test_no_damage_to_a_file_escapes_its_reader(tmp_path, name):
    make, read = READERS[name]
    path = tmp_path / name
    make(path)
    content = path.read_bytes()
    if not name.startswith("init"):
        read(path)
    for damage, damaged in DAMAGES.items():
        path.write_bytes(damaged(content))
        error = _error(read, path)
        assert error is None or path.stem in error, damage
        if damage in ("empty", "half") and path.suffix not in NEVER_CUT:
            assert error is not None, damage


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_no_damage_to_weights_escapes_the_encoder(tmp_path, name):
    path = tmp_path / name
    for content in (b"", _noise(1, 4000), b"PK\3\4" + bytes(400), b"\x80\2}q\0.", b"{}"):
        path.write_bytes(content)
        with pytest.raises((EncoderError, StudyError), match=re.escape(str(path))):
            load_encoder(Encoder(name="timm:resnet10t", checkpoint=path))


VRT = """<OGRVRTDataSource><OGRVRTLayer name="areas"><SrcDataSource>%s</SrcDataSource>
</OGRVRTLayer></OGRVRTDataSource>"""
LED_ELSEWHERE = {
    "areas.vrt": VRT,
    "areas.geojson": VRT,
    "areas.json": '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read %s"}',
    "areas.gml": '<gml:FeatureCollection xmlns:gml="x" xsi:schemaLocation="%s"/>',
    "areas.gpkg": "<OGRWFSDataSource><URL>%s</URL></OGRWFSDataSource>",
    "areas.shp": VRT,
    "areas.fgb": VRT,
}


@pytest.mark.parametrize("name", LED_ELSEWHERE)
@pytest.mark.parametrize("read", [read_areas, read_road_file, lambda p: starter_study(p, p)])
def test_no_file_leads_gdal_to_another(tmp_path, name, read):
    other = tmp_path / "secret.geojson"
    AREAS.to_file(other)
    path = tmp_path / name
    path.write_text(LED_ELSEWHERE[name] % other)
    with pytest.raises(StudyError, match=re.escape(str(path))) as refused:
        read(path)
    assert "ogr2ogr" in str(refused.value) or "ive " in str(refused.value)
    zipped = tmp_path / "areas.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(path, name)
    with pytest.raises(StudyError, match=re.escape(str(zipped))):
        read(zipped)


def test_a_zipped_file_and_odd_names_are_read_as_they_are(tmp_path):
    odd = tmp_path / "a!b;c?d#e.shp"
    AREAS.to_file(tmp_path / "areas.shp")
    with zipfile.ZipFile(tmp_path / "areas.zip", "w") as archive:
        for file in sorted(tmp_path.glob("areas.*")):
            if file.suffix != ".zip":
                archive.write(file, file.name)
                file.rename(tmp_path / (odd.stem + file.suffix))
    read_areas(tmp_path / "areas.zip")
    read_areas(odd)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ({"exceededTransferLimit": True}, "exceededTransferLimit"),
        ({"properties": {"exceededTransferLimit": True}}, "exceededTransferLimit"),
        ({"numberMatched": 9, "numberReturned": 3}, "3 features, and says numberMatched 9"),
        ({"totalFeatures": 9}, "totalFeatures 9"),
        ({"links": [{"rel": "next", "href": "x"}]}, "next page"),
        ({"error": {"code": 400, "message": "Invalid query"}}, "Invalid query"),
        ({"crs": {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}}}, "by a link"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_geojson_that_says_that_it_is_incomplete_is_refused(tmp_path, member, said, is_first):
    whole = json.loads(AREAS.to_json())
    told = {**member, **whole} if is_first else {**whole, **member}
    path = tmp_path / "areas.geojson"
    path.write_text(json.dumps(told))
    with pytest.raises(StudyError, match=said):
        read_areas(path)
    finished = {"numberMatched": 3, "totalFeatures": 3, "links": [{"rel": "self"}]}
    path.write_text(json.dumps({**whole, **finished, "numberReturned": 3}))
    read_areas(path)


def test_no_part_of_a_store_lies_in_another_file(tmp_path):
    other = write_store(tmp_path / "other.h5")
    spoils: dict[str, Callable[[h5py.File], object]] = {
        "link": lambda file: file.__setitem__("city", h5py.ExternalLink(other, "point_id")),
        "below": lambda file: file.__setitem__("deep/city", h5py.ExternalLink(other, "/")),
        "external": lambda file: file.create_dataset(
            "city", (12,), "i4", external=[(str(other), 0, 48)]
        ),
        "virtual": lambda file: file.create_virtual_dataset("city", _virtual(other)),
    }
    for name, spoil in spoils.items():
        path = write_store(tmp_path / f"{name}.h5")
        with h5py.File(path, "a") as file:
            spoil(file)
        for read in (read_points, read_vectors):
            with pytest.raises(StudyError, match=f"{name}.h5: '(deep/)?city' lies in another file"):
                read(path)


def _virtual(other: Path) -> h5py.VirtualLayout:
    layout = h5py.VirtualLayout((12,), "i4")
    layout[:] = h5py.VirtualSource(other, "point_id", (12,))
    return layout


def _store_of_many(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("point_id", (10**12,), "i4", chunks=(1000,))
        file.create_dataset("features", (3, 4, 10**10), "f4", chunks=(1, 1, 1000))


def _packed(name: str, content: bytes, times: int) -> Make:
    def make(path: Path) -> None:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(name, "w", force_zip64=True) as member,
        ):
            for _ in range(times):
                member.write(content)

    return make


BOMBS: dict[str, tuple[Make, Read]] = {
    "points.h5": (_store_of_many, read_points),
    "vectors.h5": (_store_of_many, read_vectors),
    "vectors.npz": (_packed("embeddings.npy", bytes(2**24), 17), read_vectors),
    "table.xlsx": (
        _packed("xl/worksheets/sheet1.xml", b" " * 2**24, 17),
        lambda path: read_source(path, WANTED),
    ),
    "table.parquet": (
        lambda path: pl.select(code=pl.repeat(1, 4 * 10**7), value=1.5).write_parquet(path),
        lambda path: read_source(path, WANTED),
    ),
    "areas.zip": (_packed("areas.geojson", b" " * 2**24, 17), read_areas),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_says_that_it_is_far_more_than_it_is_packed_in_is_not_unpacked(tmp_path, name):
    make, read = BOMBS[name]
    make(tmp_path / name)
    with pytest.raises(StudyError, match=r"says that it holds [\d,]+ bytes, but is packed in"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
            "more than 100,000 values",
        ),
        ("a: " + "[" * 5000, "nested more than 40 levels"),
        ("a:\n" + "".join(" " * n + "- \n" for n in range(1, 60)), "nested more than 40"),
        ("a: &a [*a]", "stands within itself"),
        ("a: " + "x" * 2**21, "no study file"),
        ("a: !!timestamp never", "not readable as YAML"),
        ("a: !!int ''", "not readable as YAML"),
        ("? {a: b}\n: c", "not readable as YAML"),
        ("1: 2\n[a]: 3", "not readable as YAML|fault"),
        (f"roads: {{path: {'x' * 300}.csv}}", "File name too long"),
        ("roads: {path: ~nobody-of-this-name/x.csv}", "roads.path: .* home directory"),
        ("clusters: {sweep: [2, 1000000000000000000000000]}", "clusters.sweep.1"),
        ("areas: {1: 2, null: 3}\nname: !!binary aGVsbG8=\n", "fault"),
    ],
)
def test_a_study_file_that_is_none_is_one_error(tmp_path, text, said):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match=said) as refused:
        load_study(path)
    assert len(str(refused.value)) < 5000
