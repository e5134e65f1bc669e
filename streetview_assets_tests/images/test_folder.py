"""Images of one's own as a provider gives them."""

import hashlib
from datetime import date

import pytest

from streetview_assets.errors import StudyError
from streetview_assets.images.duplicates import mark_duplicates
from streetview_assets.images.providers.base import FOUND, UNKNOWN_DATE, VIEWS
from streetview_assets.images.providers.folder import FolderProvider, name_of_file
from streetview_assets.images.providers.registry import open_provider
from streetview_assets.points.own_images.positions import points_from_images, read_image_positions
from streetview_assets.study.images import Images
from streetview_assets.study.points import Points
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES

COLUMNS = {"captured_at": "t", "heading_deg": "angle", "category": "kind"}
HEADER = "file,lon,lat,t,angle,kind\n"
HERE, THERE = "55.000000_13.000000", "56.000000_13.000000"


def _points(images: Images):
    positions = read_image_positions(images).frame
    return points_from_images(positions, TABLES["areas"].frame()).points


@pytest.fixture
def three(make_folder, encoded):
    files = {f"{name}.jpg": encoded(seed=seed) for seed, name in enumerate("abc")}
    table = "a.jpg,13,55,2019-06-15,90,house\nb.jpg,13,55,,,\nc.jpg,13,56,2012-01-01,0,flat\n"
    return make_folder(files, HEADER + table, **COLUMNS), files


def _named(files: dict[str, bytes]) -> dict[str, str]:
    return {
        file: name_of_file(file, hashlib.sha256(content).hexdigest())
        for file, content in files.items()
    }


def test_each_image_is_a_panorama_of_its_own_named_by_its_path_and_bytes(three):
    images, files = three
    found = FolderProvider(images).look_up(_points(images))
    assert found.schema == FOUND
    name = _named(files)
    rows = found.select("point_id", "panorama_id", "captured_on", "status", "distance_m").rows()
    assert sorted(rows) == sorted(
        [
            (HERE, name["a.jpg"], date(2019, 6, 1), "ok", 0.0),
            (HERE, name["b.jpg"], UNKNOWN_DATE, "ok", 0.0),
            (THERE, name["c.jpg"], date(2012, 1, 1), "ok", 0.0),
        ]
    )


def test_who_took_an_image_is_named_beside_it(make_folder, encoded):
    files = {f"{name}.jpg": encoded(seed=seed) for seed, name in enumerate("ab")}
    table = "file,lon,lat,by\na.jpg,13,55,© Ann\nb.jpg,13,56,\n"
    images = make_folder(files, table, copyright="by")
    found = FolderProvider(images).look_up(_points(images))
    assert found.select("point_id", "copyright").rows() == [(HERE, "© Ann"), (THERE, None)]


def test_one_view_an_image_with_its_own_heading_and_category(three):
    images, _ = three
    provider = FolderProvider(images)
    views = provider.views(provider.look_up(_points(images)))
    assert views.schema == VIEWS
    facts = views.select("captured_on", "heading_deg", "category").sort("captured_on").rows()
    assert facts == [
        (UNKNOWN_DATE, None, None),
        (date(2012, 1, 1), 0.0, "flat"),
        (date(2019, 6, 1), 90.0, "house"),
    ]


def test_the_study_gets_the_bytes_of_the_file_and_the_folder_stays_as_it_was(
    three, fetch_folder, tmp_path
):
    images, files = three
    for path in images.path.iterdir():
        path.chmod(0o444)
    table = fetch_folder(images, tmp_path / "data")
    kept = {(tmp_path / "data" / path).read_bytes() for path in table["path"]}
    assert kept == set(files.values())
    named = dict(table.select("source_path", "panorama_id").iter_rows())
    assert named == _named(files)
    assert {path.name: path.read_bytes() for path in images.path.iterdir()} == files
    again = fetch_folder(images, tmp_path / "elsewhere")
    assert again.sort("image_id").equals(table.sort("image_id"))


@pytest.mark.parametrize("shows", ["something", "nothing"])
def test_a_copy_of_a_file_is_an_image_of_its_own_and_a_duplicate(
    make_folder, encoded, plain, fetch_folder, tmp_path, shows
):
    """One photo of a terrace stands for two addresses: each keeps its place and its category."""
    content = encoded() if shows == "something" else plain
    files = {"a.jpg": content, "copy.jpg": content, "elsewhere.jpg": content}
    table = HEADER + (
        "a.jpg,13,55,2019-06,90,house\ncopy.jpg,13,55,2020-01,90,flat\n"
        "elsewhere.jpg,13,56,2019-06,90,shop\n"
    )
    images = fetch_folder(make_folder(files, table, **COLUMNS), tmp_path / "data")
    facts = images.select("source_path", "point_id", "category", "captured_on").sort("source_path")
    assert facts.rows() == [
        ("a.jpg", HERE, "house", date(2019, 6, 1)),
        ("copy.jpg", HERE, "flat", date(2020, 1, 1)),
        ("elsewhere.jpg", THERE, "shop", date(2019, 6, 1)),
    ]
    assert images["image_id"].n_unique() == 3
    marked = mark_duplicates(images).sort("image_id")
    first = marked["image_id"][0]
    assert marked["duplicate_of"].to_list() == [None, first, first]


def test_images_outside_the_dates_wanted_are_no_imagery(three):
    images, _ = three
    recent = Images.model_validate(images.model_dump() | {"captured_between": ("2019-01", None)})
    found = FolderProvider(recent).look_up(_points(images))
    rows = found.select("point_id", "captured_on", "status").sort("point_id").rows()
    assert rows == [(HERE, date(2019, 6, 1), "ok"), (THERE, UNKNOWN_DATE, "no_imagery")]


def test_a_file_that_goes_or_changes_before_it_is_fetched_is_a_row_that_says_so(three, encoded):
    images, _ = three
    provider = FolderProvider(images)
    found = provider.look_up(_points(images))
    views = provider.views(found).with_columns(image_id="captured_on").cast({"image_id": str})
    views = views.join(found.select("panorama_id", "point_id"), on="panorama_id")
    (images.path / "a.jpg").write_bytes(encoded(seed=9))
    (images.path / "c.jpg").unlink()
    said = {image.image_id: image for image in provider.fetch(views)}
    assert "changed" in said["2019-06-01"].error
    assert said["2012-01-01"].content is None
    assert said["2012-01-01"].status == "failed"
    later = {image.image_id: image for image in FolderProvider(images).fetch(views)}
    assert later["2012-01-01"].status == "missing"


@pytest.mark.parametrize(
    ("name", "key"), [("google", "GOOGLE_MAPS_API_KEY"), ("mapillary", "MAPILLARY_TOKEN")]
)
def test_a_provider_whose_key_is_not_set_is_refused_by_name(name, key):
    images = Images(provider=name, keep_images=True)
    study = Study.model_construct(name="s", images=images, points=Points(), seed=1)
    with pytest.raises(StudyError, match=rf"images\.provider: {name} needs the key {key}"):
        open_provider(study, {}, environment={"GOOGLE_MAPS_SIGNING_SECRET": ""})


def test_opening_a_provider_reads_nothing(tmp_path):
    images = Images(provider="folder", path=tmp_path)
    study = Study(name="s", images=images, points=Points(origin="images"))
    assert open_provider(study, {}).name == "folder"
