"""The linear sort gives numpy's stable order, for every type of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maesum.metrics.ordering import stable_order

TYPES = ["?", "u1", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "g"]


def assert_stable_order(values: np.ndarray) -> None:
    order = stable_order(values)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, np.argsort(values, kind="stable"))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(TYPES))
def test_equals_the_stable_sort_of_numpy(data: st.DataObject, dtype: str) -> None:
    """Negative zeros, infinities, subnormals and the ends of the whole numbers are among what is drawn."""
    elements = hnp.from_dtype(np.dtype(dtype), allow_nan=False)
    values = data.draw(hnp.arrays(dtype, st.integers(1, 50), elements=elements))
    assert_stable_order(values)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i4", ">i4", "<i8", ">i8", "<u4", ">u4"])
def test_equals_it_for_both_byte_orders_and_for_strides(dtype: str) -> None:
    values = np.random.default_rng(0).normal(scale=1e5, size=5000)
    values = (np.abs(values) if "u" in dtype else values).astype(dtype)
    assert_stable_order(values)
    assert_stable_order(values[::-3])
    assert_stable_order(values.round(-5) if values.dtype.kind == "f" else values // 100_000)
