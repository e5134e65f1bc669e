"""Files of ratings as a study names them."""

import pytest

from streetview_assets.perception.ratings.rating_files import read_pairs, read_ratings
from streetview_assets.study.perception import Perception


@pytest.fixture
def read(tmp_path):
    """Read a CSV of ratings or, `pairs`, of comparisons; further keys are those of the study."""

    def _read(text, *, pairs=False, name="given.csv", encoding="utf-8", **keys):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        key = "comparisons" if pairs else "ratings"
        wishes = Perception.model_validate({key: path, **keys})
        return (read_pairs if pairs else read_ratings)(wishes).frame

    return _read
