"""The torchmetrics form: the same figures, alone and over two processes with uneven and repeated videos."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from maesum.metrics import mean, rank_correlation
from maesum.metrics.streaming import VideoRankCorrelation
from maesum.system.errors import MaesumError


def videos() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(rng.random(n).astype(np.float32), rng.integers(1, 6, (3, n))) for n in (40, 55, 70, 33, 90)]


def wanted() -> tuple[float, float]:
    each = [rank_correlation(importance, scores) for importance, scores in videos()]
    return float(np.mean([one.tau.mean() for one in each])), float(np.mean([one.rho.mean() for one in each]))


def test_equals_the_functions() -> None:
    metric = VideoRankCorrelation(n_videos=5)
    for number, (importance, scores) in enumerate(videos()):
        metric.update(number, torch.from_numpy(importance), torch.from_numpy(scores))
    found = metric.compute()
    assert (float(found["tau"]), float(found["rho"])) == pytest.approx(wanted(), abs=1e-6)
    metric.reset()
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert torch.isnan(metric.compute()["tau"])


def test_a_repeated_video_counts_once_and_policies_apply() -> None:
    importance, scores = videos()[0]
    constant = torch.full((40,), 0.5)
    for policy in ("propagate", "omit", "zero"):
        metric = VideoRankCorrelation(n_videos=2, undefined=policy)
        for _ in range(3):
            metric.update(0, torch.from_numpy(importance).bfloat16().float(), scores)
        metric.update(1, constant, scores)
        one = rank_correlation(torch.from_numpy(importance).bfloat16().float().numpy(), scores).tau.mean()
        assert float(metric.compute()["tau"]) == pytest.approx(mean([one, np.nan], policy), abs=1e-6, nan_ok=True)


def test_bfloat16_predictions_are_accepted() -> None:
    metric = VideoRankCorrelation(n_videos=1)
    metric.update(0, torch.rand(50).bfloat16(), torch.randint(1, 6, (2, 50)))
    assert torch.isfinite(metric.compute()["rho"])


def test_wrong_settings_fail_when_built() -> None:
    with pytest.raises(MaesumError, match="not defined for events"):
        VideoRankCorrelation(n_videos=1, protocol="gtscore", kind="events")
    with pytest.raises(MaesumError, match="undefined is 'skip'"):
        VideoRankCorrelation(n_videos=1, undefined="skip")  # type: ignore[arg-type]
    with pytest.raises(MaesumError, match="wanted 0 to 0"):
        VideoRankCorrelation(n_videos=1).update(1, torch.rand(4), torch.rand(2, 4))


def _rank(rank: int, store: str, queue: Any) -> None:
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    metric = VideoRankCorrelation(n_videos=5)
    mine = ([0, 1, 2, 3], [4, 0])[rank]  # rank 1 has fewer, and repeats video 0 as a distributed sampler does
    for number in mine:
        importance, scores = videos()[number]
        metric.update(number, torch.from_numpy(importance), scores)
    queue.put((rank, {name: float(value) for name, value in metric.compute().items()}))
    dist.destroy_process_group()


def test_two_ranks_agree_with_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_rank, args=(rank, str(tmp_path / "store"), queue)) for rank in range(2)]
    for process in processes:
        process.start()
    results = dict(queue.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(timeout=60)
    for rank in range(2):
        assert (results[rank]["tau"], results[rank]["rho"]) == pytest.approx(wanted(), abs=1e-6)
