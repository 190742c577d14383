"""What is kept of networks that were trained by split: means over splits, and every test video's own values."""

from __future__ import annotations

import numpy as np
import pytest

from maesum.evaluation.tables import Table
from maesum.methods.split_scores import _of_own_splits

VIDEOS = ("a", "b", "c")
SPLITS = ((0, 1), (1, 2))


def table(seed: int) -> Table:
    values = np.random.default_rng(seed).normal(size=(2, 1, len(VIDEOS)))
    return Table("paper", "of", ("tau", "rho"), VIDEOS, {"scores": values}, "propagate", (0, 0, 0), SPLITS, 0)


def test_each_splits_own_network_is_kept_on_each_of_its_test_videos() -> None:
    tables = [table(0), table(1)]
    kept = _of_own_splits(tables)
    for number, (split, each) in enumerate(zip(SPLITS, kept["videos_of_splits"], strict=True)):
        assert list(each) == [VIDEOS[video] for video in split]
        for place, measure in enumerate(("tau", "rho")):
            wanted = [tables[number].values["scores"][place, 0, video] for video in split]
            assert [values[measure] for values in each.values()] == wanted
            assert kept[f"{measure}_each"][number] == pytest.approx(np.mean(wanted))
    assert kept["tau"] == pytest.approx(np.mean(kept["tau_each"]))
