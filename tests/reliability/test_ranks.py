"""Ranks do not matter: losses, scores and tau of one and two processes, odd counts, and a rank that dies."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from maesum.data import Benchmark, Scores, VideoAnnotation, write_benchmark, write_features
from tests.commands import SECONDS, maesum_forked, maesum_here
from tests.reliability import killing

TWO = ("trainer.devices=2", "trainer.strategy=ddp")
pytestmark = pytest.mark.slow


def _losses(run: Path) -> dict[int, float]:
    with open(run / "log" / "metrics.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("train/loss")]
    return {int(row["step"]): float(row["train/loss"]) for row in rows}


def test_losses_of_fifty_steps_agree(cache, tmp_path):
    losses = []
    for name, ranks in (("one", ()), ("two", TWO), ("parts", (*TWO, "data.residency=device"))):
        options = ("epochs=7", "trainer.log_every_n_steps=1", "benchmark=[]", "figures=false", f"hydra.run.dir={name}")
        train = maesum_forked if ranks else maesum_here
        done = train("train", "+experiment=rand_stride", *SECONDS, *options, *ranks, folder=tmp_path, cache=cache)
        assert done.returncode == 0, done.stderr
        losses.append(_losses(tmp_path / name))
    one, two, parts = losses
    assert one.keys() == two.keys()
    assert parts == two  # the same clips, whichever rank holds them
    assert len(one) >= 50
    assert max(abs(one[step] - two[step]) for step in one) < 1e-5


def _write_set(folder: Path, videos: int) -> None:
    """Features and annotations of a few videos, and features of as many to hold out, as wide as the demo's."""
    rng = np.random.default_rng(videos)
    lengths = [61 + 2 * number for number in range(videos)]
    ids = [f"video_{number + 1}" for number in range(videos)]
    write_features(folder / "few.h5", ids, lengths, [rng.normal(size=(length, 64)) for length in lengths])
    others = [f"held_out_{number + 1}" for number in range(videos)]
    write_features(folder / "others.h5", others, lengths, [rng.normal(size=(length, 64)) for length in lengths])
    annotations = [
        VideoAnnotation(video_id, rng.integers(1, 6, (3, length)), 30.0, video_id)
        for video_id, length in zip(ids, lengths, strict=True)
    ]
    write_benchmark(folder / "few_annotations.h5", "few", "ratings", annotations, "made")


def test_one_video_for_two_ranks_trains_and_scores_alike(cache, tmp_path):
    """Fewer videos and fewer held-out clips than ranks, an odd number of frames, and a clip left over by the batches."""
    _write_set(tmp_path, videos=1)
    files = ("data.features=few.h5", "data.held_out=others.h5", "data.held_out_clips_per_video=1",
             "benchmarks.demo.features=few.h5", "benchmarks.demo.annotations=few_annotations.h5")  # fmt: skip
    options = (*files, "data.clips_per_video=3", "batch_size=2", "epochs=3", "figures=false")
    for name, ranks in (("one", ()), ("two", TWO)):
        train = maesum_forked if ranks else maesum_here
        done = train(
            "train", "+experiment=rand_stride", *SECONDS[:1], *SECONDS[5:], *options, "warmup_epochs=1", *ranks,
            f"hydra.run.dir={name}", folder=tmp_path, cache=cache,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    one, two = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("one", "two"))
    assert one["train/loss"] == pytest.approx(two["train/loss"], abs=1e-5)
    assert one["val/loss"] == pytest.approx(two["val/loss"], abs=1e-5)
    checkpoint = f"ckpt={tmp_path / 'one' / 'checkpoints' / 'last.ckpt'}"
    options = ("benchmark=demo", *files[3:], "accelerator=cpu", "devices=2", "figures=false", "out=p")
    done = maesum_forked("predict", checkpoint, *options, "hydra.run.dir=p", folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    alone, shared = (Scores(tmp_path / name / "scores" / "demo.h5") for name in ("one", "p"))
    benchmark = Benchmark(tmp_path / "few_annotations.h5")
    assert shared.video_ids == benchmark.video_ids
    for video_id in benchmark.video_ids:
        assert shared[video_id].shape == (benchmark.n_frames(video_id),)
        np.testing.assert_allclose(shared[video_id], alone[video_id], atol=1e-6)
    tau = [json.loads((tmp_path / name / "metrics.json").read_text())["demo/tau"] for name in ("one", "p")]
    assert tau[0] == pytest.approx(tau[1], abs=1e-9)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_dies_ends_the_job_with_an_error(cache, tmp_path, rank):
    run = tmp_path / "run"
    process = killing.start(run, cache, "epochs=1000", *TWO)
    killing.wait_for_checkpoint(process, run)
    other = next(pid for pid in _children(process.pid) if b"maesum" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(other if rank else process.pid, signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode != 0
    deadline = time.monotonic() + 60
    while _alive(other) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(other), "the other rank hangs"
    if rank:
        assert "error: another process of this job has ended" in stderr, stdout + stderr
    assert killing.weights(run)
