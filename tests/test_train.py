"""The training command: what a run leaves, what it says where something is missing or wrong, ranks and resuming."""

from __future__ import annotations

import json
import math
import re
from importlib import metadata

import h5py
import numpy as np
import pytest
import torch

from maesum.data import Benchmark, FeatureStore, Scores
from maesum.scoring import TRAINING_FREE, evenly_spread, importance
from tests.commands import SECONDS, maesum_forked, maesum_here, user_error

EXPERIMENT = "+experiment=rand_stride"


@pytest.fixture(scope="module")
def run(tmp_path_factory, cache):
    """One finished training run: its folder and what the command printed."""
    folder = tmp_path_factory.mktemp("train")
    done = maesum_forked("train", EXPERIMENT, *SECONDS, "hydra.run.dir=run", folder=folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return folder / "run", done


def test_a_run_leaves_weights_scores_tables_and_provenance(run, cache):
    folder, done = run
    metrics = json.loads((folder / "metrics.json").read_text())
    assert {"train/loss", "val/loss", "val/error_interpolation", "demo/tau", "demo/rho"} <= metrics.keys()
    assert all(math.isfinite(value) for value in metrics.values())
    origin = json.loads((folder / "provenance.json").read_text())
    assert re.fullmatch(r"[0-9a-f]{16}", origin["config_hash"])
    assert origin["seed"] == 0
    assert origin["packages"]["torch"] == metadata.version("torch")
    benchmark, scores = Benchmark(cache / "demo" / "annotations.h5"), Scores(folder / "scores" / "demo.h5")
    assert scores.video_ids == benchmark.video_ids
    for video_id in benchmark.video_ids:
        assert scores[video_id].shape == (benchmark.n_frames(video_id),)
        assert scores[video_id].dtype == np.float32
        assert (folder / "figures" / "demo" / f"{video_id}.png").stat().st_size > 5_000
    assert scores.attributes["stride"] == 2
    torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert "masked error of held-out clips: model" in done.stdout
    for row in ("scores", "human", "random"):
        assert re.search(rf"^\s*{row}\s+-?0\.\d+", done.stdout, re.M), done.stdout


def test_the_order_of_scale_and_experiment_does_not_matter(run, cache, tmp_path):
    folder, _ = run
    scale, *rest = SECONDS
    options = (*rest, "figures=false", "hydra.run.dir=run")
    done = maesum_here("train", scale, EXPERIMENT, *options, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    # Same config, same seed, another process and folder: the same bits.
    assert (tmp_path / "run" / "metrics.json").exists()
    first, second = (torch.load(d / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for d in (folder, tmp_path / "run"))  # fmt: skip
    assert all(torch.equal(first[name], second[name]) for name in first)
    hashes = [json.loads((d / "provenance.json").read_text())["config_hash"] for d in (folder, tmp_path / "run")]
    assert hashes[0] == hashes[1]


def test_predict_gives_what_training_gave(run, cache, tmp_path):
    folder, _ = run
    checkpoint = folder / "checkpoints" / "last.ckpt"
    done = maesum_forked(
        "predict", f"ckpt={checkpoint}", "benchmark=demo", "out=p", "figures=false", folder=tmp_path, cache=cache
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    trained, predicted = (json.loads((d / "metrics.json").read_text()) for d in (folder, tmp_path / "p"))
    assert predicted == {"demo/tau": trained["demo/tau"], "demo/rho": trained["demo/rho"]}
    assert not (tmp_path / "p" / "figures").exists()
    done = maesum_here(
        "predict", f"ckpt={checkpoint}", "benchmark=demo", "out=q", "stride=5", folder=tmp_path, cache=cache
    )
    assert Scores(tmp_path / "q" / "scores" / "demo.h5").attributes["stride"] == 5
    assert json.loads((tmp_path / "q" / "metrics.json").read_text()) != predicted


@pytest.mark.slow
def test_two_processes_score_every_frame_once_with_the_same_result(run, cache, tmp_path):
    folder, _ = run
    checkpoint = folder / "checkpoints" / "last.ckpt"
    options = ("accelerator=cpu", "devices=2", "figures=false", "out=p", "hydra.run.dir=p")
    done = maesum_forked("predict", f"ckpt={checkpoint}", "benchmark=demo", *options, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    one, two = (Scores(d / "scores" / "demo.h5") for d in (folder, tmp_path / "p"))
    for video_id in one.video_ids:
        np.testing.assert_allclose(one[video_id], two[video_id], atol=1e-6)
    assert done.stdout.count("results:") == 1


@pytest.mark.slow
def test_two_processes_train_like_one(run, cache, tmp_path):
    folder, _ = run
    options = ("trainer.devices=2", "trainer.strategy=ddp", "hydra.run.dir=run", "figures=false")
    done = maesum_forked("train", EXPERIMENT, *SECONDS, *options, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((d / "metrics.json").read_text()) for d in (folder, tmp_path / "run"))
    assert one["val/loss"] == pytest.approx(two["val/loss"], rel=1e-4)
    first, second = (torch.load(d / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for d in (folder, tmp_path / "run"))  # fmt: skip
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], atol=5e-4, rtol=1e-3
        )  # Adam turns rounding of tiny gradients into steps
    assert done.stdout.count("results:") == 1


@pytest.mark.parametrize("scorer", ["context_mean", "neighbour", "uniform"])
def test_training_free_predictors_run_where_a_checkpoint_runs(cache, tmp_path, scorer):
    done = maesum_here(
        "predict", f"scorer={scorer}", "benchmark=demo", "out=p", "figures=false", folder=tmp_path, cache=cache
    )
    assert done.returncode == 0, done.stderr
    scores = Scores(tmp_path / "p" / "scores" / "demo.h5")
    assert scores.attributes["scorer"] == scorer
    features = FeatureStore(cache / "demo" / "benchmark.h5")["video_1"]
    if scorer == "uniform":
        expected = evenly_spread(len(features))
    else:
        expected = importance(TRAINING_FREE[scorer], features, stride=2)
    np.testing.assert_array_equal(scores["video_1"], expected)


def test_without_data_it_says_what_is_missing_and_how_to_make_it(tmp_path, cache):
    done = maesum_here("train", EXPERIMENT, folder=tmp_path, cache=cache)
    assert done.returncode == 2
    message = done.stderr
    assert "Traceback" not in message
    assert "data.features=data/mini_kinetics200/googlenet*.h5 is missing; make it with: python -m maesum." in message
    assert "benchmarks.tvsum.annotations=data/tvsum/annotations.h5 is missing; make it with: python -m maesum.prepare" in message  # fmt: skip
    assert "python -m maesum.train +experiment=rand_stride +scale=demo" in message
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").rglob("*.ckpt"))


BAD_SETTINGS = {
    "epocs=3": "there is no config key 'epocs'; did you mean 'epochs'?",
    "data.workrs=3": "there is no config key 'data.workrs'; did you mean 'workers'?",
    "epochs=many": "epochs=many: Value 'many' of type 'str'",
    "model=huge": "huge",
    "mask_ratio=1.0": "mask_ratio is 1.0, wanted one that masks some of 30 frames",
    "stride=[8,1]": "stride is [8, 1], wanted",
    "stride=fast": "stride is 'fast', wanted",
    "batch_size=100000": "an epoch has 256 clips, but batch_size is 100000",
    "warmup_epochs=2": "warmup_epochs is 2, wanted fewer than epochs = 2",
    "model.encoder_heads=3": "model.encoder_dim is 16, wanted a multiple of model.encoder_heads = 3",
    "model.stream=other": "model.stream is 'other'",
    "batch_size=0": "batch_size is 0, wanted at least 1",
    "epochs=-1": "epochs is -1, wanted at least 1",
    "warmup_epochs=-3": "warmup_epochs is -3, wanted at least 0",
    "optim.base_lr=0": "optim.base_lr is 0.0, wanted more than 0",
    "optim.betas=[0.9]": "optim.betas is [0.9], wanted two numbers",
    "data.workers=-1": "data.workers is -1, wanted at least 0",
    "seed=-1": "seed is -1, wanted at least 0",
    "scoring.boundary=mirror": "scoring.boundary is 'mirror'",
    "benchmarks.demo.stride=0": "benchmarks.demo.stride is 0, wanted at least 1",
    "trainer.accelerator=cuda": "trainer.{accelerator,devices,strategy,...}:",
    "ckpt=absent.ckpt": "absent.ckpt: no such checkpoint",
    "ckpt=last": "this folder holds no checkpoints/last.ckpt, which ckpt=last means",
}


@pytest.mark.parametrize("setting", BAD_SETTINGS)
def test_a_bad_setting_is_one_sentence(setting, cache, tmp_path):
    done = maesum_here("train", EXPERIMENT, *SECONDS, setting, "hydra.run.dir=run", folder=tmp_path, cache=cache)
    assert BAD_SETTINGS[setting] in user_error(done)
    assert not list(tmp_path.rglob("*.ckpt"))
    assert not list(tmp_path.rglob("metrics.json"))
    assert not (tmp_path / "run").exists() or list((tmp_path / "run").iterdir())


def _features(tmp_path, change):
    """A features file with a defect."""
    from maesum.data import write_features

    lengths = [40, 50, 60]
    write_features(tmp_path / "bad.h5", ["a", "b", "c"], lengths, (np.ones((n, 8)) for n in lengths))
    with h5py.File(tmp_path / "bad.h5", "r+") as file:
        change(file)
    return "data.features=bad.h5"


def _replace(file, name, value):
    del file[name]
    file[name] = value


BAD_FEATURES = {
    "missing dataset": (lambda f: f.__delitem__("offsets"), "dataset 'offsets' is missing"),
    "another format": (lambda f: f.attrs.__setitem__("format", "maesum-scores"), "'maesum-scores', wanted 'maesum-features'"),
    "a newer version": (lambda f: f.attrs.__setitem__("version", 2), "version' is 2, but this release reads up to 1"),
    "offsets not increasing": (lambda f: _replace(f, "offsets", np.array([0, 40, 40, 150])), "wanted increasing"),
    "an empty set": (lambda f: _replace(f, "offsets", np.array([0])), "the set is empty"),
    "a video shorter than a window": (lambda f: _replace(f, "offsets", np.array([0, 40, 50, 150])), "'b' has 10 frames"),
    "NaN": (lambda f: f["features"].__setitem__((45, 0), np.nan), "holds NaN or infinite features"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FEATURES)
def test_bad_features_are_one_sentence(case, cache, tmp_path):
    change, message = BAD_FEATURES[case]
    options = [
        _features(tmp_path, change),
        "data.held_out=null",
        "batch_size=3",
        "stride=1",
        "epochs=60",
        "benchmark=[]",
    ]
    done = maesum_here("train", EXPERIMENT, *SECONDS, *options, "hydra.run.dir=run", folder=tmp_path, cache=cache)
    sentence = user_error(done)
    assert message in sentence
    assert "bad.h5" in sentence
    assert not list(tmp_path.rglob("metrics.json"))


def test_benchmarks_that_do_not_fit_are_one_sentence(run, cache, tmp_path):
    from maesum.data import write_features

    checkpoint = f"ckpt={run[0] / 'checkpoints' / 'last.ckpt'}"
    benchmark = Benchmark(cache / "demo" / "annotations.h5")
    lengths = [benchmark.n_frames(video_id) for video_id in benchmark.video_ids]

    def features(name, video_ids=benchmark.video_ids, lengths=lengths, dim=64):
        write_features(tmp_path / name, video_ids, lengths, (np.ones((n, dim)) for n in lengths))
        return f"benchmarks.demo.features={name}"

    cases = {
        features("ids.h5", video_ids=[f"v{i}" for i in range(len(lengths))]): "has no features of 5 of the 5 videos",
        features("lengths.h5", lengths=[length - 1 for length in lengths]): "feature rows at frame_step 1, wanted",
        features("width.h5", dim=32): "features are 32 wide, but the checkpoint was trained on 64",
        "benchmarks.demo.features=absent.h5": "absent.h5 is missing",
        "benchmarks.demo.annotations=lengths.h5": "'maesum-features', wanted 'maesum-benchmark'",
    }
    for number, (setting, message) in enumerate(cases.items()):
        done = maesum_here(
            "predict", checkpoint, "benchmark=demo", setting, f"out=p{number}", folder=tmp_path, cache=cache
        )
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / f"p{number}" / "scores").exists()


def test_predict_says_what_it_needs(run, cache, tmp_path):
    checkpoint = run[0] / "checkpoints" / "last.ckpt"
    cases = {
        (): "ckpt= is required",
        ("ckpt=absent.ckpt",): "absent.ckpt: no such checkpoint",
        ("scorer=magic",): "scorer is 'magic', wanted one of",
        ("scorer=uniform", f"ckpt={checkpoint}"): "takes no checkpoint",
        (f"ckpt={run[0] / 'metrics.json'}",): "metrics.json",
    }
    for arguments, message in cases.items():
        done = maesum_here("predict", "benchmark=demo", *arguments, folder=tmp_path, cache=cache)
        assert message in user_error(done)
