"""Whole videos to train on: which frames of a video are kept, whatever part of them the features file holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maesum.data import FeatureStore
from maesum.data.whole_videos import WholeVideos
from maesum.scoring.whole_video import VideoScorer


class FirstValue(torch.nn.Module):
    """Gives each row its first value, so that a score tells which row it is of."""

    def __init__(self):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, features):
        return features[:, 0]


@pytest.mark.parametrize(
    ("frame_step", "every", "kept"),
    [(1, 15, 15), (15, 15, 15), (5, 15, 15), (2, 15, 16), (4, 15, 16), (30, 15, 30), (1, 1, 1), (15, 1, 15)],
)
def test_every_counts_frames_of_the_video_in_training_and_in_scoring(tmp_path, make_features, frame_step, every, kept):
    frames = np.arange(707, dtype=np.float32)
    held = frames[::frame_step]
    path = make_features("numbered.h5", lengths=(len(held),), frame_step=frame_step)
    store = FeatureStore(path)
    numbered = torch.from_numpy(held)[:, None]

    videos = WholeVideos(store, store.video_ids, every=every, seed=0)
    expected = frames[::kept]
    assert torch.equal(videos.features(0), store[store.video_ids[0]][:: kept // frame_step])
    assert len(videos[(0, 0)].features) == len(expected)

    scorer = VideoScorer(FirstValue(), 1, every)
    scores = scorer.importance(numbered, frame_step)
    np.testing.assert_array_equal(scores, expected)
    picks = scorer.picks({"a": scores}, frame_step)
    if kept == 1:
        assert picks is None
    else:
        np.testing.assert_array_equal(picks["a"], expected)
