import io
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetview_assets.images.duplicates import MOST_BITS, mark_duplicates
from streetview_assets.images.providers.synthetic.painting import View
from streetview_assets.images.providers.synthetic.place import Place, panorama_id
from streetview_assets.images.providers.synthetic.scene import scene_jpeg
from streetview_assets.images.quality_metrics import read_pixels
from streetview_assets.tables.registry import TABLES, check_contract


def row(image_id: str, panorama_id: str, bits: int = 0, **changes):
    """A row of table `images` whose hash is these 64 bits."""
    return {
        "authority_code": "A",
        "image_id": image_id,
        "point_id": f"point of {panorama_id}",
        "provider": "folder",
        "panorama_id": panorama_id,
        "captured_on": date(2022, 5, 1),
        "status": "ok",
        "is_current": True,
        "perceptual_hash": f"{bits:016x}",
        "red_sd": 0.2,
        "green_sd": 0.2,
        "blue_sd": 0.2,
        **changes,
    }


def marks(*rows) -> dict[str, str | None]:
    frame = mark_duplicates(TABLES["images"].frame(list(rows)))
    return dict(frame.select("image_id", "duplicate_of").iter_rows())


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def photo_row(path: Path, suffix: str = "", content: bytes | None = None):
    measures = read_pixels(content or path.read_bytes()).measures
    name = path.stem.zfill(3) + suffix
    return row(name, name, **measures)


def test_the_smaller_id_is_the_original_whatever_the_order_of_rows():
    rows = [row("b", "p2", 0b1111), row("a", "p1"), row("c", "p3", 1 << 63)]
    expected = {"a": None, "b": "a", "c": "a"}
    assert marks(*rows) == expected
    assert marks(*reversed(rows)) == expected


@pytest.mark.parametrize(("bits", "found"), [(MOST_BITS, "a"), (MOST_BITS + 1, None)])
@pytest.mark.parametrize("spread", [1, 13, 15])
def test_four_bits_are_alike_and_five_are_not_wherever_they_lie(bits, found, spread):
    flipped = sum(1 << (spread * place) for place in range(bits))
    assert marks(row("a", "p1"), row("b", "p2", flipped))["b"] == found


def test_images_of_one_panorama_are_no_duplicates_of_each_other():
    assert marks(row("a", "p1"), row("b", "p1"), row("c", "p2")) == {"a": None, "b": None, "c": "a"}


def test_a_duplicate_is_like_its_original_itself_and_not_by_way_of_a_third():
    chain = [row("a", "p1"), row("b", "p2", 0xF), row("c", "p3", 0xFF)]
    assert marks(*chain) == {"a": None, "b": "a", "c": None}


@pytest.mark.parametrize(
    "change",
    [
        {"is_current": False},
        {"status": "failed", "error": "gone"},
        {"perceptual_hash": None},
        {"red_sd": 0.01, "green_sd": 0.02, "blue_sd": 0.01},
        {"red_sd": None, "green_sd": None, "blue_sd": None},
    ],
    ids=["older capture", "failed", "never hashed", "flat", "never measured"],
)
def test_images_that_cannot_be_compared_are_left_out(change):
    assert marks(row("a", "p1", **change), row("b", "p2")) == {"a": None, "b": None}


def test_what_was_marked_before_is_marked_anew():
    assert marks(row("a", "p1", duplicate_of="gone"), row("b", "p2", duplicate_of="a")) == {
        "a": None,
        "b": "a",
    }
    assert marks(row("a", "p1", duplicate_of="gone")) == {"a": None}
    assert mark_duplicates(TABLES["images"].frame()).equals(TABLES["images"].frame())


def test_rows_keep_their_order_and_contract():
    rows = [row(name, f"p{name}") for name in "cabd"]
    marked = mark_duplicates(TABLES["images"].frame(rows))
    check_contract(TABLES["images"], marked)
    assert marked["image_id"].to_list() == list("cabd")


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63))),
        max_size=25,
    )
)
def test_every_pair_is_found_that_comparing_all_with_all_finds(drawn):
    # Bits flipped from one base, so that many pairs are near the limit.
    base = 0x9C3A5E0F12B47D68
    images = []
    for place, (panorama, noise, flips) in enumerate(drawn):
        bits = noise if len(flips) > 6 else base
        for flip in list(flips)[:6]:
            bits ^= 1 << flip
        images.append((f"{place:03d}", f"p{panorama}", bits))
    expected: dict[str, str | None] = {}
    for image_id, panorama, bits in images:
        expected[image_id] = next(
            (
                other
                for other, other_panorama, other_bits in images
                if other < image_id
                and expected[other] is None
                and other_panorama != panorama
                and (bits ^ other_bits).bit_count() <= MOST_BITS
            ),
            None,
        )
    assert marks(*(row(*image) for image in images)) == expected


def test_twenty_thousand_images_take_seconds():
    hashes = np.random.default_rng(0).integers(0, 2**63, 20_000, dtype=np.uint64).tolist()
    hashes[-1] = hashes[0] ^ 0b11
    rows = [row(f"{i:05d}", f"p{i // 4}", bits) for i, bits in enumerate(hashes)]
    frame = TABLES["images"].frame(rows)
    start = time.process_time()
    marked = mark_duplicates(frame)
    assert time.process_time() - start < 5
    assert marked["duplicate_of"].to_list()[-1] == "00000"


def test_copies_of_real_photos_are_found_and_different_photos_are_not(photos):
    paths = sorted((photos / "mapillary_sequence_santa_clara").glob("*.jpg"))
    rows, copies = [photo_row(path) for path in paths], {}
    for path in paths[::6]:
        photo = Image.open(path).convert("RGB")
        for suffix, copy in (
            (" recompressed", jpeg(photo, 40)),
            (" halved", jpeg(photo.resize((160, 120)))),
            (" enlarged", jpeg(photo.resize((640, 480), Image.Resampling.BICUBIC))),
        ):
            rows.append(photo_row(path, suffix, copy))
            copies[rows[-1]["image_id"]] = path.stem.zfill(3)
    found = {image_id: of for image_id, of in marks(*rows).items() if of is not None}
    assert found == copies


def test_drawn_images_of_different_streets_are_not_taken_for_each_other():
    view = View((160, 160), 90, 0)
    rows = []
    for number in range(60):
        place = Place(53.8 + number / 1000, -1.5, "residential", 0, 0.4, 42)
        content = scene_jpeg(panorama_id(place), date(2019, 5, 1), 0, view)
        rows.append(photo_row(Path(f"{number}.jpg"), content=content))
    assert set(marks(*rows).values()) == {None}


def test_flat_images_are_not_taken_for_each_other():
    def fog(level: int) -> bytes:
        shades = np.linspace(level - 5, level + 5, 240)[:, None, None]
        return jpeg(Image.fromarray(np.tile(np.rint(shades), (1, 320, 3)).astype(np.uint8)))

    rows = [photo_row(Path(f"{level}.jpg"), content=fog(level)) for level in range(180, 200)]
    assert len({found["perceptual_hash"] for found in rows}) < 20
    assert set(marks(*rows).values()) == {None}
