"""dppLSTM as a method: its key frames, its update, that it learns what annotators like, and what it refuses."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from maesum.data import Scores, VideoAnnotation, write_benchmark, write_features
from maesum.data.benchmark import Benchmark
from maesum.data.store import FeatureStore
from maesum.data.whole_videos import WholeVideos
from maesum.methods.dpp_lstm import METHOD, DppLstmTraining, key_frames
from maesum.metrics.rank import rank_correlation
from maesum.models.dpp_lstm import DppLstm, dpp_loss, quality_loss
from tests.commands import SECONDS, maesum_here, user_error
from tests.methods.fitting import fit

WIDTH, FRAMES, VIDEOS = 8, 60, 6


@pytest.mark.parametrize(
    ("scores", "share", "chosen"),
    [
        ([[1, 5, 3, 2], [1, 3, 5, 2]], 0.5, [1, 2]),  # means 1, 4, 4, 2
        ([[1, 5, 3, 2], [1, 3, 5, 2]], 0.25, [1]),  # of two that score the same, the earlier
        ([[1, 5, 3, 2]], 0.01, [1]),
        ([[0, 0, 1, 0]], 1.0, [2]),  # the lowest are none, however many there may be
        ([[2, 2, 2, 2]], 0.5, []),
    ],
)
def test_key_frames_by_hand(scores, share, chosen):
    found = key_frames(torch.tensor(scores, dtype=torch.float32), share)
    assert found.nonzero()[:, 0].tolist() == chosen


def write_liked_scene(folder):
    """Videos in which annotators like the frames that show one thing, in whatever video it comes."""
    rng = np.random.default_rng(0)
    liked, names, features, annotations = rng.normal(size=WIDTH), [f"video_{k}" for k in range(VIDEOS)], [], []
    for name in names:
        shows = np.repeat(rng.random(FRAMES // 5) < 0.3, 5)
        features.append((rng.normal(size=(FRAMES, WIDTH)) + 2 * shows[:, None] * liked).astype(np.float32))
        scores = 1 + 3 * shows + rng.integers(0, 2, size=(3, FRAMES))
        annotations.append(VideoAnnotation(name, scores, None, name))
    write_features(folder / "f.h5", names, [FRAMES] * VIDEOS, features)
    write_benchmark(folder / "a.h5", "mine", "ratings", annotations, "a test")


@pytest.fixture
def annotations(tmp_path):
    write_liked_scene(tmp_path)
    return Benchmark(tmp_path / "a.h5")


@pytest.fixture
def videos(tmp_path, annotations):
    store = FeatureStore(tmp_path / "f.h5")
    return WholeVideos(store, store.video_ids, 1, 0, annotations, range(VIDEOS))


def task(training_videos, **settings):
    torch.manual_seed(0)
    return DppLstmTraining(WIDTH, training_videos, dict(every=1, hidden=16, kernel=16) | settings)


def test_an_update_takes_the_mean_gradient_of_its_videos(videos):
    learner = task([[1, 3, 4]], videos_per_update=3, dpp_weight=0.5)
    plain = copy.deepcopy(learner.networks[0][1])
    assert max(p.abs().max() for p in plain.parameters()) <= 0.02
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3, eps=1e-8)
    for video in (1, 3, 4):
        draw = videos[(0, video)]
        quality, kernel = plain.quality_and_kernel(draw.features / draw.features.norm(dim=1, keepdim=True))
        means = draw.user_scores.mean(0)
        selected = torch.zeros(FRAMES, dtype=torch.bool)
        selected[means.sort(descending=True, stable=True).indices[:9]] = True  # 15 % of 60
        ((quality_loss(quality, selected) + 0.5 * dpp_loss(quality, kernel, selected)) / 3).backward()
    wanted = {name: p.grad.clone() for name, p in plain.named_parameters()}
    optimizer.step()
    seen = {}
    learner.before_update = lambda number: (
        DppLstmTraining.before_update(learner, number),
        seen.update({name: p.grad.clone() for name, p in learner.networks[0][1].named_parameters()}),
    )
    fit(learner, videos, epochs=1)
    for name, p in learner.networks[0][1].named_parameters():
        torch.testing.assert_close(seen[name], wanted[name], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(p, plain.get_parameter(name), atol=1e-5, rtol=0)


def test_it_finds_on_unseen_videos_what_annotators_like(videos, annotations):
    """Liked frames look alike from video to video; the key frames are those of the training videos alone."""
    splits = [[v for v in range(VIDEOS) if v % 3 != held_out] for held_out in range(3)]
    learner = task(splits, videos_per_update=4, learning_rate=1e-2)

    def losses():
        with torch.no_grad():
            found = [learner.loss(v % 3, videos[(0, v)]) for v in range(VIDEOS)]
        return [float(loss) for loss, _ in found]

    before = np.mean(losses())
    fit(learner, videos, epochs=30)
    assert np.mean(losses()) < 0.8 * before
    scores = [learner.scorer(v % 3).importance(videos.features(v), 1) for v in range(VIDEOS)]
    taus = [
        rank_correlation(score, annotations[name].user_scores).tau
        for score, name in zip(scores, annotations.video_ids, strict=True)
    ]
    assert np.mean(taus) > 0.2


def test_its_size_and_what_it_declares():
    with torch.device("meta"):
        network = DppLstmTraining(1024, [[0]]).networks[0]
    assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in DppLstm(1024).parameters())
    assert (METHOD.reads, METHOD.is_supervised, "ECCV 2016" in METHOD.reference) == ("videos", True, True)


def dpp_lstm(*arguments, folder, cache):
    options = ["method.hidden=8", "method.kernel=8", "figures=false", "hydra.run.dir=run", *arguments]
    return maesum_here("train", "+experiment=dpp_lstm", *SECONDS, *options, folder=folder, cache=cache)


def test_it_runs_by_splits_alone_and_refuses_to_be_scored_on_what_it_learnt(cache, tmp_path):
    assert "method=dpp_lstm learns from annotations" in user_error(
        dpp_lstm("splits=none", folder=tmp_path, cache=cache)
    )
    assert "method.key_share is 0.0, wanted more than 0" in user_error(
        dpp_lstm("method.key_share=0.0", folder=tmp_path, cache=cache)
    )
    done = dpp_lstm(folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert Scores(tmp_path / "run" / "scores" / "demo_split_2.h5").attributes["supervised"] == "yes"
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["train/loss"] == pytest.approx(metrics["train/loss_quality"] + metrics["train/loss_dpp"], rel=1e-5)
    assert "demo/tau" in metrics
