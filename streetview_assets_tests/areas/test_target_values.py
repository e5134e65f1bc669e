import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetview_assets.areas.columns import MARKS, lost_zeros
from streetview_assets.areas.targets import source_of, why_without_value
from streetview_assets.errors import StudyError
from streetview_assets.text.counted import counted

HEALTH = {"name": "bad_health", "area_code": "area", "more_is": "worse"}
SHARE = {"share": ["bad", "very bad"], "of": ["all"]}
LONG = {"value": "count", "category": "health", "share": ["04", "05"], "of": ["01", "04", "05"]}


@pytest.fixture
def join(join_targets, tmp_path):
    """Join one target, of a table given as text, as sheets' rows or as a path."""

    def read(table, **keys):
        path = tmp_path / "table.csv"
        if isinstance(table, str):
            path.write_text(table)
        else:
            path = tmp_path / "table.xlsx"
            book = openpyxl.Workbook()
            for row in table:
                book.active.append(row)
            book.save(path)
        return join_targets(HEALTH | {"path": str(path)} | keys)

    return read


def values(found):
    return found.targets["value"].to_list()


def test_a_share_is_a_sum_over_a_total(join):
    table = "area,good,bad,very bad,all\n01,5,2,1,8\n02,10,0,0,10\n03,1,1,0,2\n04,0,0,0,0\n"
    found = join(table, **SHARE)
    assert values(found) == [3 / 8, 0, 1 / 2, None]
    assert found.targets["part_count"].to_list() == [1, 1, 1, 1]
    assert found.targets["reason"].to_list()[3] == "the whole of which it is a share is 0"
    parts = join(table, share=["bad", "very bad"], of=["good", "bad", "very bad"])
    assert values(parts) == values(found)
    assert parts.targets["source"].unique().to_list() == [
        "table.csv: (bad + very bad) / (good + bad + very bad), by area"
    ]


def test_a_share_of_a_long_table_names_its_codes(join):
    rows = [("area", "health", "count", "label")]
    rows += [
        (area, code, count, "text")
        for area, counts in (("01", (5, 2, 1)), ("02", (10, 0, 0)), ("03", (1, 1, 0)))
        for code, count in zip(("01", "04", "05"), counts, strict=True)
    ]
    rows += [("04", "01", 7, "the others are not there"), ("01", "99", 8, "of no interest")]
    found = join(rows, **LONG)
    assert values(found) == [3 / 8, 0, 1 / 2, None]
    assert found.targets["source"][0] == (
        "table.xlsx: count where health is (04 + 05) / (01 + 04 + 05), by area"
    )
    assert why_without_value(found.targets) == {"bad_health": {"empty in the table": 1}}


@pytest.mark.parametrize("mark", ["..", "*", "c", "C", "[c]", ":", " x "])
def test_what_an_office_withholds_is_null_and_counted(join, mark):
    table = f"area,bad,very bad,all,score\n01,1,{mark},5,{mark}\n02,1,1,4,1.5\n03,1,1,,\n"
    found = join(table, **SHARE)
    assert values(found) == [None, 0.5, None, None]
    assert found.without_value == {"bad_health": 3}
    expected = {"withheld in the table": 1, "empty in the table": 1, "not in the table": 1}
    assert why_without_value(found.targets) == {"bad_health": expected}
    assert found.targets["part_without_value_count"].to_list() == [1, 0, 1, 1]
    column = join(table, value="score")
    assert values(column) == [None, 1.5, None, None]
    assert why_without_value(column.targets) == {"bad_health": expected}


@pytest.mark.parametrize("cell", ["-", "1-4", "n/k", "12*", "~", "few"])
def test_text_that_says_less_is_refused(join, cell):
    with pytest.raises(StudyError, match=r"targets\.0\.share\.1: .*'very bad', row 3: "):
        join(f"area,bad,very bad,all\n01,1,1,5\n02,1,{cell},4\n", **SHARE)


def test_marks_are_in_the_form_in_which_they_are_compared():
    assert all(mark == mark.lower().strip() for mark in MARKS)
    assert len(set(MARKS)) == len(MARKS)


@pytest.mark.parametrize(
    ("table", "keys", "message"),
    [
        ("area,bad,total\n01,1,2\n", SHARE, r"targets\.0\.share\.1: .*'very bad'(?s:.*)of\.0: "),
        ("area,bad,all\n01,1,2\n01,1,3\n", {"share": ["bad"], "of": ["all"]}, r"values of 'all'"),
        (
            "area,health,count\n01,4,2\n01,1,3\n01,5,0\n",
            LONG,
            r"share: .* no category 04, 05\. .*'04' .*as '4'",
        ),
        (
            "area,health,count\n01,04,2\n01,04,3\n01,05,0\n01,01,0\n",
            LONG,
            r"of 'count': 01\. Where the table has a further dimension \(year, sex, age\)",
        ),
        ("area,score\n1,5\n02,6\n", {"value": "score"}, r"leading zeros .*'01' .*as '1'.*text"),
        ("area,score\n1,5\n2,6\n", {"value": "score"}, r"none of the 4 areas.*'01' .*as '1'"),
        (
            "area,score\n01,..\n02,*\n",
            {"value": "score"},
            r"empty for all of 4 areas.*withheld.*: 2",
        ),
        ("area,a,b\n01,c,1\n", {"share": ["a"], "of": ["b"]}, r"share: .*none of the 4 areas"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(join, table, keys, message):
    with pytest.raises(StudyError, match=message):
        join(table, **keys)


def test_excel_that_took_zeros_off_is_told_so(join):
    with pytest.raises(StudyError, match=r"4 codes differ in leading zeros alone.*as text"):
        join([("area", "score"), (1, 5.0), (2, 6), (3, 7), (4, 8), (10, 9)], value="score")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, r"targets\.0: give either `value`, a column, or `share` and `of`"),
        ({"value": "score", **SHARE}, "give either `value`"),
        ({"share": ["bad"]}, "`share` and `of` go together"),
        ({"value": "n", "category": "c"}, "`category` needs `value`"),
        ({"share": [4, 5], "of": ["all"]}, r"share\.0: YAML read this code as the number 4; put"),
        ({"share": "bad", "of": ["all"]}, r"share: expected a list"),
        ({"value": 2021}, r"targets\.0\.value: YAML read this code as the number 2021; put it in"),
        ({"share": [], "of": ["all"]}, r"share: the list is empty"),
        ({"share": ["a", "a"], "of": ["all"]}, "`share` names one twice"),
        ({"value": "score", "as": "quintile"}, r"targets\.0\.as: .*'value', 'rank' or 'decile'"),
        ({"value": "score", "as": "decile", "is_decile": True}, "`is_decile` is said of values as"),
        ({"value": "score", "As": "rank"}, r"unknown key; expected one of: area_code, as, "),
    ],
)
def test_keys_that_do_not_go_together_are_refused(join, keys, message):
    with pytest.raises(StudyError, match=message):
        join("area,score\n01,1\n", **keys)


def test_rank_and_decile_are_those_among_the_areas_of_the_study(join):
    table = "area,score\n01,30\n02,10\n03,30\n04,\n99,20\n98,1\n"
    rank = join(table, value="score", **{"as": "rank"})
    assert values(rank) == [2.5, 1, 2.5, None]
    decile = join(table, value="score", **{"as": "decile"})
    assert values(decile) == [5, 1, 5, None]
    assert decile.targets["source"][0] == "table.csv: score, by area; decile in the study, 1 lowest"
    better = join(table, value="score", more_is="better", **{"as": "decile"})
    assert values(better) == values(decile)
    assert better.without_value == {"bad_health": 1}


def test_whole_numbers_from_1_to_10_are_asked_about_and_taken_as_is_said(join):
    table = "area,score\n01,7\n02,8\n03,10\n04,\n99,400\n"
    with pytest.raises(
        StudyError, match=r"targets\.0\.is_decile: .*csv: .*Write `is_decile: true`"
    ):
        join(table, value="score")
    for said in (True, False):
        found = join(table, value="score", is_decile=said)
        assert values(found) == [7, 8, 10, None]
        assert set(found.targets["is_decile"]) == {said}
    assert not join(table, value="score", **{"as": "rank"}).targets["is_decile"].any()
    assert join(table, value="score", **{"as": "decile"}).targets["is_decile"].all()
    for other in ("7.5", "0", "11"):
        measured = table.replace("01,7", f"01,{other}")
        assert not join(measured, value="score").targets["is_decile"].any()
        with pytest.raises(StudyError, match="of 'bad_health' are no deciles: they lie between"):
            join(measured, value="score", is_decile=True)


def test_real_domains_are_ranked_anew_within_leeds(join_real, shared_data):
    imd = shared_data / "imd/imd2025_england_lsoa21.csv"
    domains = ["IMD", "Income", "Health", "Crime"]
    targets = [
        {"name": f"{domain}_{form}".lower(), "path": str(imd), "area_code": "lsoa21_code",
         "value": f"{domain}_rank", "more_is": "better", "as": form}
        for domain in domains
        for form in ("rank", "decile")
    ]  # fmt: skip
    found = join_real("leeds_lsoa2021_simplified.geojson", "lsoa21_code", *targets)
    wide = found.targets.pivot("target", index="area_code", values="value").to_pandas()
    source = pl.read_csv(imd).to_pandas().set_index("lsoa21_code").loc[wide["area_code"]]
    for domain in domains:
        expected = source[f"{domain}_rank"].rank(method="average").to_numpy()
        assert (wide[f"{domain.lower()}_rank"].to_numpy() == expected).all()
        deciles = wide[f"{domain.lower()}_decile"]
        assert sorted(deciles.value_counts()) == [48] * 2 + [49] * 8
        assert deciles[expected.argmin()] == 1


@given(st.sets(st.integers(0, 999)), st.sets(st.integers(0, 999)))
def test_lost_zeros_are_found_where_both_sides_lack_each_other(wanted, there):
    padded = pl.Series([f"{code:04}" for code in wanted], dtype=pl.String)
    bare = pl.Series([str(code) for code in there], dtype=pl.String)
    both = (wanted & there) - {0}
    said = lost_zeros(padded, bare)
    assert (
        said.startswith(counted(len(both), "code differs", "codes differ")) if both else said == ""
    )
    assert lost_zeros(padded, padded) == ""


def test_the_source_names_the_sheet(make_study, squares, tmp_path):
    squares.to_file(tmp_path / "areas.gpkg")
    target = HEALTH | {"path": "study.yaml", "value": "score", "sheet": "Data"}
    study = make_study(areas={"path": "areas.gpkg", "code": "code"}, targets=[target])
    assert source_of(study.targets[0]) == "study.yaml, sheet 'Data': score, by area"
