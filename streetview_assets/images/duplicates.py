"""Near-duplicates: images of different panoramas that show the same, by perceptual hash."""

import numpy as np
import numpy.typing as npt
import polars as pl

MOST_BITS = 4
"""Bits of 64 by which hashes of the same image may differ.

Copies of real street photos, recompressed down to quality 25 or resized by 2, differ by 0 or 2
bits (all of 654), brightened ones by up to 4 (97 %). The most alike of 42,778 pairs of different
photos, and of 3,792,256 pairs of drawn images, differ by 6: some of those show the same place
seconds later, some another street.
"""

LEAST_SD = 0.03
"""Images that vary less than this in every channel show nothing, and their hash is noise."""

_PARTS = MOST_BITS + 1
_PART_BITS = 13


def mark_duplicates(images: pl.DataFrame) -> pl.DataFrame:
    """Fill column duplicate_of.

    Only current images that are there and show something are compared: an older capture of the
    same place is meant to look alike. Of images that are alike, the one with the smallest
    image_id is the original, and those of other panoramas within `MOST_BITS` of it are its
    duplicates; an original is never itself a duplicate. Those that show nothing are duplicates
    where their files are equal to the byte.

    Parameters
    ----------
    images
        Table ``images`` of one authority, in any order.

    Returns
    -------
    polars.DataFrame
        The same rows in the same order; duplicate_of is null where there is no other.
    """
    there = images.filter(pl.col("is_current"), status="ok").sort("image_id")
    shows_something = _shows_something().fill_null(False)
    compared = there.filter(shows_something)
    hashes = _bits(compared["perceptual_hash"])
    panoramas = compared["panorama_id"].rank("dense").to_numpy()
    originals = _originals(hashes, panoramas)
    marked = compared.select(
        "image_id", duplicate_of=compared["image_id"].gather(pl.Series(originals))
    )
    first = pl.col("image_id", "panorama_id").first().over("sha256").name.prefix("first_")
    equal = (
        there.filter(~shows_something, pl.col("sha256").is_not_null())
        .with_columns(first)
        .filter(pl.col("panorama_id") != pl.col("first_panorama_id"))
        .select("image_id", duplicate_of="first_image_id")
    )
    both = pl.concat([marked, equal]).filter(pl.col("image_id") != pl.col("duplicate_of"))
    return (
        images.drop("duplicate_of")
        .join(both, on="image_id", how="left", maintain_order="left")
        .select(images.columns)
    )


def are_near_duplicates(
    images: pl.DataFrame, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Say of pairs of images whether they are all but the same, by the rule of `duplicate_of`.

    Parameters
    ----------
    images
        Rows of the table ``images``.
    left, right
        (n,): the pairs, by their places among these rows.

    Returns
    -------
    numpy.ndarray
        (n,); never true of two images of one panorama, nor of one that shows nothing.
    """
    shown = images.select(_shows_something().fill_null(False)).to_series().to_numpy()
    hashes = _bits(images["perceptual_hash"].fill_null("0"))
    panoramas = images["panorama_id"].rank("dense").to_numpy()
    alike = np.bitwise_count(hashes[left] ^ hashes[right]) <= MOST_BITS
    found: npt.NDArray[np.bool_] = (
        alike & shown[left] & shown[right] & (panoramas[left] != panoramas[right])
    )
    return found


def _shows_something() -> pl.Expr:
    """Whether an image has a hash that means something."""
    varies = pl.max_horizontal("red_sd", "green_sd", "blue_sd") >= LEAST_SD
    return pl.col("perceptual_hash").is_not_null() & varies


def _bits(hashes: pl.Series) -> npt.NDArray[np.uint64]:
    """Read hashes of 16 hexadecimal digits."""
    return np.array([int(text, 16) for text in hashes], dtype=np.uint64)


def _originals(
    hashes: npt.NDArray[np.uint64], panoramas: npt.NDArray[np.uint32]
) -> npt.NDArray[np.int64]:
    """Give each hash the place of its original: the first alike of another panorama, or itself."""
    originals = np.arange(len(hashes))
    buckets = [_Bucket(hashes, part) for part in range(_PARTS)]
    for place in range(len(hashes)):
        if originals[place] != place:
            continue
        near = np.concatenate([bucket.beside(place) for bucket in buckets])
        near = near[
            (near > place)
            & (originals[near] == near)
            & (np.bitwise_count(hashes[near] ^ hashes[place]) <= MOST_BITS)
            & (panoramas[near] != panoramas[place])
        ]
        originals[near] = place
    return originals


class _Bucket:
    """Hashes by one part of their bits.

    Hashes that differ in fewer bits than there are parts agree wholly in one part: only those need
    be compared.
    """

    def __init__(self, hashes: npt.NDArray[np.uint64], part: int) -> None:
        bits = (hashes >> np.uint64(part * _PART_BITS)) & np.uint64(2**_PART_BITS - 1)
        self._order = np.argsort(bits, kind="stable")
        self._starts = np.searchsorted(bits[self._order], bits, side="left")
        self._ends = np.searchsorted(bits[self._order], bits, side="right")

    def beside(self, place: int) -> npt.NDArray[np.int64]:
        """Give the places of the hashes that have this part in common with one."""
        return self._order[self._starts[place] : self._ends[place]]
