"""Pooling by panorama in a study: by the mean of views, or by the views side by side."""

import logging
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
import yaml

from streetview_assets.embeddings import embed
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import EncoderError
from streetview_assets.image_decoding import read_rgb
from streetview_assets.images.image_files import image_on_disk
from streetview_assets.images.strips import stitched
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import areas, embeddings, images, points, pooling
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.warehouse.queries import read_queries, sql_folder
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip
from streetview_assets_tests.lake.checked import run_check

EAST, WEST = "X01000001", "X01000002"
HEADINGS = [0, 90, 180, 270]
PER_SHARD = 4
UP_TO_IMAGES = (
    areas.areas,
    points.road_network,
    points.sample_points,
    images.panoramas,
    images.images,
)
vectors, panoramas = embeddings.image_embeddings, embeddings.panorama_embeddings
retention = pooling.image_retention


class Killed(AssetContext):
    """A run that ends when its first shard is on disk."""

    def progress(self, unit):
        def report(done, total):
            if done > PER_SHARD:
                raise KeyboardInterrupt

        return report


def make(opened: OpenStudy, *functions, kind=AssetContext, **options):
    """Make assets of EAST one after the other, as Dagster would; give what the last one made."""
    for function in functions:
        asset = function.__name__
        code = None if function is embeddings.encoders else EAST
        options = {"retry": False, "anew": False} | options
        log = logging.getLogger(__name__)
        work = kind(opened, asset, code, "run", tracking=None, log=log, **options)
        origin = opened.input_fingerprint(asset, code)
        made = function(work)
        provenance = made.provenance(origin)
        opened.write(asset, made.frames, code, provenance)
    return made


@pytest.fixture(scope="module")
def _images_once(tmp_path_factory, write_town) -> Path:
    """The folder of a town with four views of each panorama, of which nothing is encoded yet.

    Of the first panorama one view is broken, of the second all are.
    """
    folder = tmp_path_factory.mktemp("views")
    study = write_town(folder / "study", {"headings_deg: [0]": f"headings_deg: {HEADINGS}"})
    write_small_clip(folder / "study" / "small.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        opened = open_study(study)
        make(opened, *UP_TO_IMAGES)
        images = opened.read("images", EAST)
        first, second = images["panorama_id"].unique().sort()[:2]
        broken = images.filter(panorama_id=second)["image_id"].to_list()
        broken.append(images.filter(panorama_id=first, heading_deg=90)["image_id"].item())
        for image_id in broken:
            image_on_disk(opened.root, image_id).write_bytes(b"no image at all")
    return folder


@pytest.fixture
def town(at_home: Path, _images_once: Path):
    """Give a function that opens that town of one's own, with other settings."""
    shutil.copytree(_images_once, at_home, dirs_exist_ok=True)
    path = at_home / "study" / "study.yaml"

    def change(**changes) -> OpenStudy:
        document = yaml.safe_load(path.read_text())
        for part, values in changes.items():
            document[part] |= values
        path.write_text(yaml.safe_dump(document))
        return open_study(path)

    return change


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "LEAST_PER_SHARD", PER_SHARD)


def of_checks(opened: OpenStudy, asset: str) -> dict[str, bool]:
    checks = (query for query in read_queries(sql_folder()) if query.asset == asset)
    return {
        check.name: run_check(opened.lake, check, opened.study, authority=EAST).passed
        for check in checks
    }


@pytest.mark.usefixtures("small_shards")
def test_views_side_by_side_are_encoded_once_and_outlive_their_pixels(town) -> None:
    opened = town(
        encoder={"views": "panorama", "batch_size": PER_SHARD}, images={"keep_images": False}
    )
    make(opened, embeddings.encoders, vectors)
    images = opened.read("images", EAST)
    lost = images.filter(panorama_id=images["panorama_id"].max())["image_id"][0]
    image_on_disk(opened.root, lost).write_bytes(b"broken since it was encoded")
    assert "panorama_embeddings" in make(opened, retention).note, "pixels are needed still"
    with pytest.raises(KeyboardInterrupt):
        make(opened, panoramas, kind=Killed)
    count = images["panorama_id"].n_unique()
    made = make(opened, panoramas)
    assert made.metadata["panoramas encoded now"] == count - 1 - PER_SHARD > 0
    table = opened.read("panorama_embeddings", EAST)
    assert table.height == count
    first, second = table.head(2).to_dicts()
    assert (first["image_count"], first["status"]) == (3, "ok")
    assert (second["image_count"], second["status"]) == (0, "failed")
    assert "none of its 4 views has a vector" in second["error"]
    assert set(table["image_count"].tail(count - 2)) == {4}
    (last,) = table.tail(-2).filter(status="failed").to_dicts()
    assert lost in last["error"]
    own = images.filter(panorama_id=first["panorama_id"]).sort("heading_deg")
    seen = own.filter(own["heading_deg"] != 90)["path"]
    strip = stitched([read_rgb(opened.root / path) for path in seen])
    encoder = load_encoder(opened.study.encoder)
    expected = encoder.encode([encoder.preparation.prepare(strip)])[0]
    assert np.array_equal(np.array(first["embedding"], dtype=np.float32), expected)
    make(opened, pooling.area_embeddings, pooling.baseline_embeddings)
    pooled = opened.read("area_embeddings", EAST).filter(statistic="median")
    assert pooled["image_count"].sum() == 4 * (count - 3) + 3
    assert all(of_checks(opened, "area_embeddings").values())
    assert all(of_checks(opened, "panorama_embeddings").values())

    assert make(opened, retention).metadata["deleted now"] == images.height
    made = make(opened, panoramas, anew=True)
    assert made.metadata["panoramas encoded now"] == 0
    assert made.metadata["kept with other views, since pixels are gone"] == 0
    assert opened.read("panorama_embeddings", EAST).equals(table)
    shutil.rmtree(opened.root / "cache" / "strips")
    made = make(opened, panoramas)
    assert made.metadata["panoramas encoded now"] == 0
    assert opened.read("panorama_embeddings", EAST).equals(table)
    opened.lake.path("panorama_embeddings", EAST, opened.encoder).unlink()
    with pytest.raises(EncoderError, match=r"have no pixels any more.*costs no money"):
        make(opened, panoramas)


def test_a_view_that_comes_later_is_encoded_beside_the_others_while_they_are_there(town) -> None:
    opened = town(encoder={"views": "panorama"}, images={"keep_images": False})
    make(opened, embeddings.encoders, vectors, panoramas)
    before = opened.read("panorama_embeddings", EAST)
    first = before["panorama_id"][0]
    own = opened.read("images", EAST).filter(panorama_id=first).sort("heading_deg")
    whole = image_on_disk(opened.root, own["image_id"][0]).read_bytes()
    late = image_on_disk(opened.root, own["image_id"][1])
    late.write_bytes(whole)
    make(opened, vectors, retry=True)
    gone = [image_on_disk(opened.root, one) for one in own["image_id"][2:]]
    kept = {path: path.read_bytes() for path in gone}
    when = opened.provenance("images", EAST).made_at
    opened.ledger.record_deleted(own["image_id"][2:].to_list(), when)
    for path in gone:
        path.unlink()
    made = make(opened, panoramas)
    assert made.metadata["panoramas encoded now"] == 0
    assert made.metadata["kept with other views, since pixels are gone"] == 1
    assert opened.read("panorama_embeddings", EAST).equals(before)
    for path, content in kept.items():
        path.write_bytes(content)
    made = make(opened, panoramas)
    assert made.metadata["panoramas encoded now"] == 1
    after = opened.read("panorama_embeddings", EAST)
    assert after["image_count"][0] == 4
    assert after.tail(-1).equals(before.tail(-1))

    # A single view of it stands in for one that the next capture lacks: its strip is gone for good.
    images = opened.read("images", EAST)
    opened.ledger.record_deleted(own["image_id"].to_list(), when)
    for one in own["image_id"]:
        image_on_disk(opened.root, one).unlink()
    others = pl.col("image_id").is_in(own["image_id"].tail(-1).implode())
    provenance = opened.provenance("images", EAST)
    opened.lake.write("images", images.with_columns(is_current=~others), provenance, authority=EAST)
    opened.lake.path("panorama_embeddings", EAST, opened.encoder).unlink()
    make(opened, panoramas)
    assert opened.read("panorama_embeddings", EAST).equals(before), "the fewest others beside it"


@pytest.mark.parametrize("views", ["mean", "panorama"])
def test_the_baseline_is_pooled_as_the_encoder_is_and_reads_one_authority(town, views) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    settings = {"checkpoint": "small.pt", "options": OPTIONS, "precision": "fp32", "fit": "pad"}
    opened = town(encoder={"name": CLIP, **settings, "views": views})
    make(opened, embeddings.encoders, vectors, panoramas)
    for table in ("images", "image_embeddings", "panorama_embeddings"):
        encoder = None if table == "images" else opened.encoder
        other = opened.lake.path(table, WEST, encoder)
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(b"whoever reads this breaks")
    make(opened, pooling.area_embeddings, pooling.baseline_embeddings)
    torch.set_num_threads(threads)
    pooled = opened.lake.read("area_embeddings", EAST, opened.encoder)
    baseline = opened.lake.read("baseline_embeddings", EAST)
    counts = ("area_code", "statistic", "image_count")
    assert baseline.select(counts).equals(pooled.select(counts))
    made = opened.lake.read("panorama_embeddings", EAST, opened.encoder)
    assert set(made["views"]) == {views}
    assert pooled.filter(statistic="max")["image_count"].sum() == made["image_count"].sum()
    assert matrix(baseline["embedding"]).shape[1] == 516
    for table in (pooled, baseline):
        of_one_panorama = table.filter(pl.col("image_count") <= len(HEADINGS))
        assert of_one_panorama["dispersion"].max() < 1e-12
