"""Videos whose features are all zero."""

import numpy as np

from maesum.data import write_features
from maesum.data.store import FeatureStore
from maesum.data.zeros import remark_on_zeros, videos_of_zeros


def test_videos_of_zeros_are_named(tmp_path):
    arrays = {name: np.ones((40, 8), np.float32) for name in "abcde"}
    arrays["b"][:] = 0
    arrays["e"][:] = 0
    arrays["c"][10:30] = 0  # black in its middle only
    write_features(tmp_path / "f.h5", list(arrays), [40] * 5, arrays.values(), backbone="x", preprocessing="y")
    store = FeatureStore(tmp_path / "f.h5")
    assert videos_of_zeros(store) == ["b", "e"]
    assert "of 2 of the 5 videos every feature is zero (b, e)" in remark_on_zeros(store)


def test_there_is_nothing_to_say_of_usual_features(make_features):
    assert remark_on_zeros(FeatureStore(make_features())) is None
