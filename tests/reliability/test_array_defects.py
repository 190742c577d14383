"""Arrays of NumPy with one thing wrong, to the command that imports them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reliability import bad_inputs


def _header(text: str) -> bytes:
    padded = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


ARRAYS = {
    "rank 1": np.ones(40), "rank 3": np.ones((40, 6, 1)), "another width": np.ones((40, 7)), "no channel": np.ones((40, 0)),
    "too short": np.ones((3, 6)), "NaN": np.full((40, 6), np.nan), "infinite": np.full((40, 6), np.inf),
    "beyond float16": np.full((40, 6), 1e6), "text": np.full((40, 6), "x"), "bool": np.ones((40, 6), bool),
    "complex": np.ones((40, 6), complex), "dates": np.zeros((40, 6), "M8[s]"), "records": np.zeros((40, 6), [("a", "f4")]),
    "a scalar": np.float32(3),
    "objects": _header("{'descr': '|O', 'fortran_order': False, 'shape': (40, 6), }") + b"cos\nsystem\n(S'true'\ntR.",
    "a huge shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 6), }") + b"0" * 99,
    "an overflowing shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 6), }"),
    "a negative shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 6), }"),
    "a header that computes": _header("__import__('os').system('true')"),
    "a header without end": b"\x93NUMPY\x01\x00\xff\xff{",
    "a deep header": _header("(" * 5000),
    "another version": b"\x93NUMPY\x09\x00" + b"\x00" * 80,
}  # fmt: skip


@pytest.mark.parametrize("defect", ARRAYS)
def test_arrays_with_a_defect_are_refused(inputs, tmp_path, defect):
    value = ARRAYS[defect]
    if isinstance(value, bytes):
        inputs["npy"].path.write_bytes(value)
    else:
        np.save(inputs["npy"].path, value)
    assert bad_inputs.judge("npy", inputs["npy"], tmp_path, whole_command=defect == "NaN") == "refused"
