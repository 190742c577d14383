"""The tables are those that the result files give."""

import pytest

from benchmarks import recording


def test_tables_are_made_from_the_result_files():
    short, whole = recording.tables()
    assert short in recording.README.read_text(encoding="utf-8")
    assert recording.TABLE.read_text(encoding="utf-8") == whole
    assert set(short.splitlines()) < set(whole.splitlines())


@pytest.mark.parametrize(("unit", "ratio"), [("clips/s", 4), ("s", 0.25), ("MB", 0.25), ("error", 0.25)])
def test_a_ratio_above_one_is_better(unit, ratio):
    assert recording.Row("what", unit, 8.0, 2.0, "the usual way").ratio == ratio
    assert recording.Row("what", unit, None, 2.0, "the usual way").ratio is None
