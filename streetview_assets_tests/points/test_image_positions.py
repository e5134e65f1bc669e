"""Where images of one's own were taken: by CSV, by GeoJSON, by EXIF."""

import json
import unicodedata
from datetime import UTC, date, datetime

import polars as pl
import pytest
from PIL import ExifTags, Image

from streetview_assets.errors import StudyError
from streetview_assets.image_decoding import KINDS
from streetview_assets.points.own_images.positions import (
    left_out_line,
    points_from_images,
    read_image_positions,
)
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES, check_contract

NOWHERE = TABLES["areas"].frame()
GPS = ExifTags.GPS


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    (made / "deep").mkdir(parents=True)
    for name in ("a.jpg", "b.JPG", "deep/c.png", "d.webp"):
        kind = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[
            name[-3:].lower().replace("ebp", "webp")
        ]
        Image.new("RGB", (8, 8)).save(made / name, kind)
    return made


@pytest.fixture
def read(folder, tmp_path):
    def read(table: str, more: tuple[str, ...] = (), **columns: str):
        for name in more:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        path = tmp_path / "table.csv"
        path.write_text(table, encoding="utf-8")
        return read_image_positions(
            Images(provider="folder", path=folder, positions=path, columns=columns)
        )

    return read


def _with_gps(path, gps, about=None):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif[ExifTags.Base.Copyright] = "Ann"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    exif.get_ifd(ExifTags.IFD.Exif).update(about or {})
    Image.new("RGB", (8, 8)).save(path, exif=exif)


def test_a_real_sequence_by_its_table(shared_data):
    folder = shared_data / "photos/mapillary_sequence_santa_clara"
    found = read_image_positions(
        Images(
            provider="folder",
            path=folder,
            positions=folder / "metadata.csv",
            columns={"captured_at": "captured_at", "heading_deg": "compass_angle"},
        )
    )
    assert found.frame.height == 293
    assert found.left_out.is_empty()
    assert found.frame.drop("panorama", "parent").row(0) == (
        "0.jpg",
        -121.9997403,
        37.3802345,
        date(2018, 11, 1),
        datetime(2018, 11, 9, 6, 2, 24, 286000, tzinfo=UTC),
        214.887,
        None,
        None,
    )


def test_real_photos_by_their_exif_lie_where_their_table_says(shared_data):
    folder = shared_data / "photos/opensfm"
    found = read_image_positions(Images(provider="folder", path=folder)).frame
    told = pl.read_csv(folder / "metadata.csv").sort("file")
    assert found["file"].to_list() == told["file"].to_list()
    assert (found["longitude"] - told["lon"]).abs().max() < 1e-9
    assert (found["latitude"] - told["lat"]).abs().max() < 1e-9


def test_exif_of_the_other_hemispheres_with_direction_and_time(tmp_path):
    gps = {
        GPS.GPSLatitudeRef: "S",
        GPS.GPSLatitude: (33.0, 52.0, 30.0),
        GPS.GPSLongitudeRef: "W",
        GPS.GPSLongitude: (70.0, 30.0, 0.0),
        GPS.GPSImgDirection: 271.5,
    }
    about = {
        ExifTags.Base.DateTimeOriginal: "2021:03:31 23:30:00",
        ExifTags.Base.OffsetTimeOriginal: "-03:00",
    }
    for suffix in ("jpg", "png", "webp"):
        _with_gps(tmp_path / f"x.{suffix}", gps, about)
    _with_gps(tmp_path / "half.jpg", {GPS.GPSLatitude: (33.0, 0.0, 0.0)})
    _with_gps(tmp_path / "wrong.jpg", gps | {GPS.GPSLatitude: (133.0, 0.0, 0.0)})
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "._x.jpg").write_text("what macOS leaves behind")
    found = read_image_positions(Images(provider="folder", path=tmp_path))
    assert dict(found.left_out.rows()) == {
        "._x.jpg": "hidden, or in a hidden folder",
        "empty.jpg": f"JPG that cannot be read: not a {KINDS} image",
        "half.jpg": "half a position in its EXIF: no GPSLongitude",
        "text.jpg": f"JPG that cannot be read: not a {KINDS} image",
        "wrong.jpg": "no position in its EXIF: GPSLatitude says no degrees",
    }
    assert found.frame["file"].to_list() == ["x.jpg", "x.png", "x.webp"]
    captured_at = datetime(2021, 4, 1, 2, 30, tzinfo=UTC)
    for row in found.frame.drop("panorama", "parent").iter_rows():
        assert row[1:] == (-70.5, -33.875, date(2021, 4, 1), captured_at, 271.5, None, "Ann")


def test_every_image_is_accounted_for(read):
    found = read(
        "file;lon;lat\na.jpg;1.5;50\ndeep\\c.png;1.6;50.5\nb.JPG;;\ngone.jpg;1;50\n../x.jpg;1;50\n"
        "half.gif;1;\n0.tif;0;0\n",
        more=("half.gif", "0.tif", "old.bmp", "notes.txt"),
    )
    assert found.frame["file"].to_list() == ["a.jpg", "deep/c.png"]
    missing = "listed in images.positions, and no file of this name is there"
    assert dict(found.left_out.rows()) == {
        "../x.jpg": missing,
        "0.tif": "longitude 0, latitude 0 is no place",
        "b.JPG": "no position in images.positions",
        "d.webp": "not in images.positions",
        "gone.jpg": missing,
        "half.gif": "half a position in images.positions",
        "old.bmp": f"BMP is not read; {KINDS} are",
    }
    assert left_out_line(found.left_out).startswith(
        f"7 image files left out: 2 × {missing}; 1 × BMP is not read; {KINDS} are (old.bmp); "
    )


def test_an_image_of_the_table_stays_though_it_is_corrupt(read, folder):
    (folder / "a.jpg").write_bytes(b"")
    assert read("file,lon,lat\na.jpg,1,50\n").frame["file"].to_list() == ["a.jpg"]


@pytest.mark.parametrize(
    ("cell", "captured_at"),
    [
        ("1541743344286", datetime(2018, 11, 9, 6, 2, 24, 286000, tzinfo=UTC)),
        ("2018-11-09", datetime(2018, 11, 9, tzinfo=UTC)),
        ("2018-11", datetime(2018, 11, 1, tzinfo=UTC)),
        ("2018-11-30T23:00:00-02:00", datetime(2018, 12, 1, 1, tzinfo=UTC)),
        ("2018-11-09 06:02:24", datetime(2018, 11, 9, 6, 2, 24, tzinfo=UTC)),
        ("", None),
    ],
)
def test_times_as_people_write_them(read, cell, captured_at):
    frame = read(f"file,lon,lat,t\na.jpg,1,50,{cell}\n", captured_at="t").frame
    assert frame["captured_at"].to_list() == [captured_at]
    month = captured_at and captured_at.date().replace(day=1)
    assert frame["captured_on"].to_list() == [month]


def test_geojson_gives_the_position_by_its_geometry(folder, tmp_path):
    features = [
        {"file": "a.jpg", "at": 1541743344286, "angle": -90, "kind": "house", "xy": [1.5, 50]},
        {"file": "b.JPG", "at": None, "angle": None, "kind": None, "xy": [1.6, 51]},
        {"file": "d.webp", "at": None, "angle": None, "kind": None, "xy": None},
    ]
    path = tmp_path / "table.geojson"
    document = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": (xy := one.pop("xy")) and {"type": "Point", "coordinates": xy},
                "properties": one,
            }
            for one in features
        ],
    }
    path.write_text(json.dumps(document))
    columns = {"captured_at": "at", "heading_deg": "angle", "category": "kind"}
    found = read_image_positions(
        Images(provider="folder", path=folder, positions=path, columns=columns)
    )
    facts = found.frame.select("file", "longitude", "latitude", "heading_deg", "category").rows()
    assert facts == [("a.jpg", 1.5, 50.0, 270.0, "house"), ("b.JPG", 1.6, 51.0, None, None)]
    assert found.frame["captured_on"].to_list() == [date(2018, 11, 1), None]
    assert found.left_out["file"].to_list() == ["d.webp", "deep/c.png"]


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        ("name,lon,lat\na.jpg,1,50\n", {}, ["images.columns.file", "'file'", "name, lon, lat"]),
        ("file,lon,lat\na.jpg,1,50\n", {"category": "kind"}, ["images.columns.category"]),
        ("file,lon,lat\na.jpg,1,50\nb.JPG,1,91\n", {}, ["line 3", "lat is '91'"]),
        ("file,lon,lat\na.jpg,west,50\n", {}, ["line 2", "'west'"]),
        ("file,lon,lat,t\na.jpg,1,50,2019\n", {"captured_at": "t"}, ["line 2", "'2019'"]),
        ("file,lon,lat,t\na.jpg,1,50,nan\n", {"heading_deg": "t"}, ["line 2", "from north"]),
        ("file,lon,lat\na.jpg,1,50\n./a.jpg,2,50\n", {}, ["line 3", "a.jpg is listed before"]),
        ("file,lon,lat\n,1,50\n", {}, ["line 2", "names no file"]),
        ("file,lon,lat\nx.jpg,1,50\n", {}, ["no position", "x.jpg", "relative to images.path"]),
        ("file,lon,lat\nA.jpg,1,50\n./A.JPG,2,50\n", {}, ["line 3", "a.jpg is listed before"]),
    ],
)
def test_a_wrong_table_is_refused_with_the_place_and_the_remedy(read, table, columns, said):
    with pytest.raises(StudyError) as refused:
        read(table, **columns)
    for words in [*said, "table.csv"]:
        assert words in str(refused.value)


def test_images_without_any_position_are_refused(folder, tmp_path):
    with pytest.raises(StudyError, match=r"none of the 4 images .*EXIF.*images\.positions"):
        read_image_positions(Images(provider="folder", path=folder))
    (tmp_path / "bare").mkdir()
    with pytest.raises(StudyError, match="has no images"):
        read_image_positions(Images(provider="folder", path=tmp_path / "bare"))


def test_images_at_one_place_are_one_point(read):
    positions = read(
        "file,lon,lat\na.jpg,-1.5,53.8\nb.JPG,-1.5000001,53.8000002\nd.webp,-1.5,53.800001\n"
    ).frame
    placed = points_from_images(positions, NOWHERE)
    check_contract(TABLES["sample_points"], placed.points)
    assert placed.points["point_id"].to_list() == ["53.800000_-1.500000", "53.800001_-1.500000"]
    assert placed.points["authority_code"].unique().to_list() == [WITHOUT_AREAS]
    assert placed.points["area_code"].null_count() == 2


def test_points_lie_in_the_area_that_contains_them_and_the_rest_are_counted(make_areas):
    areas = make_areas({"west": (-100, 0, 0, 100), "east": (0, 0, 100, 100)})
    inside = areas.select("longitude", "latitude")
    far = pl.DataFrame({"longitude": [0.0, 0.0], "latitude": [10.0, 10.0]})
    placed = points_from_images(pl.concat([inside, far]), areas)
    check_contract(TABLES["sample_points"], placed.points)
    assert set(placed.points["area_code"]) == {"west", "east"}
    assert placed.points["authority_code"].unique().to_list() == ["A1"]
    assert placed.outside_count == 2
    with pytest.raises(StudyError, match="none of the 2 images"):
        points_from_images(far, areas)


@pytest.mark.parametrize(
    "name",
    [
        "./straße/Café 1.jpg",
        "straße\\Café 1.jpg",
        "STRASSE/CAFÉ 1.JPG",
        "stra%C3%9Fe/Caf%C3%A9%201.jpg",
        "straße/Cafe\u0301 1.jpg",
        "straße/Café 1.jpeg",
        "straße/Café 1",
        "/home/ann/photos/straße/Café 1.jpg",
        "C:\\Photos\\straße\\Café 1.jpg",
        "file:///home/ann/photos/stra%C3%9Fe/Caf%C3%A9%201.JPG",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_is_found_however_its_name_is_written(read, name, form):
    file = unicodedata.normalize(form, "straße/Café 1.jpg")
    found = read(f'file,lon,lat\n"{name}",1.5,50\n', more=(file,))
    assert found.frame["file"].to_list() == [file]


def test_a_name_that_could_mean_two_files_is_told_and_no_place_is_guessed(read):
    found = read("file,lon,lat\na.jpg,1,50\nIMG.JPEG,2,51\n", more=("img.jpg", "img.heic", "A.jpg"))
    assert found.frame["file"].to_list() == ["a.jpg"]
    assert set(found.left_out["file"]) >= {"IMG.JPEG", "img.jpg", "img.heic", "A.jpg"}
