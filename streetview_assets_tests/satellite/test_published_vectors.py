"""Vectors of areas as others publish them."""

from pathlib import Path

import polars as pl
import pytest
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.satellite.embeddings import satellite_vectors
from streetview_assets.satellite.published import NO_VALUE, NOT_IN_TABLE
from streetview_assets.study.embeddings import Satellite

AREAS = pl.DataFrame(
    {
        "authority_code": ["X1"] * 3,
        "area_code": ["E01", "E02", "E03"],
        "geometry": pl.Series([shapely.to_wkb(shapely.box(0, 0, 1, 1))] * 3, dtype=pl.Binary),
    }
)


def read(path: Path, text: str | None = None, **said: object) -> pl.DataFrame:
    if text is not None:
        path.write_text(text)
    return satellite_vectors(Satellite(path=path, **said), AREAS, lambda: AREAS)


def by_area(found: pl.DataFrame, statistic: str = "mean") -> dict[str, object]:
    rows = found.filter(statistic=statistic).select("area_code", "embedding", "reason").rows()
    return {code: reason or vector for code, vector, reason in rows}


def test_bands_are_found_by_their_numbers_and_codes_by_those_of_the_areas(tmp_path: Path) -> None:
    text = "name,data_zone_code,band10_mean,band2_mean,band1_mean\n"
    text = text.replace("band10", "band3") + "E09,E01,3,2,1\nE01,E02,6,,4\nx,S99,9,9,9\n"
    found = read(tmp_path / "vectors.csv", text)
    assert by_area(found) == {"E01": [1.0, 2.0, 3.0], "E02": NO_VALUE, "E03": NOT_IN_TABLE}
    assert set(found["encoder"]) == {"alphaearth"}


def test_parquet_with_several_statistics_and_with_none_in_the_names(tmp_path: Path) -> None:
    frame = pl.DataFrame({"LSOA21CD": ["E01", "E02", "E03"]})
    both = frame.with_columns(
        A00_mean=pl.Series([1.0, 2, 3]), A01_mean=pl.Series([4.0, 5, 6]),
        A00_median=pl.Series([7.0, 8, 9]), A01_median=pl.Series([1.0, 1, 1]),
    )  # fmt: skip
    both.write_parquet(tmp_path / "both.parquet")
    found = read(tmp_path / "both.parquet")
    assert by_area(found)["E02"] == [2.0, 5.0]
    assert by_area(found, "median")["E03"] == [9.0, 1.0]
    bare = both.select("LSOA21CD", A01="A01_mean", A00="A00_mean")
    bare.write_parquet(tmp_path / "bare.parquet")
    assert by_area(read(tmp_path / "bare.parquet"))["E02"] == [2.0, 5.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,one,two\nE01,1,2\n", "no columns of bands"),
        ("code,A00,A02\nE01,1,2\n", "no column of band 1 of the mean"),
        ("code,A00,band0_mean\nE01,1,2\n", "are the same band"),
        ("code,A00\nE01,1\nE01,2\n", "1 area more than once there, the first 'E01'"),
        ("code,A00\nS01,1\n", "none of the 3 areas is in"),
        ("code,A00\nE01,high\n", "'A00', row 1: 'high' is not a number"),
        ("A00,A01\n1,2\n", "no column of area codes"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StudyError, match=said) as refused:
        read(tmp_path / "vectors.csv", text)
    assert "vectors.csv" in str(refused.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(StudyError, match=r"v\.parquet is not readable as a table"):
        read(tmp_path / "v.parquet")
    with pytest.raises(StudyError, match="no columns of the median, but of the mean"):
        read(tmp_path / "v.csv", "code,A00\nE01,1\n", statistic="median")
    with pytest.raises(StudyError, match="no column 'nope'"):
        read(tmp_path / "v.csv", "code,A00\nE01,1\n", area_code="nope")
