"""`keep_images: false`: pixels go once all that needs them has run; nothing is paid for twice."""

import logging
import shutil
from datetime import UTC, datetime

import polars as pl
import pytest

from streetview_assets.errors import EncoderError
from streetview_assets.images.image_files import image_on_disk
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import areas, embeddings, images, points, pooling
from streetview_assets.orchestration.deleted_images import refuse_deleted
from streetview_assets.study_state.open_study import open_study

EAST, WEST = "X01000001", "X01000002"
SMALL = "size_px: [64, 64]"
DELETING = {SMALL: f"{SMALL}, keep_images: false"}
CLIP = "open_clip:ViT-B-32-quickgelu/openai"
UP_TO_IMAGES = (
    areas.areas,
    points.road_network,
    points.sample_points,
    images.panoramas,
    images.images,
)
retention = pooling.image_retention


def work(opened, function, authority=EAST, **options):
    options = {"retry": False, "anew": False} | options
    log = logging.getLogger(__name__)
    return AssetContext(
        opened, function.__name__, authority, "run", tracking=None, log=log, **options
    )


def make(opened, *functions, authority=EAST, **options):
    """Make assets one after the other, as Dagster would; give what the last one made."""
    for function in functions:
        asset = function.__name__
        study_wide = function is embeddings.encoders
        code = None if study_wide else authority
        origin = opened.input_fingerprint(asset, code)
        made = function(work(opened, function, code, **options))
        provenance = made.provenance(origin)
        opened.write(asset, made.frames, code, provenance)
    return made


@pytest.fixture(scope="session")
def _images_once(tmp_path_factory, write_town):
    """The folder of a town whose images are drawn and not looked at yet."""
    folder = tmp_path_factory.mktemp("images")
    study = write_town(folder / "study", DELETING)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        opened = open_study(study)
        for authority in (EAST, WEST):
            make(opened, *UP_TO_IMAGES, authority=authority)
    return folder


@pytest.fixture
def town(at_home, _images_once):
    """The same, of one's own."""
    shutil.copytree(_images_once, at_home, dirs_exist_ok=True)
    return open_study(at_home / "study" / "study.yaml")


def again(town, before="", after=""):
    """Open the study once more, with some of its file replaced."""
    text = town.study.path.read_text()
    assert before in text
    town.study.path.write_text(text.replace(before, after))
    return open_study(town.study.path)


def encoded(town, *authorities):
    """Let the encoders look at the images of authorities."""
    make(town, embeddings.encoders)
    for authority in authorities:
        make(
            town,
            embeddings.image_embeddings,
            pooling.baseline_embeddings,
            authority=authority,
        )


def images_there(town, authority=EAST):
    return town.read("images", authority).filter(status="ok")


def on_disk(town, authority=EAST):
    ids = images_there(town, authority)["image_id"]
    return {one for one in ids if image_on_disk(town.root, one)}


def test_pixels_go_and_what_is_known_of_them_stays(town):
    before = town.read("images", EAST)
    encoded(town, EAST)
    made = make(town, retention)
    rows = town.read("image_retention", EAST)
    assert rows["image_id"].to_list() == sorted(images_there(town)["image_id"])
    assert all((town.root / path).is_file() for path in rows["thumbnail_path"])
    assert made.metadata["deleted now"] == rows.height > 0
    assert not on_disk(town)
    assert on_disk(town, WEST), "images of another authority"
    assert town.read("images", EAST).equals(before)
    assert set(town.ledger.deleted()) == set(rows["image_id"])


def test_what_was_deleted_is_not_fetched_again(town):
    encoded(town, EAST)
    make(town, retention)
    rows = town.read("image_retention", EAST)
    made = make(town, images.images)
    assert made.metadata["asked for now"] == 0
    assert not on_disk(town)
    encoded(town, EAST)
    assert make(town, retention).metadata["deleted now"] == 0
    assert town.read("image_retention", EAST).equals(rows)


def test_nothing_goes_before_every_encoder_has_run(town):
    make(town, embeddings.encoders, pooling.baseline_embeddings)
    made = make(town, retention)
    assert "image_embeddings have to look at the images first" in made.note
    make(town, embeddings.image_embeddings)
    lost = town.lake.path("baseline_embeddings", EAST)
    lost.unlink()
    assert "baseline_embeddings" in make(town, retention).note
    assert len(on_disk(town)) == images_there(town).height
    assert town.ledger.deleted() == {}


def test_a_study_that_keeps_its_images_deletes_none(town):
    town = again(town, ", keep_images: false", "")
    make(town, images.images)
    encoded(town, EAST)
    assert "image_retention" not in town.assets
    assert len(on_disk(town)) == images_there(town).height


def test_what_a_killed_run_noted_and_half_deleted_is_completed(town):
    encoded(town, EAST)
    ids = sorted(images_there(town)["image_id"])
    at = datetime(2024, 6, 1, tzinfo=UTC)
    town.ledger.record_deleted(ids, at)
    for one in ids[:3]:
        image_on_disk(town.root, one).unlink()
    make(town, retention)
    rows = town.read("image_retention", EAST)
    assert rows["image_id"].to_list() == ids
    assert set(rows.head(3)["deleted_at"]) == {at}
    assert not on_disk(town)


def test_images_that_are_kept_again_come_back_and_can_be_deleted_again(town):
    encoded(town, EAST)
    make(town, retention)
    keeping = again(town, "keep_images: false", "keep_images: true")
    count = images_there(town).height
    assert make(keeping, images.images).metadata["asked for now"] == count
    assert len(on_disk(town)) == count
    town = again(town, "keep_images: true", "keep_images: false")
    make(town, images.images)
    encoded(town, EAST)
    make(town, retention)
    assert not on_disk(town)
    assert town.read("image_retention", EAST).height == count


def test_an_image_that_two_authorities_share_stays_until_both_have_encoded_it(town):
    theirs, mine = town.read("images", WEST), images_there(town).head(1)
    shared = mine["image_id"][0]
    both = pl.concat([theirs, mine.with_columns(authority_code=pl.lit(WEST), area_code=None)])
    town.lake.write("images", both, town.provenance("images", WEST), authority=WEST)
    encoded(town, EAST)
    make(town, retention)
    assert on_disk(town) == {shared}
    assert shared not in town.ledger.deleted()
    encoded(town, WEST)
    make(town, retention, authority=WEST)
    assert not on_disk(town)
    assert shared in town.ledger.deleted()


def test_vectors_that_are_there_outlive_the_pixels_whatever_is_made_anew(town):
    encoded(town, EAST)
    vectors = town.read("image_embeddings", EAST)
    make(town, retention)
    for options in ({"anew": True}, {"retry": True}):
        make(town, embeddings.image_embeddings, **options)
        assert town.read("image_embeddings", EAST).equals(vectors)


@pytest.fixture(scope="session")
def other_encoder(tmp_path_factory) -> str:
    """A small CLIP with weights of chance: the study's part that names it."""
    from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

    make_torchvision_importable()
    import open_clip
    import torch

    vision = {"image_size": 32, "patch_size": 32, "layers": 1, "width": 32, "head_width": 32}
    text = {"context_length": 8, "vocab_size": 50, "width": 32, "heads": 2, "layers": 1}
    options = {"embed_dim": 8, "vision_cfg": vision, "text_cfg": text}
    torch.manual_seed(3)
    model = open_clip.create_model("ViT-B-32-quickgelu", pretrained=None, **options)
    path = tmp_path_factory.mktemp("weights") / "small.pt"
    torch.save(model.state_dict(), path)
    return f"{{name: {CLIP}, checkpoint: {path}, options: {options}, precision: fp32}}"


def test_an_encoder_that_comes_later_is_refused_and_the_way_back_is_named(town, other_encoder):
    encoded(town, EAST)
    make(town, retention)
    later = again(town, "{name: colour-texture}", other_encoder)
    make(later, embeddings.encoders)
    count = images_there(town).height
    with pytest.raises(EncoderError) as refused:
        make(later, embeddings.image_embeddings)
    said = str(refused.value)
    assert said.startswith(f"{count} of {count} images of {EAST} that open-clip-vit-b-32-")
    assert "costs no money: set `images.keep_images: true`" in said


def test_the_baseline_goes_on_with_new_images_when_old_pixels_are_gone(town, other_encoder):
    town = again(town, "{name: colour-texture}", other_encoder)
    all_of_them = town.read("images", EAST)
    first = all_of_them.head(all_of_them.height // 2).with_columns(
        is_current=pl.int_range(pl.len()) > 0  # the first may be called for another day
    )
    provenance = town.provenance("images", EAST)
    town.lake.write("images", first, provenance, authority=EAST)
    encoded(town, EAST)
    make(town, retention)
    town.lake.write("images", all_of_them, provenance, authority=EAST)
    encoded(town, EAST)
    assert (
        int(town.read("baseline_embeddings", EAST)["image_count"].sum()) // 4 == all_of_them.height
    )
    assert make(town, retention).metadata["deleted now"] == all_of_them.height - first.height
    shutil.rmtree(town.root / "cache" / "baseline_embeddings")
    with pytest.raises(EncoderError, match=r"colour-texture is to encode ha(s|ve) no pixels"):
        make(town, pooling.baseline_embeddings)


def test_the_price_of_fetching_again_is_told_where_images_cost_money(town):
    google = "provider: google, budget_usd: 1"
    town = again(town, "provider: synthetic", google)
    ids = [f"{number:024x}" for number in range(2000)]
    town.ledger.record_deleted(ids, datetime(2024, 6, 1, tzinfo=UTC))
    budget = town.ledger.budget(authority_code=EAST, provider="google", budget_usd=1)
    budget.settle(budget.reserve("another"), "charged")
    with pytest.raises(EncoderError) as refused:
        refuse_deleted(work(town, retention), pl.DataFrame({"image_id": ids}), "clip")
    said = str(refused.value)
    assert "2,000 of 2,000 images" in said
    assert "costs 14.00 US$ by list price" in said
    assert "images.budget_usd of at least 14.01" in said
