import io
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.profile import members_sheet as module
from streetview_assets.clusters.profile.members_sheet import numbers_shown, sweep_sheets
from streetview_assets.images.thumbnails import Shown

HUES = ((200, 0, 0), (0, 200, 0), (0, 0, 200))


@pytest.fixture(scope="module")
def sheets(tables: tuple, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Counter]:
    """Give the sheets of two and three clusters, and how often each image was read."""
    folder = tmp_path_factory.mktemp("images")
    images, embeddings = tables
    centres = score_sweep(
        embeddings, numbers=(2, 3), spaces={"raw": None}, seed=1, encoder="made-up"
    ).centres
    vectors = np.stack(embeddings["embedding"].to_list())
    of_three = np.stack(centres.filter(k=3)["centre"].to_list())
    nearest = np.linalg.norm(vectors[:, None] - of_three, axis=2).argmin(axis=1)
    for path, cluster in zip(images["path"], nearest, strict=True):
        Image.new("RGB", (8, 8), HUES[cluster]).save(folder / path, "PNG")
    images = images.with_columns(provider=pl.lit("folder"), copyright=pl.lit("© Ann"))
    read: Counter[Path] = Counter()

    def counted(files: Shown, size_px: int) -> Image.Image:
        (file,) = files
        read[file] += 1
        return Image.open(file).resize((size_px, size_px))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "tile", counted)
        made = sweep_sheets(
            embeddings, centres, images, folder, numbers=(2, 3, 4), title="made-up", seed=1
        )
        return dict(made), read


def test_each_number_has_a_sheet_of_its_own_clusters(sheets: tuple) -> None:
    pngs, _ = sheets
    assert list(pngs) == [2, 3], "four clusters have no centres"
    sheet = Image.open(io.BytesIO(pngs[3])).convert("RGB")
    counts = {colour: count for count, colour in sheet.getcolors(1 << 20)}
    assert [counts[hue] for hue in HUES] == [12 * 96 * 96] * 3
    assert Image.open(io.BytesIO(pngs[2])).height < sheet.height


def test_an_image_is_read_once_for_all_sheets(sheets: tuple) -> None:
    _, read = sheets
    assert set(read.values()) == {1}
    assert 36 <= len(read) < 60


def test_of_long_sweeps_twenty_numbers_are_shown_the_study_s_among_them() -> None:
    assert numbers_shown((2, 3, 9), 40) == [2, 3, 9]
    assert numbers_shown(range(2, 21), 7) == list(range(2, 21))
    many = range(2, 101)
    for k in many:
        shown = numbers_shown(many, k)
        assert len(set(shown)) == 20
        assert shown == sorted(shown)
        assert {shown[0], shown[-1]} == {2, 100}
        assert k in shown
    assert len(numbers_shown(many, 500)) == 20
