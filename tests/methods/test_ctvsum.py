"""CTVSUM as a method: it scores whole benchmarks without training, and what it prefers."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from maesum.data import Scores
from maesum.data.store import FeatureStore
from maesum.methods.ctvsum import METHOD, Criteria, CtvsumSettings
from maesum.metrics.rank import rank_correlation
from maesum.models.ctvsum import importance
from maesum.scoring.whole_video import VideoScorer
from tests.commands import SECONDS, maesum_here, user_error


@pytest.mark.parametrize(
    "settings", [{}, dict(neighbours=0.3, consistency=False), dict(exponential=False), dict(smoothing=0.0)]
)
def test_settings_reach_the_formula(settings):
    video = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    defaults = dict(neighbours=0.1, consistency=True, exponential=True, smoothing=1.0)
    assert torch.equal(Criteria(CtvsumSettings(**settings))(video), importance(video, **{**defaults, **settings}))


def test_it_finds_frames_that_vary_a_scene():
    """Annotators like what varies a scene, and neither its repeats nor what does not belong to it."""
    rng = np.random.default_rng(0)
    scorer, taus = VideoScorer(Criteria(CtvsumSettings(smoothing=0.0)), None), []
    for _ in range(4):
        scene = rng.normal(size=16)
        kind = rng.choice(3, size=100, p=[0.75, 0.2, 0.05])  # repeats, variations, something else
        spread = np.choose(kind, [0.01, 0.4, 3.0])[:, None]
        frames = scene + spread * rng.normal(size=(100, 16))
        score = scorer.importance(torch.from_numpy(frames.astype(np.float32)), 1)
        taus.append(rank_correlation(score, (kind == 1).astype(np.float32)[None]).tau)
    assert np.mean(taus) > 0.3


def test_it_declares_that_it_trains_nothing():
    assert (METHOD.reads, METHOD.is_supervised, METHOD.has_schedule) == ("nothing", False, False)
    assert "WACV 2023" in METHOD.reference


def test_it_scores_a_benchmark_by_command(cache, tmp_path):
    def run(*arguments):
        options = ["figures=false", "hydra.run.dir=run", *arguments]
        return maesum_here("train", "+experiment=ctvsum", *SECONDS, *options, folder=tmp_path, cache=cache)

    assert "method.neighbours is 0.0, wanted more than 0 and at most 1." in user_error(run("method.neighbours=0.0"))
    done = run("method.every=2")
    assert done.returncode == 0, done.stderr
    scores, store = Scores(tmp_path / "run" / "scores" / "demo.h5"), FeatureStore(cache / "demo" / "benchmark.h5")
    video_id = scores.video_ids[0]
    np.testing.assert_allclose(scores[video_id], importance(store[video_id][::2].float()), rtol=1e-5)
    assert (scores.attributes["scorer"], scores.attributes["supervised"]) == ("ctvsum", "no")
    assert "demo/tau" in json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert not (tmp_path / "run" / "checkpoints").exists()
