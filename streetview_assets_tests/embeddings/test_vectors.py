import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.vectors import matrix, unit, vector_series


def test_vectors_survive_the_way_to_polars_and_back() -> None:
    array = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)
    column = vector_series("embedding", array)
    assert column.dtype == pl.List(pl.Float32)
    assert column[2].to_list() == array[2].tolist()
    assert np.array_equal(matrix(column), array)


def test_a_filtered_column_gives_its_own_rows() -> None:
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    frame = pl.DataFrame({"n": [0, 1, 2, 3]}).with_columns(vector_series("embedding", array))
    assert np.array_equal(matrix(frame.filter(pl.col("n") >= 2)["embedding"]), array[2:])


def test_no_rows_give_an_empty_matrix_and_an_empty_column() -> None:
    assert matrix(pl.Series([], dtype=pl.List(pl.Float32))).shape == (0, 0)
    assert vector_series("embedding", np.empty((0, 5))).dtype == pl.List(pl.Float32)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [([[1.0, 2.0], None], "1 vector is null"), ([[1.0, 2.0], [1.0]], "several lengths")],
)
def test_what_is_no_matrix_is_refused(rows: list, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        matrix(pl.Series("embedding", rows, dtype=pl.List(pl.Float32)))


def test_unit_scales_rows_and_leaves_zeros() -> None:
    scaled = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert scaled.tolist() == [[np.float32(0.6), np.float32(0.8)], [0.0, 0.0]]
