"""RS-SUM as a method: its update, that it learns to restore, what it prefers, and that it runs by command."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from maesum.data import write_features
from maesum.data.store import FeatureStore
from maesum.data.whole_videos import WholeVideos
from maesum.methods.rs_sum import METHOD, RsSumTraining
from maesum.metrics.rank import rank_correlation
from maesum.models.rs_sum import corrupt, restoration_errors, window_mask
from maesum.system.errors import MaesumError
from tests.commands import SECONDS, maesum_here, user_error
from tests.methods.fitting import fit

WIDTH, FRAMES, VIDEOS = 8, 64, 4


def write_common_scene(path):
    """Videos in which most frames show one scene, and the others something that comes once.

    Returns:
        For each video, 1 where the common scene is shown.
    """
    rng = np.random.default_rng(0)
    scene, features, common = rng.normal(size=WIDTH), [], []
    for _ in range(VIDEOS):
        shows = rng.random(FRAMES) < 0.75
        rare = rng.normal(size=(FRAMES, WIDTH))
        features.append(np.where(shows[:, None], scene + 0.3 * rare, 2 * rare).astype(np.float32))
        common.append(shows.astype(np.float32))
    write_features(path, [f"video_{k}" for k in range(VIDEOS)], [FRAMES] * VIDEOS, features)
    return common


@pytest.fixture
def common(tmp_path):
    return write_common_scene(tmp_path / "f.h5")


@pytest.fixture
def videos(tmp_path, common):
    store = FeatureStore(tmp_path / "f.h5")
    return WholeVideos(store, store.video_ids, every=1, seed=0)


def task(training_videos, **settings):
    torch.manual_seed(0)
    return RsSumTraining(
        WIDTH, training_videos, dict(every=1, width=16, length=24, passes=20, warmup_epochs=0) | settings
    )


def test_an_update_takes_the_mean_over_videos_of_the_mean_over_sequences(videos):
    learner = task([[1, 2]], clip=0.5, weight_decay=0.1)
    plain = copy.deepcopy(learner.networks[0].restorer)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-2, weight_decay=0.1)
    for video in (1, 2):
        draw = videos[(0, video)]
        for part, frames in enumerate(draw.features.split(24)):  # of 24, 24 and 16 frames: 3, 3 and 2 windows
            windows = len(frames) // 8
            noise = draw.uniform(2 * len(frames) + windows, stream=part)
            masked = window_mask(noise[:windows], 0.85, 8)
            assert masked.sum() == (24 if windows == 3 else 16)
            changed = corrupt(frames, masked, *noise[windows:].chunk(2))
            (restoration_errors(plain(changed[None])[0], frames)[masked].mean() / 3 / 2).backward()
    torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
    optimizer.step()
    fit(learner, videos, epochs=1)
    for name, p in learner.networks[0].restorer.named_parameters():
        torch.testing.assert_close(p, plain.get_parameter(name), atol=1e-5, rtol=1e-4)


def test_it_learns_to_restore_and_prefers_frames_that_are_hard_to_restore(videos, common):
    """While a frame is visible its own error does not count, so what comes once scores above what comes again."""
    splits = [[v for v in range(VIDEOS) if v % 2 != held_out] for held_out in range(2)]
    learner = task(splits, masked_share=0.5)

    def mean_loss():
        with torch.no_grad():
            return np.mean([float(learner.loss(v % 2, videos[(99, v)])[0]) for v in range(VIDEOS)])

    before = mean_loss()
    fit(learner, videos, epochs=40)
    assert mean_loss() < 0.8 * before
    scores = [learner.scorer(v % 2).importance(videos.features(v), 1) for v in range(VIDEOS)]
    taus = [rank_correlation(score, 1 - shows[None]).tau for score, shows in zip(scores, common, strict=True)]
    assert np.mean(taus) > 0.1


def test_its_size_and_what_it_declares():
    with torch.device("meta"):
        network = RsSumTraining(1024, [[0]]).networks[0]
    assert sum(p.numel() for p in network.parameters()) == 2 * 1024 * 512 + 512 + 1024 + 12 * 512**2 + 512 * 10 - 512**2
    assert (METHOD.reads, METHOD.is_supervised) == ("videos", False)


@pytest.mark.slow
def test_it_runs_by_splits_and_without_and_its_checkpoint_scores_as_the_run_did(cache, tmp_path):
    def rs_sum(*arguments):
        small = ["method.width=16", "method.passes=2", "method.warmup_epochs=0", "figures=false", "hydra.run.dir=run"]
        return maesum_here("train", "+experiment=rs_sum", *SECONDS, *small, *arguments, folder=tmp_path, cache=cache)

    assert "method.group_share is 0.9, wanted more than 0 and at most 0.5." in user_error(
        rs_sum("method.group_share=0.9")
    )
    done = rs_sum()
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "run" / "scores").glob("demo_split_*.h5"))) == 5
    done = rs_sum("splits=none", "hydra.run.dir=one")
    assert done.returncode == 0, done.stderr
    done = maesum_here("predict", "ckpt=one/checkpoints/last.ckpt", "benchmark=demo", "figures=false", "out=again", folder=tmp_path, cache=cache)  # fmt: skip
    assert done.returncode == 0, done.stderr
    again, first = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("again", "one"))
    assert again == {key: first[key] for key in again}


def test_a_width_that_heads_do_not_divide_is_one_sentence():
    with pytest.raises(MaesumError, match=r"method\.width is 20, wanted a multiple of 8"):
        task([[0]], width=20)


def test_the_learning_rate_is_that_of_the_released_code():
    learner = task([[0]], warmup_epochs=100)
    found = [learner.rate_factor(epoch) for epoch in (0, 1, 51, 101, 551, 1001, 2000)]
    assert found == pytest.approx([0, 0, 0.5, 1, 0.5, 0, 0])
    assert task([[0]]).rate_factor(0) == 1
