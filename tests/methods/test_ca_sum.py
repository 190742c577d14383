"""CA-SUM as a method: its update against the released recipe, that it learns, runs by command and what it refuses."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from maesum.data import write_features
from maesum.data.store import FeatureStore
from maesum.data.whole_videos import WholeVideos
from maesum.methods.ca_sum import METHOD, CaSumTraining
from maesum.metrics.rank import rank_correlation
from maesum.models.ca_sum import CaSum, length_loss
from maesum.system.errors import MaesumError
from tests.commands import SECONDS, maesum_here, user_error
from tests.methods.fitting import fit

WIDTH = 8


def task(training_videos, **settings):
    torch.manual_seed(0)
    return CaSumTraining(WIDTH, training_videos, dict(every=1, block_size=10) | settings)


@pytest.fixture
def videos(make_features):
    store = FeatureStore(make_features(lengths=(40, 60, 50), dim=WIDTH))
    return WholeVideos(store, store.video_ids, every=1, seed=0)


def test_an_epoch_is_one_update_of_the_released_recipe(videos):
    """The sum of gradients clipped at its norm, the L2 penalty in Adam, features of unit length, dropout by video."""
    settings = dict(clip=0.01, weight_decay=0.1, learning_rate=1e-2)
    learner = task([[0, 2]], **settings)
    plain = copy.deepcopy(learner.networks[0][1])
    first, second = ({name: torch.zeros_like(p) for name, p in plain.named_parameters()} for _ in range(2))
    for epoch in (0, 1):
        plain.zero_grad()
        for video in (0, 2):
            draw = videos[(epoch, video)]
            unit = draw.features / draw.features.norm(dim=1, keepdim=True)
            length_loss(plain(unit, torch.Generator().manual_seed(draw.seed)), 0.6).backward()
        norm = float(sum(p.grad.square().sum() for p in plain.parameters())) ** 0.5
        assert norm > 0.01
        with torch.no_grad():
            for name, p in plain.named_parameters():
                gradient = p.grad * 0.01 / (norm + 1e-6) + 0.1 * p
                first[name] = 0.9 * first[name] + 0.1 * gradient
                second[name] = 0.999 * second[name] + 0.001 * gradient**2
                rates = first[name] / (1 - 0.9 ** (epoch + 1)), second[name] / (1 - 0.999 ** (epoch + 1))
                p -= 1e-2 * rates[0] / (rates[1].sqrt() + 1e-8)
    fit(learner, videos, epochs=2)
    for name, p in learner.networks[0][1].named_parameters():
        torch.testing.assert_close(p, plain.get_parameter(name), atol=1e-6, rtol=1e-5)


def write_common_scene(path):
    """Six videos in which most frames show one scene, and the others something that comes once.

    Returns:
        For each video, 1 where the common scene is shown.
    """
    rng = np.random.default_rng(0)
    scene, features, common = rng.normal(size=WIDTH), [], []
    for _ in range(6):
        shows = rng.random(80) < 0.75
        frames = np.where(shows[:, None], scene + 0.3 * rng.normal(size=(80, WIDTH)), rng.normal(size=(80, WIDTH)))
        features.append(frames.astype(np.float32))
        common.append(shows.astype(np.float32))
    write_features(path, [f"video_{k}" for k in range(6)], [80] * 6, features)
    return common


def test_it_prefers_the_scene_that_fills_a_video_on_videos_that_it_has_not_seen(tmp_path):
    """What raises the mean importance most are the frames that look like most others."""
    common = write_common_scene(tmp_path / "f.h5")
    store = FeatureStore(tmp_path / "f.h5")
    videos = WholeVideos(store, store.video_ids, every=1, seed=0)
    splits = [[v for v in range(6) if v % 3 != held_out] for held_out in range(3)]
    learner = task(splits, sigma=0.9, learning_rate=5e-3)

    def lengths():
        scores = [learner.scorer(v % 3).importance(videos.features(v), 1) for v in range(6)]
        return scores, float(np.mean([abs(each.mean() - 0.9) for each in scores]))

    _, before = lengths()
    fit(learner, videos, epochs=30)
    scores, after = lengths()
    assert after < before / 2
    assert np.mean([rank_correlation(score, wanted[None]).tau for score, wanted in zip(scores, common, strict=True)]) > 0.2  # fmt: skip


def test_it_has_the_published_size_and_its_reference():
    with torch.device("meta"):
        network = CaSumTraining(1024, [[0]]).networks[0]
    assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in CaSum(1024).parameters()) == 5_251_073
    assert (METHOD.reads, METHOD.is_supervised, "ICMR 2022" in METHOD.reference) == ("videos", False, True)


def ca_sum(*arguments, folder, cache):
    options = ["figures=false", "hydra.run.dir=run", *arguments]
    return maesum_here("train", "+experiment=ca_sum", *SECONDS, *options, folder=folder, cache=cache)


def test_it_runs_by_splits_and_without_and_its_checkpoint_scores_as_the_run_did(cache, tmp_path):
    done = ca_sum(folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "run" / "scores").glob("demo_split_*.h5"))) == 5
    done = ca_sum("splits=none", "hydra.run.dir=one", folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    done = maesum_here("predict", "ckpt=one/checkpoints/last.ckpt", "benchmark=demo", "figures=false", "out=again", folder=tmp_path, cache=cache)  # fmt: skip
    assert done.returncode == 0, done.stderr
    again, first = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("again", "one"))
    assert again == {key: first[key] for key in again}
    assert first["train/importance"] > 0


def test_a_setting_that_it_cannot_have_is_one_sentence(cache, tmp_path):
    for wrong, message in (
        ("method.sigma=1.5", "method.sigma is 1.5, wanted more than 0 and at most 1."),
        ("method.block_size=0", "method.block_size is 0, wanted at least 1."),
        ("method.sigm=0.5", "there is no config key 'method.sigm'; did you mean"),
    ):
        assert message in user_error(ca_sum(wrong, folder=tmp_path, cache=cache))


def test_a_loss_that_is_not_finite_is_one_sentence(videos):
    broken = task([[0, 1, 2]])
    torch.nn.init.constant_(broken.networks[0][1].head.bias, float("nan"))
    with pytest.raises(MaesumError, match=r"the loss is nan at step \d, on video number \d; lower the learning rate"):
        fit(broken, videos, epochs=1)
