"""DR-DSN: its reward against a plain reading of the paper, its networks and splits, and that it learns."""

from __future__ import annotations

import copy
import json

import lightning as L
import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from maesum.data.store import FeatureStore
from maesum.data.whole_videos import VideoDataModule, VideoDraw, WholeVideos
from maesum.methods.dr_dsn import METHOD, DrDsn
from maesum.models import drdsn
from maesum.models.drdsn import FORMULAS, DeepSummarizer, policy_loss, rewards
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_pretrained
from tests.commands import SECONDS, maesum_here, user_error


def terms_by_loops(features, selected, distance, squared):
    """Diversity and representativeness of one summary, pair by pair."""
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
    return diversity, np.exp(-np.mean(np.square(nearest) if squared else nearest))


def reward_by_loops(features, selected, distance, formula):
    terms = terms_by_loops(features, selected, distance, squared=formula == "released")
    return sum(terms) * (0.5 if formula == "released" else 1.0)


@pytest.mark.parametrize("formula", ["released", "paper"])
@pytest.mark.parametrize("share", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("distance", [0, 4, 100])
@pytest.mark.parametrize("at_once", [1, 60, 10**6])
def test_rewards_are_those_of_the_formula(monkeypatch, share, distance, formula, at_once):
    monkeypatch.setattr(drdsn, "_PRODUCTS_AT_ONCE", at_once)  # so that a video is one block, or many
    rng = np.random.default_rng(0)
    features = rng.normal(size=(25, 6)) / 3
    selected = rng.random((3, 25)) < share
    selected[:, 3] = True
    found = rewards(torch.from_numpy(features), torch.from_numpy(selected), distance, FORMULAS[formula])
    expected = [reward_by_loops(features, summary, distance, formula) for summary in selected]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_empty_summary_earns_nothing_and_a_frame_of_zeros_is_unlike_all_others():
    features = torch.randn(5, 3)
    nothing = torch.zeros(1, 5, dtype=torch.bool)
    assert float(rewards(features, nothing)) == 0
    features[2] = 0
    diversity, _ = drdsn.reward_terms(features, torch.tensor([[False, True, True, False, False]]), 20, True)
    assert float(diversity) == 1


@pytest.mark.parametrize("formula", ["released", "paper"])
def test_one_step_is_that_of_the_formula(formula):
    """Losses, the baseline and every weight after two steps of Adam, each written out."""
    rng = np.random.default_rng(1)
    raw = torch.from_numpy(rng.normal(size=(30, 6)).astype(np.float32)) * 5
    unit = raw / raw.norm(dim=1, keepdim=True)
    torch.manual_seed(0)
    task = DrDsn(6, [[0]], dict(hidden=4, draws=3, formula=formula))
    plain = copy.deepcopy(task.networks[0][1])
    optimizer = task.build_optimizer()
    first, second = ({name: torch.zeros_like(p) for name, p in plain.named_parameters()} for _ in range(2))
    baseline = 0.0
    for step in (1, 2):
        noise = torch.from_numpy(rng.random((3, 30)).astype(np.float32))
        (loss,), logged = task.losses(Draw(raw, noise), [0])
        optimizer.zero_grad()
        loss.backward()
        task.on_before_optimizer_step(optimizer)
        optimizer.step()

        probability = plain(unit)
        expected = 0.01 * (probability.mean() - 0.5) ** 2
        earned = []
        for draw in noise:
            selected = (draw < probability.detach()).float()
            logs = selected * probability.log() + (1 - selected) * (1 - probability).log()
            reward = reward_by_loops(unit.numpy().astype(np.float64), selected.numpy() > 0, 20, formula)
            gain = reward - baseline
            expected = expected - (logs.mean() * gain if formula == "released" else logs.sum() * gain / 3)
            earned.append(reward)
        baseline = 0.9 * baseline + 0.1 * np.mean(earned)
        assert loss.item() == pytest.approx(expected.item(), abs=1e-6 if formula == "released" else 1e-5)
        assert float(logged["reward"]) == pytest.approx(np.mean(earned), abs=1e-6)
        assert float(task.baseline[0, 0]) == pytest.approx(baseline, abs=1e-6)

        plain.zero_grad()
        expected.backward()
        norm = float(sum(p.grad.square().sum() for p in plain.parameters())) ** 0.5
        scale = min(1.0, 5.0 / norm) if formula == "released" else 1.0
        decay = 1e-5 if formula == "released" else 2e-5
        with torch.no_grad():
            for name, p in plain.named_parameters():
                gradient = p.grad * scale + decay * p
                first[name] = 0.9 * first[name] + 0.1 * gradient
                second[name] = 0.999 * second[name] + 0.001 * gradient**2
                p -= 1e-5 * (first[name] / (1 - 0.9**step)) / ((second[name] / (1 - 0.999**step)).sqrt() + 1e-8)
        for name, p in task.networks[0][1].named_parameters():
            torch.testing.assert_close(p, plain.get_parameter(name), atol=1e-6, rtol=0)


def test_gradients_are_clipped_network_by_network_as_released_and_not_in_the_paper():
    for formula, norm in (("released", 5.0), ("paper", 1000.0)):
        task = DrDsn(3, [[0], [0]], dict(hidden=2, formula=formula))
        for network, length in zip(task.networks, (1000.0, 1.0), strict=True):
            for p in network.parameters():
                p.grad = torch.zeros_like(p)
            next(network.parameters()).grad[0, 0] = length
        task.on_before_optimizer_step(task.build_optimizer())
        found = [next(network.parameters()).grad.norm().item() for network in task.networks]
        assert found == pytest.approx([norm, 1.0], rel=1e-4)


class Draw(VideoDraw):
    """A video whose random numbers are given."""

    def __new__(cls, features, noise):
        draw = super().__new__(cls, 0, features, (0, 0, 0))
        draw.noise = noise
        return draw

    def uniform(self, *shape, stream=0):
        assert self.noise.shape == shape
        return self.noise


class LargestTensor(TorchDispatchMode):
    """Notes how many values the largest tensor holds that any operation makes."""

    largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for each in tree_leaves(out):
            if isinstance(each, torch.Tensor):
                self.largest = max(self.largest, each.untyped_storage().nbytes() // each.element_size())
        return out


def test_a_step_on_a_long_video_makes_no_tensor_of_all_pairs_of_frames():
    n = 12_000  # of FineGym's longest video, every 15th frame makes 15,400
    task = DrDsn(4, [[0]], dict(hidden=2, draws=2))
    with LargestTensor() as seen:
        (loss,), _ = task.losses(Draw(torch.randn(n, 4), torch.rand(2, n)), [0])
        loss.backward()
    assert seen.largest < n * n / 20  # the LSTM's own grows with n, too


def test_features_of_any_length_are_trained_on_and_scored_alike():
    torch.manual_seed(0)
    task = DrDsn(6, [[0]], dict(hidden=4))
    features, noise = torch.randn(40, 6), torch.rand(5, 40)
    found = []
    for scale in (1.0, 50.0):
        task.baseline.zero_()
        (loss,), logged = task.losses(Draw(features * scale, noise), [0])
        scores = task.scorer(0).importance(features * scale, 15)
        found.append((float(loss), float(logged["reward"]), scores))
    assert found[0][:2] == pytest.approx(found[1][:2], abs=1e-6)
    np.testing.assert_allclose(found[0][2], found[1][2], atol=1e-6)


def test_on_real_features_representativeness_is_of_the_order_of_the_released_codes(shared):
    checked = 0
    for path in sorted((shared / "summe" / "dino").glob("*.npz")):
        with np.load(path) as content:
            if "dino768" not in content.files or checked == 4:
                continue
            features = torch.from_numpy(content["dino768"].astype(np.float32))
        half = torch.rand(1, len(features), generator=torch.Generator().manual_seed(0)) < 0.5
        _, scaled = drdsn.reward_terms(drdsn.UnitLength()(features), half, 20, True)
        assert 0.75 < float(scaled) < 1, path
        checked += 1
    assert checked == 4


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
        earned = []
        for video in range(3):
            features = videos.features(video)
            probability = task.networks[0](features).detach()
            noise = torch.rand(64, len(features), generator=torch.Generator().manual_seed(video))
            earned += rewards(drdsn.UnitLength()(features), noise < probability).tolist()
        return np.mean(earned)

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
    assert "trains on the videos of one benchmark, but 2 are named (tvsum, summe)" in user_error(done)
    assert "one device" in user_error(dr_dsn("trainer.devices=2", folder=tmp_path, cache=cache))
    assert "accumulate_grad_batches=1" in user_error(
        dr_dsn("trainer.accumulate_grad_batches=2", folder=tmp_path, cache=cache)
    )
    assert "splits" in user_error(dr_dsn("splits=paper5", folder=tmp_path, cache=cache))
