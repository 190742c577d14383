"""Networks that learn from several videos at once: equal to one pass over these, and resumed between two updates."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.optim import Adam

from maesum.data.order import Position
from maesum.data.store import FeatureStore
from maesum.data.whole_videos import VideoDataModule, WholeVideos
from maesum.methods.by_split import AccumulatedSplitTraining
from maesum.system.errors import MaesumError
from maesum.training.resuming import load_resumed
from tests.methods.test_by_split import record, trainer_of

LENGTHS = (40, 60, 50)
#: No network trains on the third video.
TRAINING = [[0], [0, 1]]


class OfThree(AccumulatedSplitTraining):
    """Takes a step after every three of a network's videos, so that updates and epochs end at different times."""

    def build_network(self, feature_dim):
        return nn.Sequential(nn.Dropout(0.3), nn.Linear(feature_dim, 1), nn.Flatten(0), nn.Sigmoid())

    def loss(self, number, batch):
        return (self.networks[number](batch.features).mean() - 0.9).abs(), {}

    def videos_per_update(self, number):
        return 3

    def network_optimizer(self, network):
        return Adam(network.parameters(), lr=1e-2)


class OfAnEpoch(OfThree):
    """Takes a step after all videos of a network."""

    def videos_per_update(self, number):
        return len(self.training_videos[number])


@pytest.fixture
def videos(make_features):
    store = FeatureStore(make_features(lengths=LENGTHS))
    return WholeVideos(store, store.video_ids, every=2, seed=0)


def task(training=OfThree, splits=TRAINING):
    torch.manual_seed(0)
    return training(8, splits, {"every": 2})


@pytest.mark.parametrize("training", [OfThree, OfAnEpoch])
@pytest.mark.parametrize("stop", [4, 7])
def test_stopped_between_two_updates_and_resumed_it_ends_where_an_uninterrupted_training_ends(
    tmp_path, videos, training, stop
):
    whole, trainer = task(training), trainer_of(tmp_path / "whole", epochs=5)
    trainer.fit(whole, VideoDataModule(videos))
    assert trainer.global_step == trainer.callback_metrics["samples_seen"] == 5 * len(LENGTHS)  # videos, not updates

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer_of(tmp_path / "run", stop, epochs=5).fit(task(training), VideoDataModule(videos))
    torch.rand(17)  # another process has drawn other numbers
    path, resumed, data = tmp_path / "run" / "last.ckpt", task(training), VideoDataModule(videos)
    weights = torch.load(path, weights_only=True)["state_dict"]
    assert any(weights[f"waiting.{number}.videos"] > 0 for number in (0, 1))
    trainer = trainer_of(tmp_path / "run", epochs=5)
    data.start = load_resumed(path, resumed, trainer, record(), {}).position
    assert data.start == Position(stop // 3, stop % 3)
    trainer.fit(resumed, data, ckpt_path=path, weights_only=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_an_update_is_that_of_the_summed_losses(tmp_path, videos):
    """Against one pass over the epoch's videos and one plain step of Adam."""
    learner = task(OfAnEpoch, [[0, 1]])
    learner.networks[0][0].p = 0.0
    plain = copy.deepcopy(learner.networks[0])
    optimizer = Adam(plain.parameters(), lr=1e-2)
    for _ in range(2):
        optimizer.zero_grad()
        sum((plain(videos.features(video)).mean() - 0.9).abs() for video in (0, 1)).backward()
        optimizer.step()
    trainer_of(tmp_path, epochs=2).fit(learner, VideoDataModule(videos))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(learner.networks[0].state_dict()[name], value)
    assert float(learner.waiting[0].videos) == 0
    assert (learner.waiting[0].total == 0).all()


def test_what_an_epoch_leaves_over_counts_in_the_next(tmp_path, videos):
    learner = task(OfThree, [[0, 1]])
    before = copy.deepcopy(learner.networks[0].state_dict())
    trainer_of(tmp_path / "one", epochs=1).fit(learner, VideoDataModule(videos))  # two videos: no update yet
    assert all(torch.equal(value, before[name]) for name, value in learner.networks[0].state_dict().items())
    assert float(learner.waiting[0].videos) == 2
    trainer_of(tmp_path / "two", epochs=2).fit(learner := task(OfThree, [[0, 1]]), VideoDataModule(videos))
    assert not torch.equal(learner.networks[0][1].weight, before["1.weight"])
    assert float(learner.waiting[0].videos) == 1


def test_beside_another_network_one_comes_out_as_it_would_alone(tmp_path, videos):
    together, alone = task(), task(OfThree, TRAINING[:1])
    trainer_of(tmp_path / "a", epochs=3).fit(together, VideoDataModule(videos))
    trainer_of(tmp_path / "b", epochs=3).fit(alone, VideoDataModule(videos))
    for name, value in alone.networks[0].state_dict().items():
        assert torch.equal(value, together.networks[0].state_dict()[name]), name


def test_damaged_gradients_in_a_checkpoint_are_refused(tmp_path, videos):
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer_of(tmp_path, 4).fit(task(), VideoDataModule(videos))
    path = tmp_path / "last.ckpt"
    content = torch.load(path, weights_only=True)
    content["state_dict"]["waiting.1.total"][0] = float("nan")
    torch.save(content, path)
    with pytest.raises(MaesumError, match=r"weight 'waiting\.1\.total' holds NaN"):
        load_resumed(path, task(), trainer_of(tmp_path), record(), {})
