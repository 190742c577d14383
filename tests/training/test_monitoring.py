"""Looking at a model while it trains: what is logged, and that it changes nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from maesum.data import Benchmark, FeatureStore, Scores
from maesum.metrics import rank_correlation
from maesum.scoring import importance
from maesum.training.checkpoints import load_autoencoder, load_pretrained
from tests.commands import SECONDS, maesum_here, user_error


@pytest.fixture(scope="module")
def runs(tmp_path_factory, cache):
    """The same training without and with the monitor."""
    folder = tmp_path_factory.mktemp("runs")
    for every in (0, 1):
        done = maesum_here(
            "train", "+experiment=rand_stride", *SECONDS, "figures=false", "scoring.batch_size=64", "evaluator.videos=2",
            f"evaluator.every_n_epochs={every}", f"hydra.run.dir={every}", folder=folder, cache=cache,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder / "0", folder / "1"


def test_the_monitor_changes_nothing(runs):
    plain, watched = (torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in runs)
    assert all(torch.equal(plain[name], watched[name]) for name in plain)
    metrics = [json.loads((run / "metrics.json").read_text()) for run in runs]
    assert metrics[0]["demo/tau"] == metrics[1]["demo/tau"]
    assert set(metrics[1]) - set(metrics[0]) == {"monitor/demo/tau", "monitor/demo/rho"}


def test_the_monitor_scores_the_first_videos_with_the_current_weights(runs, cache):
    model = load_autoencoder(runs[1] / "checkpoints" / "last.ckpt")
    benchmark, store = Benchmark(cache / "demo" / "annotations.h5"), FeatureStore(cache / "demo" / "benchmark.h5")
    taus = []
    for video_id in benchmark.video_ids[:2]:
        frames = np.arange(0, benchmark.n_frames(video_id), 15)
        scores = importance(model, store[video_id], 2, targets=frames)
        taus.append(rank_correlation(scores, benchmark[video_id].user_scores[:, frames]).tau.mean())
    metrics = json.loads((runs[1] / "metrics.json").read_text())
    assert metrics["monitor/demo/tau"] == pytest.approx(np.mean(taus), abs=1e-5)


def test_samples_seen_are_the_clips_of_all_steps(runs):
    metrics = json.loads((runs[1] / "metrics.json").read_text())
    origin = json.loads((runs[1] / "provenance.json").read_text())
    assert metrics["samples_seen"] == origin["samples_seen"] == 2 * 256


def test_a_checkpoint_tells_which_features_it_was_trained_on(runs, cache):
    path = runs[0] / "checkpoints" / "last.ckpt"
    assert load_pretrained(path).trained_on == FeatureStore(cache / "demo" / "pretraining.h5").origin
    attributes = Scores(runs[0] / "scores" / "demo.h5").attributes
    assert (attributes["trained_on_backbone"], attributes["trained_on_frame_step"]) == ("synthetic", 1)


def test_training_starts_from_the_weights_that_init_names(runs, cache, tmp_path):
    weights = tmp_path / "of_other_features.ckpt"
    content = torch.load(runs[0] / "checkpoints" / "last.ckpt", weights_only=True)
    torch.save({**content, "features": {**content["features"], "backbone": "googlenet", "frame_step": 5}}, weights)
    options = [*SECONDS, "figures=false", "optim.base_lr=1e-12", "optim.min_lr=1e-13", "hydra.run.dir=run"]
    done = maesum_here("train", "+experiment=finetune_tvsum", f"init={weights}", *options, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith(f"init={weights}: ")]
    assert len(said) == 2
    assert "features are of backbone 'synthetic', but the model was trained on 'googlenet'" in said[0]
    assert "trained on one frame in 5" in said[1]
    before, after = (torch.load(path, weights_only=True)["state_dict"] for path in (weights, tmp_path / "run" / "checkpoints" / "last.ckpt"))  # fmt: skip
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-6, rtol=0)
    for init, message in (("absent.ckpt", "no such checkpoint"), (f"{weights} model.encoder_dim=32", "wanted (")):
        done = maesum_here("train", "+experiment=finetune_tvsum", *options, *f"init={init}".split(), folder=tmp_path, cache=cache)  # fmt: skip
        assert message in user_error(done)
