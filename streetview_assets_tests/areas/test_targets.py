import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from streetview_assets.areas import targets as targets_module
from streetview_assets.areas.standing import deprivation
from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES


def target(path, area_code="area", value="score", more_is="worse", name="score", **more):
    return {
        "name": name,
        "path": str(path),
        "area_code": area_code,
        "value": value,
        "more_is": more_is,
        **more,
    }


@pytest.fixture
def join_scores(join_targets, tmp_path):
    """Join the score of a table given as text."""

    def join(text):
        (tmp_path / "scores.csv").write_text(text)
        return join_targets(target("scores.csv"))

    return join


def test_leeds_of_2021_finds_its_ranks(join_real, shared_data):
    imd = shared_data / "imd/imd2025_england_lsoa21.csv"
    join = join_real(
        "leeds_lsoa2021_simplified.geojson",
        "lsoa21_code",
        target(imd, "lsoa21_code", "IMD_rank", "better", "imd_rank"),
        target(imd, "lsoa21_code", "Health_score", "worse", "health"),
    )
    assert join.targets.height == 2 * 488
    assert join.without_value == {"imd_rank": 0, "health": 0}
    assert join.source_row_count == {"imd_rank": 33_755, "health": 33_755}

    source = pl.read_csv(imd).select("lsoa21_code", "IMD_rank", "Health_score")
    wide = join.targets.pivot("target", index="area_code", values="value")
    both = wide.join(source, left_on="area_code", right_on="lsoa21_code")
    assert both["imd_rank"].to_list() == both["IMD_rank"].to_list()
    assert both["health"].to_list() == both["Health_score"].to_list()
    worst = min(zip(both["IMD_rank"], both["area_code"], strict=True))[1]
    assert deprivation(join.targets, "imd_rank")[worst] == 1


def test_all_482_areas_of_leeds_of_2011_find_a_value(join_real, shared_data):
    imd = target(shared_data / "imd/imd2019_england_lsoa11.csv", "lsoa11_code", "IMD_rank")
    join = join_real("leeds_lsoa2011_E08000035.geojson", "LSOA11CD", imd)
    assert (join.targets["value"].count(), join.without_value) == (482, {"score": 0})


def test_areas_and_values_of_different_editions_are_told_apart(join_real, shared_data):
    imd = target(shared_data / "imd/imd2019_england_lsoa11.csv", "lsoa11_code", "IMD_rank")
    message = (
        r"none of the 488 areas is in .*imd2019.*begin with Leeds 001A.*with E01000001.*edition"
    )
    with pytest.raises(StudyError, match=rf"(?s)targets\.0\.area_code: {message}"):
        join_real("leeds_lsoa2021_simplified.geojson", "lsoa21_name", imd)


def test_an_area_without_a_value_stays_and_is_counted(join_scores):
    join = join_scores("area,score,other\n03,3.5,a\n99,1,b\n02,,c\n01,1,\n")
    assert join.targets.select("area_code", "value", "authority_code").rows() == [
        ("01", 1.0, "N"),
        ("02", None, "N"),
        ("03", 3.5, "S"),
        ("04", None, "S"),
    ]
    assert join.without_value == {"score": 2}
    assert join.source_row_count == {"score": 4}
    assert set(deprivation(join.targets, "score")) == {"01", "03"}


def test_excel_and_parquet_give_what_csv_gives(join_targets, tmp_path):
    frame = pl.DataFrame({"area": ["01", "02", "03"], "score": [1.25, None, 3.0]})
    frame.write_csv(tmp_path / "scores.csv")
    frame.write_parquet(tmp_path / "scores.parquet")
    frame.to_pandas().to_excel(tmp_path / "scores.xlsx", sheet_name="Data", index=False)
    joins = [
        join_targets(target(file, **more))
        for file, more in [
            ("scores.csv", {}),
            ("scores.parquet", {}),
            ("scores.xlsx", {"sheet": "Data"}),
        ]
    ]
    assert joins[0].targets["value"].to_list() == [1.25, None, 3.0, None]
    assert joins[1].targets.drop("source").equals(joins[0].targets.drop("source"))
    assert joins[2].targets.drop("source").equals(joins[0].targets.drop("source"))


def test_a_file_that_targets_share_is_read_once(join_targets, tmp_path, monkeypatch):
    path = tmp_path / "scores.csv"
    path.write_text("area,score,rank\n01,1.5,44\n02,2,33\n")
    read = []

    def counting(*arguments):
        read.append(arguments[0])
        return read_source(*arguments)

    read_source = targets_module.read_source
    monkeypatch.setattr(targets_module, "read_source", counting)
    join = join_targets(target(path), target(path, value="rank", more_is="better", name="rank"))
    assert read == [path]
    assert join.targets.filter(target="rank", area_code="01")["more_is"].to_list() == ["better"]


def test_a_study_without_targets_has_no_rows(join_targets):
    join = join_targets()
    assert (join.targets.height, join.without_value) == (0, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "area,score\n01,1\n02,two\n",
            r"targets\.0\.value: .*scores\.csv, .*'score', row 3: 'two'",
        ),
        (
            "area,score\n77,ten\n01,1\n",
            r"targets\.0\.value: .*scores\.csv, .*'score', row 2: 'ten'",
        ),
        ("area,score\n01,1\n01,2\n02,1\n02,1\n", r"targets\.0\.area_code: .*scores\.csv.*: 01\. "),
        ("area,score\n01,1\n01,\n", r"targets\.0\.area_code: .*scores\.csv.*: 01\. "),
        ("area,scroe\n01,1\n", r"targets\.0\.value: .*'score'\. Did you mean 'scroe'"),
        ("aera,score\n01,1\n", r"targets\.0\.area_code: .*'area'\. Did you mean 'aera'"),
        ("area,score\n1,1\n2,1\n", r"none of the 4 areas .*begin with 01, 02.*with 1, 2\."),
        ("area,score\n01,\n02,\n", r"'score' is empty for all of 4 areas"),
        ("area,score\n", r"none of the 4 areas .*with nothing"),
    ],
)
def test_a_wrong_file_of_targets_is_refused(join_scores, content, message):
    with pytest.raises(StudyError, match=f"(?s){message}"):
        join_scores(content)


def test_rows_that_repeat_an_area_and_agree_are_one(join_scores):
    join = join_scores("area,score\n01,1.5\n01,1.50\n02,2\n01,1.5\n")
    assert join.targets["value"].to_list() == [1.5, 2, None, None]


@given(
    st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=30),
    st.sampled_from(["worse", "better"]),
)
def test_deprivation_is_the_rank_of_the_worst(values, more_is):
    rows = [
        {
            "authority_code": "N",
            "area_code": str(index),
            "target": name,
            "value": value if name == "score" else 1.0,
            "more_is": more_is,
        }
        for index, value in enumerate(values)
        for name in ("score", "other")
    ]
    share = deprivation(TABLES["targets"].frame(rows), "score")
    known = {str(index): value for index, value in enumerate(values) if value is not None}
    assert set(share) == set(known)
    sign = 1 if more_is == "worse" else -1
    expected = rankdata(sign * np.array(list(known.values()), dtype=float)) - 1
    if len(known) > 1:
        np.testing.assert_allclose([share[code] for code in known], expected / (len(known) - 1))
    assert sum(share.values()) == pytest.approx(len(known) / 2)
