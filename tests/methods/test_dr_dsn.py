"""DR-DSN: its reward against a plain reading of the paper, its networks and splits, and that it learns."""

from __future__ import annotations

import json

import lightning as L
import numpy as np
import pytest
import torch

from maesum.data.store import FeatureStore
from maesum.data.whole_videos import VideoDataModule, WholeVideos
from maesum.methods.dr_dsn import METHOD, DrDsn
from maesum.models.drdsn import DeepSummarizer, VideoReward, policy_loss
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_pretrained
from tests.commands import SECONDS, maesum_here, user_error


def reward_by_loops(features, selected, distance):
    """Zhou et al. (2018), equations 3 to 6, pair by pair."""
    chosen = np.flatnonzero(selected)
    diversity = 0.0
    for t in chosen:
        for u in chosen:
            if t != u:
                cosine = features[t] @ features[u] / np.linalg.norm(features[t]) / np.linalg.norm(features[u])
                diversity += 1.0 if abs(t - u) > distance else 1 - cosine
    if len(chosen) > 1:
        diversity /= len(chosen) * (len(chosen) - 1)
    nearest = [min(np.linalg.norm(frame - features[u]) for u in chosen) for frame in features]
    return diversity + np.exp(-np.mean(nearest))


@pytest.mark.parametrize("share", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("distance", [0, 4, 100])
def test_the_reward_is_that_of_the_paper(share, distance):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(25, 6))
    selected = rng.random(25) < share
    selected[3] = True
    reward = VideoReward(torch.from_numpy(features), distance)(torch.from_numpy(selected))
    assert float(reward) == pytest.approx(reward_by_loops(features, selected, distance), abs=1e-9)


def test_an_empty_summary_earns_nothing():
    assert float(VideoReward(torch.randn(5, 3))(torch.zeros(5, dtype=torch.bool))) == 0


def test_the_policy_gradient_raises_what_did_better_than_usual():
    logits = torch.zeros(4, requires_grad=True)
    selected = torch.tensor([[True, True, False, False], [False, False, True, True]])
    policy_loss(logits.sigmoid(), selected, torch.tensor([1.0, -1.0])).backward()
    assert (logits.grad[:2] < 0).all()
    assert (logits.grad[2:] > 0).all()


def test_probabilities_stay_defined_where_the_sigmoid_saturates():
    loss = policy_loss(torch.tensor([0.0, 1.0]), torch.tensor([[True, False]]), torch.tensor([1.0]))
    assert torch.isfinite(loss)


@pytest.fixture
def videos(make_features):
    store = FeatureStore(make_features(lengths=(40, 60, 50)))
    return WholeVideos(store, store.video_ids, every=2, seed=0)


def fit(task, videos, epochs=1):
    data = VideoDataModule(videos)
    trainer = L.Trainer(accelerator="cpu", max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False)  # fmt: skip
    trainer.fit(task, data)
    return trainer


def test_draws_follow_from_seed_epoch_and_video(videos):
    first, again = videos[(3, 1)], videos[(3, 1)]
    assert torch.equal(first.uniform(4, 30), again.uniform(4, 30))
    assert first.features.shape == (30, 8)
    assert not torch.equal(first.uniform(4, 30), videos[(4, 1)].uniform(4, 30))
    orders = []
    data = VideoDataModule(videos)
    for epoch in range(6):
        loader = data.train_dataloader()
        loader.sampler.set_epoch(epoch)
        orders.append(tuple(draw.video for draw in loader))
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert len(set(orders)) > 1


def test_a_network_learns_from_the_videos_of_its_own_split_only(videos):
    def trained(training):
        torch.manual_seed(0)
        task = DrDsn(8, training, dict(hidden=4, every=2, draws=4, learning_rate=1e-2))
        initial = [{name: value.clone() for name, value in network.state_dict().items()} for network in task.networks]
        fit(task, videos, epochs=2)
        return task, initial

    task, initial = trained([[0], [1, 2]])
    for network, before in zip(task.networks, initial, strict=True):
        assert any(not torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert (task.baseline[0, 1:] == 0).all()
    assert task.baseline[1, 0] == 0
    # Beside another network or alone, the first comes out the same.
    alone, _ = trained([[0]])
    for name, value in alone.networks[0].state_dict().items():
        torch.testing.assert_close(value, task.networks[0].state_dict()[name])


def test_training_raises_the_reward(videos):
    torch.manual_seed(0)
    settings = dict(hidden=16, every=2, draws=8, learning_rate=1e-2, length_weight=0.0)
    task = DrDsn(8, [[0, 1, 2]], settings)

    def expected_reward():
        rewards = []
        for video in range(3):
            features = videos.features(video)
            probability = task.networks[0](features).detach()
            noise = torch.rand(64, len(features), generator=torch.Generator().manual_seed(video))
            rewards += [float(VideoReward(features)(summary)) for summary in noise < probability]
        return np.mean(rewards)

    before = expected_reward()
    fit(task, videos, epochs=40)
    assert expected_reward() > before + 0.02


def test_probabilities_are_one_a_frame():
    probability = DeepSummarizer(8, hidden=4)(torch.randn(13, 8))
    assert probability.shape == (13,)
    assert ((probability > 0) & (probability < 1)).all()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def dr_dsn(*arguments, folder, cache):
    options = ["method.hidden=8", "figures=false", "hydra.run.dir=run", *arguments]
    return maesum_here("train", "+experiment=dr_dsn", *SECONDS, *options, folder=folder, cache=cache)


def test_the_result_is_the_mean_over_splits_each_by_its_own_network(cache, tmp_path):
    done = dr_dsn(folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "run" / "evaluation.json").read_text())["demo"]["protocols"]["paper"]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert len(result["tau_each"]) == 5
    assert metrics["demo/tau"] == pytest.approx(np.mean(result["tau_each"]))
    assert result["tau_interval"][0] < result["tau"] < result["tau_interval"][1]
    assert len(list((tmp_path / "run" / "scores").glob("demo_split_*.h5"))) == 5
    # The evaluator says the same of each network's file.
    splits = cache / "demo" / "splits.json"
    for number in (1, 5):
        done = maesum_here("evaluate", f"scores=run/scores/demo_split_{number}.h5", "benchmark=demo", f"splits={splits}", f"out=e{number}.json", folder=tmp_path, cache=cache)  # fmt: skip
        assert done.returncode == 0, done.stderr
        table = json.loads((tmp_path / f"e{number}.json").read_text())["results"]["demo"]["protocols"]["paper"]
        assert table["splits"]["scores"]["tau_each"][number - 1] == pytest.approx(result["tau_each"][number - 1])


def test_without_splits_one_network_is_trained_and_scored_on_all_videos(cache, tmp_path):
    done = dr_dsn("splits=none", folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "scores" / "demo.h5").exists()
    assert "human" in done.stdout
    # Its checkpoint scores as the run did, and is refused by name where a masked autoencoder is wanted.
    ckpt = "ckpt=run/checkpoints/last.ckpt"
    done = maesum_here("predict", ckpt, "benchmark=demo", "figures=false", "out=again", folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    again, first = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("again", "run"))
    assert again == {key: first[key] for key in again}
    refusal = "was trained by method=dr_dsn, whose checkpoints hold no masked autoencoder"
    assert refusal in user_error(maesum_here("export", ckpt, "out=exported", folder=tmp_path))
    with pytest.raises(MaesumError, match=refusal):
        load_pretrained(tmp_path / "run" / "checkpoints" / "last.ckpt")


def test_networks_of_several_splits_do_not_score_whole_benchmarks(tmp_path):
    task = DrDsn(8, [[0], [1]], dict(hidden=4))
    content = {"hyper_parameters": dict(task.hparams), "state_dict": task.state_dict()}
    with pytest.raises(MaesumError, match="holds 2 networks, one for each split"):
        METHOD.predictor(content, "a.ckpt")


@pytest.mark.parametrize(
    "change",
    [None, {"feature_dim": "wide"}, {"feature_dim": 10**12}, {"settings": {"magic": 1}}, {"training_videos": [[]]}],
)
def test_a_checkpoint_that_describes_no_network_is_one_sentence(change):
    task = DrDsn(8, [[0, 1]], dict(hidden=4))
    parameters = None if change is None else dict(task.hparams) | change
    with pytest.raises(MaesumError, match=r"^a\.ckpt: "):
        METHOD.predictor({"hyper_parameters": parameters, "state_dict": task.state_dict()}, "a.ckpt")


def test_what_it_cannot_do_is_one_sentence(cache, tmp_path):
    done = maesum_here("train", "+experiment=dr_dsn", "benchmark=[tvsum,summe]", folder=tmp_path, cache=cache)
    assert "missing" in done.stderr
    assert "one device" in user_error(dr_dsn("trainer.devices=2", folder=tmp_path, cache=cache))
    assert "accumulate_grad_batches=1" in user_error(
        dr_dsn("trainer.accumulate_grad_batches=2", folder=tmp_path, cache=cache)
    )
    assert "splits" in user_error(dr_dsn("splits=paper5", folder=tmp_path, cache=cache))
