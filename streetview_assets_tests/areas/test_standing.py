import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from streetview_assets.areas.standing import deciles, ranks

WITH_TIES = st.lists(st.integers(-9, 9) | st.none(), min_size=1, max_size=60)
DISTINCT = st.lists(st.integers(-(10**6), 10**6), min_size=10, max_size=80, unique=True)


def numbers(values):
    return pl.Series("value", values, dtype=pl.Float64)


@given(WITH_TIES)
def test_ranks_are_those_of_scipy(values):
    series = numbers(values)
    found = ranks(series)
    assert found.is_null().equals(series.is_null())
    known = series.drop_nulls().to_numpy()
    assert found.drop_nulls().to_list() == rankdata(known, method="average").tolist()


@given(DISTINCT)
def test_deciles_of_different_values_are_those_of_pandas(values):
    expected = pd.qcut(pd.Series(values, dtype=float), 10, labels=False) + 1
    assert deciles(numbers(values)).to_list() == expected.tolist()


@given(WITH_TIES)
def test_deciles_of_equal_values_follow_the_quantiles_of_numpy(values):
    series = numbers(values)
    found = deciles(series)
    assert found.is_null().equals(series.is_null())
    known = series.drop_nulls().to_numpy()
    if len(known):
        edges = np.quantile(known, np.linspace(0, 1, 11))[1:-1].round(9)
        expected = 1 + (known[:, None] > edges).sum(axis=1)
        assert found.drop_nulls().to_list() == expected.tolist()


@given(WITH_TIES, st.randoms(use_true_random=False))
def test_equal_values_share_a_decile_whatever_the_order_of_rows(values, random):
    by_value = dict(zip(values, deciles(numbers(values)), strict=True))
    shuffled = random.sample(values, len(values))
    assert deciles(numbers(shuffled)).to_list() == [by_value[value] for value in shuffled]
    known = sorted(value for value in by_value if value is not None)
    assert [by_value[value] for value in known] == sorted(by_value[value] for value in known)


@given(DISTINCT)
def test_deciles_of_different_values_are_of_one_size(values):
    sizes = deciles(numbers(values)).value_counts()
    assert sizes["value"].sort().to_list() == list(range(1, 11))
    assert set(sizes["count"]) <= {len(values) // 10, math.ceil(len(values) / 10)}


def test_ties_leave_deciles_empty_instead_of_numbering_them_anew():
    values = numbers([0] * 35 + list(range(1, 66)))
    with pytest.raises(ValueError, match="must be unique"):
        pd.qcut(values.to_pandas(), 10)
    counted = dict(deciles(values).value_counts().iter_rows())
    assert counted == {1: 35, 4: 5, 5: 10, 6: 10, 7: 10, 8: 10, 9: 10, 10: 10}
    assert deciles(numbers([3.5] * 12)).unique().to_list() == [1]
    assert deciles(numbers([None, None])).to_list() == [None, None]
    assert deciles(numbers([])).to_list() == []


@pytest.mark.parametrize("file", ["imd2019_england_lsoa11.csv", "imd2025_england_lsoa21.csv"])
def test_published_deciles_of_england_come_out_again(shared_data, file):
    """But for the few areas on the border of two tenths, which offices put into the upper."""
    table = pl.read_csv(shared_data / "imd" / file)
    for domain in ("IMD", "Income", "Crime"):
        found = deciles(table[f"{domain}_rank"].cast(pl.Float64))
        apart = table[f"{domain}_decile"] - found
        assert set(apart) == {0, 1}
        assert apart.sum() <= 9
