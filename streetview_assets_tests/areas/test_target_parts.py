import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streetview_assets.areas.target_parts import aggregate
from streetview_assets.areas.targets import why_without_value
from streetview_assets.errors import StudyError
from streetview_assets.study.targets import Target, TargetLookup

LOOKUP = "part,area,people\np1,01,10\np2,01,30\np3,02,5\np4,02,5\np5,03,1\np6,99,1\n"
TABLE = "part,income,poor,all\np1,100,1,10\np2,200,3,10\np3,50,2,4\np4,c,c,c\np7,9,9,9\n"
SHARE = {"value": None, "share": ["poor"], "of": ["all"]}


@pytest.fixture
def join(join_targets, tmp_path):
    def read(table=TABLE, lookup=LOOKUP, aggregate="mean", weight=None, columns=None, **keys):
        (tmp_path / "table.csv").write_text(table)
        (tmp_path / "lookup.csv").write_text(lookup)
        through = {"path": "lookup.csv", "code": "part", "area_code": "area"} | (columns or {})
        through |= {"aggregate": aggregate} | ({"weight": weight} if weight else {})
        target = {"name": "income", "path": "table.csv", "area_code": "part", "value": "income"}
        return join_targets(target | {"more_is": "better", "lookup": through} | keys)

    return read


def test_the_rule_is_the_one_that_is_named(join):
    def first(**keys):
        return join(**keys).targets["value"].to_list()

    assert first(aggregate="mean") == [150, 50, None, None]
    assert first(aggregate="median") == [150, 50, None, None]
    assert first(aggregate="weighted_mean", weight="people") == [175, 50, None, None]
    assert first(aggregate="sum") == [300, None, None, None]


def test_a_share_adds_up_its_counts_before_it_divides(join):
    assert join(aggregate="sum", **SHARE).targets["value"].to_list() == [4 / 20, None, None, None]
    assert join(aggregate="mean", **SHARE).targets["value"][0] == pytest.approx(0.2)
    weighed = join(aggregate="weighted_mean", weight="people", **SHARE)
    assert weighed.targets["value"][0] == pytest.approx((0.1 * 10 + 0.3 * 30) / 40)
    empty = TABLE.replace("p3,50,2,4", "p3,50,0,0").replace("p4,c,c,c", "p4,1,0,0")
    for rule in ("sum", "mean", "median"):
        found = join(empty, aggregate=rule, **SHARE)
        assert found.targets["reason"][1] == "the whole of which it is a share is 0", rule


def test_parts_and_reasons_are_counted(join):
    found = join().targets
    assert found["part_count"].to_list() == [2, 1, 0, 0]
    assert found["part_without_value_count"].to_list() == [0, 1, 1, 0]
    assert why_without_value(found) == {
        "income": {"none of its parts is in the table": 1, "not in the lookup": 1}
    }
    summed = why_without_value(join(aggregate="sum").targets)
    assert summed["income"]["withheld in the table"] == 1
    lookup = LOOKUP.replace("p1,01,10", "p1,01,").replace("p2,01,30", "p2,01,0")
    weightless = join(lookup=lookup, aggregate="weighted_mean", weight="people").targets
    assert weightless["reason"][0] == "its parts have no weight"
    assert found["source"][0] == (
        "table.csv: income, by part; through lookup.csv: part to area, mean"
    )


def test_rank_and_decile_are_taken_of_areas_not_of_parts(join):
    found = join(**{"as": "decile"}).targets
    assert found["value"].to_list() == [10, 1, None, None]
    assert found["source"][0].endswith("mean; decile in the study, 1 lowest")


def test_postcodes_are_one_in_each_of_their_spellings(join):
    table = "part,income\nM15 4AB,10\nm154ad,30\n M15  4AG ,50\nB1 1AA,70\n1 11,80\n11 1,90\n"
    lookup = "part,area\nM154AB,01\nM15 4AD,01\nM15 4AG,02\nB11AA,03\n1 11,04\n111,04\n"
    assert join(table, lookup).targets["value"].to_list() == [20, 50, 70, 80]
    with pytest.raises(StudyError, match=r"different values of 'income': M15 4AB\."):
        join("part,income\nM15 4AB,1\nM154AB,2\n", lookup)


def test_a_part_of_two_areas_counts_in_both_but_is_not_added_twice(join):
    lookup = LOOKUP + "p1,04,10\n"
    assert join(lookup=lookup).targets["value"].to_list() == [150, 50, None, 100]
    with pytest.raises(StudyError, match=r"puts 1 code into several areas: p1\. .*more than once"):
        join(lookup=lookup, aggregate="sum")
    assert join(lookup=LOOKUP + "p1,01,10\n").targets["value"][0] == 150


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"columns": {"code": "prat"}}, r"targets\.0\.lookup\.code: .*lookup\.csv.*'prat'.*'part'"),
        ({"weight": "folk", "aggregate": "weighted_mean"}, r"lookup\.weight: .*lookup.csv.*'folk'"),
        ({"lookup": "part,area\np1,A1\n"}, r"lookup\.area_code: none of the 4 .*with A1\."),
        ({"lookup": "part,area\n"}, r"lookup\.area_code: none of the 4 areas .*with nothing"),
        ({"lookup": "part,area\np1,1\np2,02\n"}, r"lookup\.area_code: .*'01' stands there as '1'"),
        ({"table": "part,income\nq1,1\n"}, r"area_code: no code of .* with q1; .* p1, p2, p3"),
        ({"table": "part,income\n"}, r"area_code: no code of .* begin with nothing"),
        ({"table": "part,income\n1,5\n10,6\n", "lookup": "part,area\n01,01\n10,02\n"},
         r"area_code: .*table\.csv.*lookup\.csv: 1 code .*'01' stands there as '1'"),
        ({"table": "part,income\np1,c\n"}, r"table\.csv.* none of the 4 areas .*withheld"),
        ({"lookup": "part,area,people\np1,01,1\np1,01,2\n", "aggregate": "weighted_mean",
          "weight": "people"}, r"lookup\.weight: .*1 code with two weights: p1"),
        ({"lookup": LOOKUP.replace("30", "-3"), "aggregate": "weighted_mean", "weight": "people"},
         r"lookup\.weight: .*1 code with a weight below 0: p2"),
        ({"lookup": LOOKUP.replace("30", "many"), "aggregate": "weighted_mean",
          "weight": "people"}, r"lookup\.weight: .*row 3: 'many' is not a number"),
        ({"aggregate": "weighted_mean"}, r"targets\.0\.lookup: `aggregate: weighted_mean` and"),
        ({"weight": "people"}, r"targets\.0\.lookup: `aggregate: weighted_mean` and `weight`"),
        ({"aggregate": "mode"}, r"lookup\.aggregate: .*'mean', 'weighted_mean', 'sum' or 'median'"),
    ],
)  # fmt: skip
def test_a_lookup_that_cannot_be_meant_is_refused(join, keys, message):
    with pytest.raises(StudyError, match=f"(?s){message}"):
        join(**keys)


PARTS = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.none() | st.integers(0, 9), st.integers(1, 9), st.integers(0, 9)
    ),
    min_size=1,
    max_size=25,
)


@given(PARTS, st.sampled_from(["mean", "median", "weighted_mean", "sum"]), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_rules_agree_with_numpy(rows, rule, is_share):
    codes = [f"P{place}" for place in range(len(rows))]
    lookup = TargetLookup.model_construct(aggregate=rule)
    target = Target.model_construct(lookup=lookup, share=("a",) if is_share else None)
    values = pl.DataFrame(
        {
            "code": codes,
            "part": [part for _, part, _, _ in rows],
            "whole": [float(whole) if is_share else None for _, _, whole, _ in rows],
            "reason": ["empty" if part is None else None for _, part, _, _ in rows],
        },
        schema={"code": pl.String, "part": pl.Float64, "whole": pl.Float64, "reason": pl.String},
    )
    weights = [float(weight) if rule == "weighted_mean" else 1.0 for *_, weight in rows]
    parts = pl.DataFrame({"area_code": [row[0] for row in rows], "code": codes, "weight": weights})
    found = aggregate(values, parts.sort("area_code", "code"), target)
    assert found["area_code"].to_list() == sorted({row[0] for row in rows})
    for area, part, whole, *_ in found.iter_rows():
        mine = [
            (row[1], row[2], weight)
            for row, weight in zip(rows, weights, strict=True)
            if row[0] == area and row[1] is not None and weight > 0
        ]
        known = np.array(mine, dtype=float).reshape(-1, 3)
        gap = any(row[0] == area and row[1] is None for row in rows)
        if not mine or (rule == "sum" and gap):
            assert part is None
            continue
        if rule == "sum":
            assert (part, whole) == (known[:, 0].sum(), known[:, 1].sum() if is_share else None)
            continue
        each = known[:, 0] / known[:, 1] if is_share else known[:, 0]
        expected = np.median(each) if rule == "median" else np.average(each, weights=known[:, 2])
        assert part == pytest.approx(expected)


def test_an_index_of_2011_reaches_the_areas_of_2021(join_real, shared_data):
    imd, names = shared_data / "imd/imd2019_england_lsoa11.csv", shared_data / "lookups"
    through = names / "lookup_lsoa11_lsoa21_ltla22.csv"
    target = {
        "name": "imd", "path": str(imd), "area_code": "lsoa11_code", "value": "IMD_rank",
        "more_is": "better", "lookup": {"path": str(through), "code": "lsoa11_code",
        "area_code": "lsoa21_code", "aggregate": "mean"}
    }  # fmt: skip
    found = join_real("leeds_lsoa2021_simplified.geojson", "lsoa21_code", target).targets
    expected = (
        pl.read_csv(through).to_pandas()
        .merge(pl.read_csv(imd).to_pandas(), on="lsoa11_code")
        .groupby("lsoa21_code")["IMD_rank"].mean()
    )  # fmt: skip
    assert found["value"].to_list() == pytest.approx(expected[found["area_code"].to_list()])
    assert found["part_count"].max() == 2
    assert found["value"].null_count() == 0


def test_real_postcodes_cover_one_district_of_ten(join_real, shared_data, tmp_path):
    postcodes = shared_data / "lookups/trafford_postcodes_to_lsoa21.csv"
    lookup = pl.read_csv(postcodes)
    draw = np.random.default_rng(1)
    income = lookup.select(
        pcd=pl.col("postcode").str.replace(" ", ""),
        income=pl.Series(draw.normal(40_000, 9_000, lookup.height).round()),
    ).sample(fraction=0.9, seed=1)
    income.write_csv(tmp_path / "income.csv")
    target = {
        "name": "income", "path": "income.csv", "area_code": "pcd", "value": "income",
        "more_is": "better", "lookup": {"path": str(postcodes), "code": "postcode",
        "area_code": "lsoa_code", "aggregate": "median"}
    }  # fmt: skip
    found = join_real("gm_lsoa2021_generalised.geojson", "area_code", target)
    joined = lookup.with_columns(pcd=pl.col("postcode").str.replace(" ", "")).to_pandas()
    merged = joined.merge(income.to_pandas(), on="pcd")
    expected = merged.groupby("lsoa_code")["income"].median()
    valued = found.targets.drop_nulls("value")
    assert valued["area_code"].to_list() == sorted(expected.index)
    assert valued["value"].to_list() == expected.sort_index().tolist()
    assert valued["part_count"].sum() == len(merged)
    assert found.without_value == {"income": 1702 - valued.height}
    assert why_without_value(found.targets)["income"] == {"not in the lookup": 1702 - valued.height}
