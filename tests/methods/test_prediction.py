"""The prediction loop on features at native rate and at every 15th frame, and one video named among several."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import torch

from maesum.config.scoring import BenchmarkConfig
from maesum.data import Benchmark, Scores, VideoAnnotation, write_benchmark, write_features
from maesum.data.opened import open_benchmarks
from maesum.data.origin import FeatureOrigin
from maesum.methods.prediction import predict_benchmarks
from maesum.metrics import hold, rank_correlation
from maesum.models import MaskedAutoencoder
from maesum.scoring import ScoringSettings, importance
from maesum.system.errors import MaesumError
from tests.commands import maesum_here, user_error

STEP = 15


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MaskedAutoencoder(
        8, encoder_dim=16, encoder_depth=1, encoder_heads=2, decoder_dim=16, decoder_depth=1, decoder_heads=2
    ).eval()


@pytest.fixture
def config(tmp_path):
    """Two videos whose features hold every 15th frame, as the public files do."""
    rng = np.random.default_rng(0)
    frames = {"video_2": 601, "video_10": 470}
    rows = [-(-n // STEP) for n in frames.values()]
    write_features(
        tmp_path / "features.h5",
        list(frames),
        rows,
        (rng.normal(size=(n, 8)) for n in rows),
        frame_step=STEP,
        n_frames=list(frames.values()),
    )
    annotations = [
        VideoAnnotation(v, np.repeat(rng.integers(1, 6, (5, 20)), 31, axis=1)[:, :n], 30.0, v)
        for v, n in frames.items()
    ]
    write_benchmark(tmp_path / "annotations.h5", "small", "ratings", annotations, "a test")
    return BenchmarkConfig(str(tmp_path / "annotations.h5"), features=str(tmp_path / "features.h5"), stride=1)


def test_scores_at_picks_are_held_until_the_next_pick(model, config, tmp_path):
    """Under the name that the config gives the benchmark, whatever its annotations call it."""
    metrics = predict_benchmarks(
        model, open_benchmarks({"mine": config}), tmp_path / "out", ScoringSettings(), {"checkpoint": "none"}
    )
    scores, benchmark = Scores(tmp_path / "out" / "scores" / "mine.h5"), Benchmark(config.annotations)
    assert scores.video_ids == benchmark.video_ids == ["video_2", "video_10"]
    taus = []
    with h5py.File(config.features) as file:
        features = {"video_2": file["features"][:41], "video_10": file["features"][41:]}
    for video_id in benchmark.video_ids:
        expected = importance(model, features[video_id], stride=1)
        np.testing.assert_array_equal(scores[video_id], expected)
        picks = scores.picks(video_id)
        np.testing.assert_array_equal(picks, np.arange(len(expected)) * STEP)
        native = hold(expected, picks, benchmark.n_frames(video_id))
        taus.append(rank_correlation(native, benchmark[video_id].user_scores).tau.mean())
    assert metrics["mine/tau"] == pytest.approx(np.mean(taus), abs=1e-12)
    assert (tmp_path / "out" / "figures" / "mine" / "video_10.png").exists()
    (evaluation,) = json.loads((tmp_path / "out" / "evaluation.json").read_text()).values()
    assert (evaluation["benchmark"], evaluation["title"]) == ("mine", "small")


@pytest.mark.parametrize(
    ("trained_on", "lines"),
    [
        (None, ["small: features hold one frame in 15, so stride 1 is 15 frames"]),
        (FeatureOrigin("tiny", "crop", STEP), ["small: features hold one frame in 15, so stride 1 is 15 frames"]),
        (
            FeatureOrigin("googlenet", "crop", 1),
            [
                "small: features are of backbone 'tiny', but the model was trained on 'googlenet'",
                "small: features hold one frame in 15, so stride 1 is 15 frames; the model was trained on every frame, "
                "where that is 1",
            ],
        ),
    ],
)
def test_features_unlike_those_of_the_training_are_told(model, config, tmp_path, capsys, trained_on, lines):
    with h5py.File(config.features, "r+") as file:
        file.attrs["backbone"] = "tiny"
    files = (tmp_path / "out", ScoringSettings(every=8), {})
    predict_benchmarks(model, open_benchmarks({"small": config}), *files, figures=False, trained_on=trained_on)
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("small: ")] == lines
    attributes = Scores(tmp_path / "out" / "scores" / "small.h5").attributes
    told = {name: value for name, value in attributes.items() if name.startswith("trained_on_")}
    known = {} if trained_on is None else trained_on.to_plain()
    assert told == {f"trained_on_{name}": value for name, value in known.items()}
    assert attributes["backbone"] == "tiny"


def test_a_video_that_cannot_be_scored_is_named(model, config, tmp_path):
    with h5py.File(config.features, "r+") as file:
        file["features"][50, 0] = np.inf
    with pytest.raises(MaesumError, match=r"features.h5: video 'video_10': the score of frame \d+ is nan"):
        predict_benchmarks(model, open_benchmarks({"small": config}), tmp_path / "out", ScoringSettings(), {})
    assert not (tmp_path / "out").exists()


def test_an_out_that_cannot_be_written_is_refused_before_anything_is_scored(config, tmp_path):
    files = [f"benchmarks.custom.{name}={getattr(config, name)}" for name in ("annotations", "features")]
    arguments = ["scorer=uniform", "benchmark=custom", *files, "hydra.run.dir=run"]
    before = sorted(tmp_path.iterdir())
    done = maesum_here("predict", *arguments, f"out={config.features}/out", folder=tmp_path)
    assert "features.h5/out cannot be written (Not a directory); choose another out=." in user_error(done)
    assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("job", ["job", "prediction"])
def test_a_machine_that_has_srun_is_not_told_so(job, tmp_path, monkeypatch):
    """Lightning tells it every time that it looks for SLURM."""
    (tmp_path / "srun").write_text("#!/bin/sh\n")
    (tmp_path / "srun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_NTASKS", raising=False)
    code = f"import maesum.methods.{job}; from lightning.fabric import Fabric; Fabric(accelerator='cpu', devices=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
