"""Training on whole videos: several optimisers by hand, annotations of training videos alone, and what trains nothing."""

from __future__ import annotations

import json

import lightning as L
import numpy as np
import pytest
import torch
from hydra.core.config_store import ConfigStore
from torch import nn
from torch.optim import Adam

from maesum.cli.registration import register_schemas
from maesum.config.training import TrainConfig
from maesum.data import Scores, VideoAnnotation, write_benchmark, write_features
from maesum.data.benchmark import Benchmark
from maesum.data.opened import OpenBenchmark
from maesum.data.order import Position
from maesum.data.store import FeatureStore
from maesum.data.whole_videos import VideoDataModule, WholeVideos
from maesum.methods.by_split import ManualSplitTraining, SplitTraining, VideoSettings, scoring_method, video_method
from maesum.methods.registry import Setup
from maesum.system.errors import MaesumError
from maesum.training.checkpointing import AtomicCheckpointIO, LastCheckpoint
from maesum.training.monitoring import SamplesSeen
from maesum.training.record import TrainingRecord
from maesum.training.resuming import load_resumed
from tests.commands import SECONDS, maesum_here, user_error

LENGTHS = (40, 60, 50)


class TwoPart(nn.Module):
    """Scores frames; a critic is a part of it that only training uses."""

    def __init__(self, feature_dim):
        super().__init__()
        self.scorer = nn.Sequential(nn.Dropout(0.3), nn.Linear(feature_dim, 1), nn.Flatten(0))
        self.critic = nn.Linear(feature_dim, 1)

    def forward(self, features):
        return self.scorer(features).sigmoid()


class Adversarial(ManualSplitTraining):
    """Two optimisers; the critic takes two steps a video."""

    def build_network(self, feature_dim):
        return TwoPart(feature_dim)

    def network_optimizers(self, network):
        return [Adam(network.scorer.parameters(), lr=1e-2), Adam(network.critic.parameters(), lr=2e-2)]

    def rate_factor(self, epoch):
        return 0.5**epoch

    def train_network(self, number, batch, optimizers):
        network, (of_scorer, of_critic) = self.networks[number], optimizers
        for stream in (1, 2):
            fake = batch.features * network(batch.features).detach()[:, None]
            fake = fake + 0.1 * batch.normal(*fake.shape, stream=stream)
            loss_critic = network.critic(fake).mean() - network.critic(batch.features).mean()
            of_critic.zero_grad()
            self.manual_backward(loss_critic)
            of_critic.step()
        loss = -network.critic(batch.features * network(batch.features)[:, None]).mean()
        of_scorer.zero_grad()
        self.manual_backward(loss)
        of_scorer.step()
        return {"loss": loss.detach(), "loss_critic": loss_critic.detach()}


class Supervised(SplitTraining):
    """Learns what annotators said, and notes whose annotations it was given."""

    is_supervised = True
    seen: list

    def build_network(self, feature_dim):
        return nn.Sequential(nn.Linear(feature_dim, 1), nn.Flatten(0))

    def loss(self, number, batch):
        self.seen.append((number, batch.video, batch.user_scores))
        return (self.networks[number](batch.features) - batch.user_scores.mean(0)).square().mean(), {}

    def build_optimizer(self):
        return Adam(self.parameters(), lr=1e-3)


@pytest.fixture
def store(make_features):
    return FeatureStore(make_features(lengths=LENGTHS))


@pytest.fixture
def videos(store):
    return WholeVideos(store, store.video_ids, every=2, seed=0)


def record():
    return TrainingRecord({"seed": 0}, {}, [4], {"device": "cpu", "processes": 1, "threads": 1}, {}, False)


class Stop(L.Callback):
    """Ends a training after so many videos: when the next begins, since the checkpoint is written at a video's end."""

    def __init__(self, after):
        self.after = after

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == self.after:
            raise KeyboardInterrupt


def trainer_of(folder, stop=None, epochs=4):
    checkpoint = LastCheckpoint(folder / "last.ckpt", every_n_steps=1)
    checkpoint.record = record()
    callbacks = [checkpoint, SamplesSeen(1), *([] if stop is None else [Stop(stop)])]
    return L.Trainer(
        accelerator="cpu", devices=1, max_epochs=epochs, logger=False, callbacks=callbacks, plugins=[AtomicCheckpointIO()],
        log_every_n_steps=1, enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False,
        deterministic=True,
    )  # fmt: skip


#: No network trains on the third video.
TRAINING = [[0], [0, 1]]


def task():
    torch.manual_seed(0)
    return Adversarial(8, TRAINING, {"every": 2})


def assert_resumes_to_the_bit(folder, make, videos, stop):
    """Train what `make` makes, whole and stopped after some videos, and compare weights, optimisers and schedules.

    Returns:
        The content of the last checkpoint.
    """
    whole, trainer = make(), trainer_of(folder / "whole")
    trainer.fit(whole, VideoDataModule(videos))
    assert trainer.global_step == 4 * len(LENGTHS)  # videos, not the steps of optimisers
    assert trainer.callback_metrics["samples_seen"] == 4 * len(LENGTHS)

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer_of(folder / "run", stop).fit(make(), VideoDataModule(videos))
    torch.rand(17)  # another process has drawn other numbers
    path, resumed, data = folder / "run" / "last.ckpt", make(), VideoDataModule(videos)
    trainer = trainer_of(folder / "run")
    assert torch.load(path, weights_only=True)["global_step"] == stop
    found = load_resumed(path, resumed, trainer, record(), {})
    assert found.position == Position(stop // 3, stop % 3)
    data.start = found.position
    trainer.fit(resumed, data, ckpt_path=path, weights_only=True)
    assert trainer.global_step == 4 * len(LENGTHS)

    first, again = (torch.load(folder / name / "last.ckpt", weights_only=True) for name in ("whole", "run"))
    for name, value in first["state_dict"].items():
        assert torch.equal(value, again["state_dict"][name]), name
    assert first["lr_schedulers"] == again["lr_schedulers"]
    for one, other in zip(first["optimizer_states"], again["optimizer_states"], strict=True):
        for number, moments in one["state"].items():
            assert all(torch.equal(moments[name], other["state"][number][name]) for name in moments)
    return first


@pytest.mark.parametrize("stop", [4, 7])
def test_several_optimisers_stopped_within_an_epoch_and_resumed_end_where_an_uninterrupted_training_ends(
    tmp_path, videos, stop
):
    content = assert_resumes_to_the_bit(tmp_path, task, videos, stop)
    assert len(content["optimizer_states"]) == len(content["lr_schedulers"]) == 4
    assert content["lr_schedulers"][1]["_last_lr"] == [2e-2 / 16]


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        (lambda content: content["optimizer_states"].pop(), "optimizer_states"),
        (lambda content: content["optimizer_states"].reverse(), "optimizer_states"),
        (lambda content: content["lr_schedulers"].pop(), "lr_schedulers"),
        (lambda content: content["lr_schedulers"][3].update(last_epoch=2), "lr_schedulers.3.last_epoch"),
        (lambda content: content["optimizer_states"][3]["param_groups"][0].update(lr=9.0), "optimizer_states.3"),
    ],
)
def test_a_damaged_state_of_any_optimiser_is_refused(tmp_path, videos, damage, field):
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer_of(tmp_path, 7).fit(task(), VideoDataModule(videos))
    path = tmp_path / "last.ckpt"
    content = torch.load(path, weights_only=True)
    damage(content)
    torch.save(content, path)
    with pytest.raises(MaesumError, match=f"field '{field}"):
        load_resumed(path, task(), trainer_of(tmp_path), record(), {})


def test_beside_another_network_one_comes_out_as_it_would_alone(tmp_path, videos):
    """Also with dropout and with noise."""
    together = task()
    trainer_of(tmp_path / "a", epochs=2).fit(together, VideoDataModule(videos))
    torch.manual_seed(0)
    alone = Adversarial(8, TRAINING[:1], {"every": 2})
    trainer_of(tmp_path / "b", epochs=2).fit(alone, VideoDataModule(videos))
    for name, value in alone.networks[0].state_dict().items():
        assert torch.equal(value, together.networks[0].state_dict()[name]), name


def test_a_loss_that_is_not_finite_is_one_sentence(tmp_path, videos):
    broken = task()
    nn.init.constant_(broken.networks[1].critic.weight, float("inf"))
    with pytest.raises(MaesumError, match=r"the loss(_critic)? is nan at step \d+, on video number [01]; lower"):
        trainer_of(tmp_path).fit(broken, VideoDataModule(videos))


def test_annotations_reach_a_network_for_its_own_training_videos_alone(tmp_path, store):
    rng = np.random.default_rng(0)
    annotated = [VideoAnnotation(v, rng.random((3, n)), None, v) for v, n in zip(store.video_ids, LENGTHS, strict=True)]
    write_benchmark(tmp_path / "a.h5", "mine", "ratings", annotated, "a test")
    training = [[0], [0, 1]]  # video 2 is tested by every split
    videos = WholeVideos(store, store.video_ids, 2, 0, Benchmark(tmp_path / "a.h5"), {0, 1})
    learner = Supervised(8, training, {"every": 2})
    learner.seen = []
    trainer_of(tmp_path, epochs=1).fit(learner, VideoDataModule(videos))
    assert {(number, video) for number, video, _ in learner.seen} == {(0, 0), (1, 0), (1, 1)}
    for _, video, scores in learner.seen:
        np.testing.assert_array_equal(scores, annotated[video].user_scores[:, ::2].astype(np.float32))
    assert videos[(0, 2)].user_scores is None
    assert WholeVideos(store, store.video_ids, 2, 0)[(0, 0)].user_scores is None
    assert video_method(Supervised).is_supervised


def test_random_numbers_follow_from_seed_epoch_video_and_stream(videos):
    draw = videos[(3, 1)]
    for numbers in (draw.uniform, draw.normal):
        assert torch.equal(numbers(4, 30), videos[(3, 1)].normal(4, 30) if numbers == draw.normal else videos[(3, 1)].uniform(4, 30))  # fmt: skip
        assert numbers(2, 3, 5).shape == (2, 3, 5)
        assert numbers(2).dtype == torch.float32
        assert not torch.equal(numbers(9), numbers(9, stream=1))
    others = [videos[(3, 2)], videos[(2, 1)]]
    assert not any(torch.equal(draw.normal(9), other.normal(9)) for other in others)
    assert len({draw.seed, *(other.seed for other in others)}) == 3
    assert abs(float(draw.normal(10_000).std()) - 1) < 0.05
    assert 0 <= float(draw.uniform(10_000).min()) < float(draw.uniform(10_000).max()) < 1


OF_NORM = """
from dataclasses import dataclass

from torch import nn

from maesum.methods.by_split import VideoSettings, scoring_method


class Norm(nn.Module):
    def forward(self, features):
        return features.norm(dim=1)


METHOD = scoring_method(VideoSettings, lambda settings: Norm(), reference="Nobody 2000")
"""
SUPERVISED = """
import torch

from maesum.methods.by_split import SplitTraining, video_method


class Learner(SplitTraining):
    is_supervised = True

    def build_network(self, feature_dim):
        return torch.nn.Sequential(torch.nn.Linear(feature_dim, 1), torch.nn.Flatten(0))

    def loss(self, number, batch):
        return (self.networks[number](batch.features) - batch.user_scores.mean(0)).square().mean(), {}

    def build_optimizer(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


METHOD = video_method(Learner)
"""


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Methods of one's own, found in this process too."""
    import maesum.methods

    folder = tmp_path / "mine"
    folder.mkdir()
    for name, code in (("ofnorm", OF_NORM), ("learner", SUPERVISED)):
        (folder / f"{name}.py").write_text(code)
        reads = "nothing" if name == "ofnorm" else "videos"
        (folder / f"{name}.yaml").write_text(f"name: {name}\nreads: {reads}\nevery: 2\n")
    monkeypatch.setenv("MAESUM_METHODS", str(folder))
    register_schemas.cache_clear()  # which this process has called before there were these methods
    monkeypatch.setattr(maesum.methods, "__path__", [*maesum.methods.__path__, str(folder)])
    yield
    for name in ("ofnorm", "learner"):
        ConfigStore.instance().repo["method"].pop(f"{name}.yaml", None)


def test_what_trains_nothing_is_a_method_too(added, tmp_path, cache):
    done = maesum_here("train", "method=ofnorm", *SECONDS, "figures=false", "hydra.run.dir=run", folder=tmp_path, cache=cache)  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores, store = Scores(tmp_path / "run" / "scores" / "demo.h5"), FeatureStore(cache / "demo" / "benchmark.h5")
    video_id = scores.video_ids[1]
    np.testing.assert_allclose(scores[video_id], store[video_id][::2].float().norm(dim=1), rtol=1e-5)
    assert (scores.attributes["scorer"], scores.attributes["supervised"]) == ("ofnorm", "no")
    assert "demo/tau" in json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert not (tmp_path / "run" / "checkpoints").exists()
    assert scoring_method(VideoSettings, lambda settings: nn.Identity(), "Nobody 2000").reference == "Nobody 2000"


def test_videos_of_zeros_are_told_before_the_training(tmp_path, capsys):
    features = {"a": np.ones((40, 8), np.float32), "b": np.zeros((50, 8), np.float32)}
    lengths = [len(each) for each in features.values()]
    write_features(tmp_path / "f.h5", list(features), lengths, features.values())
    annotated = [VideoAnnotation(name, np.ones((3, len(each))), None, name) for name, each in features.items()]
    write_benchmark(tmp_path / "a.h5", "mine", "ratings", annotated, "a test")
    opened = OpenBenchmark("mine", Benchmark(tmp_path / "a.h5"), FeatureStore(tmp_path / "f.h5"), stride=1)
    config = TrainConfig(method={"name": "adversarial"})
    video_method(Adversarial).build(Setup(config, Adversarial.settings_type(), (opened,)))
    assert "of 1 of the 2 videos every feature is zero (b)" in capsys.readouterr().out


def test_a_supervised_method_says_so_and_is_never_scored_on_what_it_learnt(added, tmp_path, cache):
    options = [*SECONDS, "figures=false", "hydra.run.dir=run"]
    refused = user_error(maesum_here("train", "method=learner", *options, "splits=none", folder=tmp_path, cache=cache))
    assert "method=learner learns from annotations, so with splits=none" in refused
    splits = f"splits={cache / 'demo' / 'splits.json'}"
    done = maesum_here("train", "method=learner", *options, splits, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert "from the annotations of the other videos" in done.stdout
    assert Scores(tmp_path / "run" / "scores" / "demo_split_2.h5").attributes["supervised"] == "yes"
