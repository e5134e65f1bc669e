import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetview_assets.embeddings.encoders.aspect_ratio import inputs_of, tile_starts

GREY = (120, 130, 140)


def striped(width: int, height: int) -> Image.Image:
    """An image whose every column (of a wide one; else row) has a colour of its own."""
    along = np.arange(max(width, height))
    colours = np.stack([along % 256, along // 256, np.full_like(along, 77)], axis=1)
    pixels = np.broadcast_to(colours.astype(np.uint8), (min(width, height), len(along), 3))
    return Image.fromarray(
        np.ascontiguousarray(pixels if width >= height else pixels.swapaxes(0, 1))
    )


@given(st.integers(1, 700), st.integers(1, 700), st.sampled_from([1.0, 0.875, 224 / 248]))
def test_tiles_leave_nothing_out_and_are_no_more_than_needed(one: int, two: int, seen: float):
    length, side = max(one, two), min(one, two)
    needed = (length / side - (1 - seen)) / seen
    if needed > 32:
        with pytest.raises(ValueError, match=f"{length} by {side} pixels"):
            tile_starts(length, side, seen)
        return
    starts = tile_starts(length, side, seen)
    assert starts[0] == 0
    assert starts[-1] == length - side
    assert len(starts) - 1 < needed + 1e-6
    gaps = np.diff(starts)
    assert (gaps <= seen * side + 1).all(), "what two neighbours show leaves a gap"
    assert np.ptp(gaps) <= 1 if len(gaps) else True


@pytest.mark.parametrize(("width", "height"), [(640, 160), (160, 640), (200, 160), (1024, 768)])
def test_every_column_of_a_strip_is_in_a_tile(width: int, height: int):
    image = striped(width, height)
    tiles = inputs_of(image, "tiles", ground=GREY, seen=1.0)
    assert {tile.size for tile in tiles} == {(min(width, height),) * 2}
    colours = [np.asarray(tile).reshape(-1, 3) for tile in tiles]
    assert len(np.unique(np.concatenate(colours), axis=0)) == max(width, height)
    assert len(tiles) == -(-max(width, height) // min(width, height))


def test_a_padded_image_is_whole_and_in_the_middle_of_what_the_network_sees():
    image = striped(320, 100)
    for seen in (1.0, 0.875):
        (square,) = inputs_of(image, "pad", ground=GREY, seen=seen)
        side = square.width
        assert square.size == (side, side)
        assert side == np.ceil(320 / seen)
        margin = (1 - seen) / 2 * side
        inside = np.asarray(square)[:, max(0, int(np.ceil(margin - 1))) : int(side - margin + 1)]
        is_ground = (inside == GREY).all(axis=2)
        assert (~is_ground).sum() == 320 * 100
        left = (side - 320) // 2
        top = (side - 100) // 2
        kept = square.crop((left, top, left + 320, top + 100))
        assert np.array_equal(np.asarray(kept), np.asarray(image))


def test_a_square_image_is_left_as_it_is_by_every_rule():
    image = striped(90, 90)
    for fit in ("crop", "pad", "tiles"):
        (one,) = inputs_of(image, fit, ground=GREY, seen=1.0)
        assert one is image
    assert inputs_of(image, "tiles", ground=GREY, seen=0.875) == [image]
