"""Images go out as folders of panoramas: whole ones, of images that may be passed on."""

import io
import json

import polars as pl
import pytest
from PIL import Image

from streetview_assets.errors import StudyError
from streetview_assets.exports.panoramas import export_panoramas
from streetview_assets_tests.lake.test_export_hdf5 import POINT, make_study

# By point: `a` has p1 and p2, the latter without its view to the east; `b` shares p1; `c` has p3
# without its view to the south; at `d` there is nothing.
VIEWS = {"p1": (0, 90, 180, 270), "p2": (0, 180, 270), "p3": (0, 90, 270)}


def table_of(folder) -> dict[str, dict]:
    rows = pl.read_csv(folder / "panoramas.csv").to_dicts()
    return {row["panorama_id"]: row for row in rows}


def test_views_and_strips_of_each_location(tmp_path):
    opened = make_study(tmp_path)
    written = export_panoramas(opened, tmp_path / "out")
    assert written.counts == {"locations": 3, "images": 10}
    assert written.said == ["Locations that lack a view, whose strip is shorter: 2."]
    table = table_of(tmp_path / "out")
    assert set(table) == set(VIEWS)
    images = {row["image_id"]: row for row in opened.read("images").to_dicts()}
    for panorama, headings in VIEWS.items():
        row = table[panorama]
        folder = tmp_path / "out" / row["location"]
        names = [f"heading_{heading}.jpg" for heading in headings]
        assert {path.name for path in folder.iterdir()} == {*names, "panorama.jpg", "location.json"}
        assert row["files"].split() == names
        assert row["headings_deg"].split() == [str(heading) for heading in headings]
        for name, image_id in zip(names, row["image_ids"].split(), strict=True):
            original = opened.root / images[image_id]["path"]
            assert (folder / name).read_bytes() == original.read_bytes()
            assert name == f"heading_{images[image_id]['heading_deg']:g}.jpg"
        with Image.open(folder / "panorama.jpg") as strip:
            assert strip.size == (48 * len(headings), 48)
            for at, name in enumerate(names):  # each view stands where it should
                view = Image.open(folder / name).convert("RGB").resize((1, 1), Image.Resampling.BOX)
                part = strip.crop((48 * at, 0, 48 * at + 48, 48))
                part = part.resize((1, 1), Image.Resampling.BOX)
                near = zip(view.getpixel((0, 0)), part.getpixel((0, 0)), strict=True)
                assert all(abs(one - other) <= 2 for one, other in near)
    assert table["p1"]["point_id"] == POINT["a"]
    assert table["p1"]["captured_on"] == "2024-06-01"
    assert table["p2"]["captured_on"] is None, "the date is not known"
    assert "Ann" in table["p3"]["attribution"]
    assert "CC BY-SA 4.0" in table["p3"]["licence"]
    assert (table["p1"]["latitude"], table["p1"]["panorama_latitude"]) == (53.8, 53.9)


def test_what_was_interrupted_goes_on_where_it_stood(tmp_path):
    opened, out = make_study(tmp_path), tmp_path / "out"

    def stop(done: int, count: int) -> None:
        assert count == 3
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_panoramas(opened, out, on_progress=stop)
    (first,) = out.iterdir()
    (out / ".location_9.left").mkdir()
    marked = first / "panorama.jpg"
    made_at = marked.stat().st_mtime_ns
    written = export_panoramas(opened, out)
    assert written.counts["locations"] == 3
    assert "Locations that were there already: 1." in written.said
    assert marked.stat().st_mtime_ns == made_at
    assert not (out / ".location_9.left").exists()
    whole = {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()}
    again = export_panoramas(opened, out)
    assert again.counts["images"] == 10
    assert "Locations that were there already: 3." in again.said
    assert {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()} == whole


def test_what_is_gone_or_broken_is_left_out_and_counted(tmp_path):
    opened, out = make_study(tmp_path), tmp_path / "out"
    export_panoramas(opened, out)
    images = opened.read("images").filter(status="ok")
    paths = {(row["panorama_id"], row["heading_deg"]): row["path"] for row in images.to_dicts()}
    current = images.filter("is_current", panorama_id="p3")
    for path in current["path"]:
        (opened.root / path).unlink()
    (opened.root / paths["p1", 0.0]).unlink()
    (opened.root / paths["p2", 0.0]).write_bytes(b"no image")
    content = io.BytesIO()
    Image.new("RGBA", (48, 48), "red").save(content, "PNG")
    (opened.root / paths["p2", 180.0]).write_bytes(content.getvalue())
    of_p3 = out / table_of(out)["p3"]["location"]
    place = out / table_of(out)["p2"]["location"]
    (place / "location.json").write_text(json.dumps({"study": "s"}))  # as if of other images
    written = export_panoramas(opened, out)
    assert written.counts == {"locations": 2, "images": 5}
    assert not of_p3.exists()
    assert "Left out, since their pixels are not kept: 4 images." in written.said
    assert "Locations taken away, since the study no longer has them: 1." in written.said
    assert "Images left out, since they cannot be read: 1." in written.said
    table = table_of(out)
    assert table["p1"]["headings_deg"].split() == ["90", "180", "270"]
    with Image.open(out / table["p2"]["location"] / "heading_180.jpg") as image:
        assert image.format == "JPEG"
        red, green, blue = image.getpixel((20, 20))
        assert (red > 245, green < 10, blue < 10) == (True, True, True)
    with Image.open(out / table["p2"]["location"] / "panorama.jpg") as strip:
        assert strip.size == (96, 48)


def test_what_the_terms_forbid_is_refused_before_anything_is_written(tmp_path):
    opened = make_study(tmp_path, provider="google", keep_images=True)
    with pytest.raises(StudyError, match="Left out: 10 Google Street View images"):
        export_panoramas(opened, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    opened = make_study(tmp_path)
    mine = tmp_path / "out" / "location_0"
    mine.mkdir(parents=True)
    (mine / "note.txt").write_text("mine")
    with pytest.raises(StudyError, match="location_0 is of something else; name another"):
        export_panoramas(opened, tmp_path / "out")
    (mine / "location.json").write_text('{"study": "other"}')
    with pytest.raises(StudyError, match="of the study other"):
        export_panoramas(opened, tmp_path / "out")
    assert (mine / "note.txt").read_text() == "mine"


def test_an_image_that_was_taken_out_of_a_folder_is_written_again(tmp_path):
    opened, out = make_study(tmp_path), tmp_path / "out"
    export_panoramas(opened, out)
    (out / "location_0" / "panorama.jpg").unlink()
    (out / "location_1" / "heading_0.jpg").unlink()
    written = export_panoramas(opened, out)
    assert written.counts["locations"] == 3
    assert "Locations that were there already: 1." in written.said
    assert (out / "location_0" / "panorama.jpg").is_file()
    assert (out / "location_1" / "heading_0.jpg").is_file()
