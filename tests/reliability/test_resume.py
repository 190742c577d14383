"""Nothing is lost: kills, signals, SLURM's requeueing, full disks and damaged checkpoints."""

from __future__ import annotations

import os
import resource
import signal
import time

import pytest
import torch

from maesum.data.datamodule import ClipDataModule
from maesum.data.order import Position
from maesum.system.errors import MaesumError
from maesum.training.checkpointing import AtomicCheckpointIO, LastCheckpoint
from maesum.training.resume_from import keep_log, resume_path
from tests.commands import SECONDS, maesum_here, user_error
from tests.reliability import killing

TRAIN = ("train", "+experiment=rand_stride", *SECONDS, "figures=false", "benchmark=[]")


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory, cache):
    """Final weights of the kill trials' training, by way, each trained once."""
    folder, known = tmp_path_factory.mktemp("whole"), {}

    def weights(way):
        if way not in known:
            run = folder / way.replace(" ", "_").replace(",", "")
            known[way] = killing.train_whole(run, cache, way)
        return known[way]

    return weights


@pytest.mark.slow
@pytest.mark.parametrize(("way", "kills"), [("one process", 1), ("two ranks, accumulation", 1)])
def test_killed_and_resumed_equals_never_stopped_to_the_bit(never_stopped, cache, tmp_path, way, kills):
    moments = killing.train_killed(tmp_path / "run", cache, killing.WAYS[way], kills, seed=kills)
    assert killing.same_bits(never_stopped(way), killing.weights(tmp_path / "run")), moments


@pytest.mark.slow
def test_a_signal_saves_and_exits_and_slurm_goes_on_by_itself(never_stopped, cache, tmp_path, monkeypatch):
    """SIGUSR1 ahead of a time limit: saved, queued again through scontrol, and the second start needs no ckpt=."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "scontrol").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    (tools / "scontrol").chmod(0o755)
    slurm = {"SLURM_JOB_ID": "42", "SLURM_NTASKS": "1", "SLURM_JOB_NAME": "train", "SLURM_PROCID": "0",
             "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_NODELIST": "localhost"}  # fmt: skip
    for name, value in {**slurm, "PATH": f"{tools}:{os.environ['PATH']}"}.items():
        monkeypatch.setenv(name, value)
    run = tmp_path / "run"
    process = killing.start(run, cache, "checkpoint_every_n_steps=null", *killing.WAYS["loader processes"])
    killing.wait_for_checkpoint(process, run)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGUSR1)  # SLURM signals every process of the job
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGUSR1, stderr
    assert "stopped by SIGUSR1 after step" in stderr
    assert "SLURM has queued the job again" in stderr
    assert (tmp_path / "asked").read_text().split() == ["requeue", "42"]
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    killing.finish(killing.start(run, cache, *killing.WAYS["loader processes"]))
    assert killing.same_bits(never_stopped("one process"), killing.weights(run))
    assert (run / "log" / "metrics_1.csv").exists()


@pytest.mark.slow
def test_sigterm_to_the_first_of_two_ranks_stops_both_with_a_checkpoint(never_stopped, cache, tmp_path):
    way = "two ranks, accumulation"
    run, ranks = tmp_path / "run", killing.WAYS[way]
    process = killing.start(run, cache, *ranks)
    killing.wait_for_checkpoint(process, run)
    os.kill(process.pid, signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, stderr
    assert "Traceback" not in stderr
    assert "resume with ckpt=last" in stderr
    killing.finish(killing.start(run, cache, *ranks, "ckpt=last"))
    assert killing.same_bits(never_stopped(way), killing.weights(run))


@pytest.mark.slow
def test_ctrl_c_saves_and_ends_a_multirun(cache, tmp_path):
    """The terminal sends SIGINT to every process of the command, loader processes too."""
    sweep = ("hydra.mode=MULTIRUN", f"hydra.sweep.dir={tmp_path / 'jobs'}", "mask_ratio=0.3,0.5", "epochs=1000")
    process = killing.start(tmp_path / "unused", cache, *sweep, *killing.WAYS["loader processes"])
    first, second = (tmp_path / "jobs" / number for number in "01")
    killing.wait_for_checkpoint(process, first)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT, stderr
    assert "Traceback" not in stderr
    assert "stopping after this step; Ctrl-C again stops at once" in stderr
    assert "stopped by SIGINT after step" in stderr
    assert not second.exists()


def test_last_is_this_folders_own_checkpoint_or_the_newest_beside_it(tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    for number, name in enumerate(("old", "new")):
        path = runs / name / "checkpoints" / "last.ckpt"
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (number, number))
    assert resume_path("last", runs / "third") == runs / "new" / "checkpoints" / "last.ckpt"
    assert resume_path("last", runs / "old") == runs / "old" / "checkpoints" / "last.ckpt"
    assert resume_path(None, runs / "third") is None
    for launcher in ("SLURM", "TORCHELASTIC"):
        with monkeypatch.context() as patch:
            patch.setenv(f"{launcher}_RESTART_COUNT", "2")
            assert resume_path(None, runs / "old") == runs / "old" / "checkpoints" / "last.ckpt"
            assert resume_path(None, runs / "third") is None


def test_a_folder_that_holds_a_training_is_not_trained_over(tmp_path):
    own, other = tmp_path / "run" / "checkpoints" / "last.ckpt", tmp_path / "other.ckpt"
    own.parent.mkdir(parents=True)
    own.touch()
    other.touch()
    for ckpt in (None, str(other), "missing.ckpt"):
        with pytest.raises(
            MaesumError, match=r"run/checkpoints/last.ckpt: this folder holds a training already; go on"
        ):
            resume_path(ckpt, tmp_path / "run")
    assert resume_path(str(own), tmp_path / "run").samefile(own)


def test_a_finished_run_resumed_in_another_folder_is_complete(small_run, cache, tmp_path):
    checkpoint = f"ckpt={small_run / 'checkpoints' / 'last.ckpt'}"
    done = maesum_here(*TRAIN, checkpoint, "hydra.run.dir=again", folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert killing.same_bits(killing.weights(small_run), killing.weights(tmp_path / "again"))
    import json

    first, again = (json.loads((run / "metrics.json").read_text()) for run in (small_run, tmp_path / "again"))
    assert {key: first[key] for key in again} == again
    assert {"train/loss", "val/loss"} <= again.keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["optim.base_lr=0.5"], "was trained with optim.base_lr=0.01, but now it is 0.5"),
        (["model.encoder_depth=2"], "was trained with model.encoder_depth=1, but now it is 2"),
        (["batch_size=16"], "was trained with batch_size=32, but now it is 16"),
    ],
)
def test_other_settings_are_refused(small_run, cache, tmp_path, change, message):
    checkpoint = f"ckpt={small_run / 'checkpoints' / 'last.ckpt'}"
    done = maesum_here(*TRAIN, checkpoint, *change, "hydra.run.dir=run", folder=tmp_path, cache=cache)
    assert message in user_error(done)


def test_damaged_checkpoints_are_one_sentence(small_run, cache, tmp_path):
    whole = (small_run / "checkpoints" / "last.ckpt").read_bytes()
    content = torch.load(small_run / "checkpoints" / "last.ckpt", weights_only=True)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 16
    damaged = {"cut": whole[:-4000], "empty": b"", "flipped": bytes(flipped)}
    for name, data in damaged.items():
        (tmp_path / f"{name}.ckpt").write_bytes(data)
    for field in ("loops", "optimizer_states", "hyper_parameters"):
        torch.save({key: value for key, value in content.items() if key != field}, tmp_path / f"{field}.ckpt")
    torch.save({**content, "loops": {"fit_loop": 3}}, tmp_path / "counters.ckpt")
    for path in sorted(tmp_path.glob("*.ckpt")):
        done = maesum_here(*TRAIN, f"ckpt={path}", "hydra.run.dir=run", folder=tmp_path, cache=cache)
        assert path.name in user_error(done)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_loader_starts_at_its_batch_and_then_reads_whole_epochs(make_features, workers):
    def epochs(start):
        data = ClipDataModule(make_features(), batch_size=8, clips_per_video=20, workers=workers)
        data.start = start
        loader = data.train_dataloader()
        batches = []
        for epoch in range(start.epoch, 4):
            loader.sampler.set_epoch(epoch)
            batches += [batch.rows for batch in loader]
        return batches

    whole, resumed = epochs(Position(0, 0)), epochs(Position(2, 3))
    assert len(resumed) == len(whole) - 2 * 8 - 3
    assert all(torch.equal(a, b) for a, b in zip(whole[-len(resumed) :], resumed, strict=True))


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no limit on file sizes")
def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path):
    """A limit on file sizes stands in for a full disk: writes fail part of the way."""
    path, writer = tmp_path / "checkpoints" / "last.ckpt", AtomicCheckpointIO()
    writer.save_checkpoint({"state_dict": {"w": torch.ones(3)}}, path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
    try:
        with pytest.raises(MaesumError, match=r"last.ckpt: writing failed .*; a checkpoint written before is unharmed"):
            writer.save_checkpoint({"state_dict": {"w": torch.ones(100_000)}}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert torch.equal(writer.load_checkpoint(path)["state_dict"]["w"], torch.ones(3))
    assert [entry.name for entry in path.parent.iterdir()] == ["last.ckpt"]


def test_curves_of_an_interrupted_run_are_kept(tmp_path):
    keep_log(tmp_path)
    log = tmp_path / "log" / "metrics.csv"
    log.parent.mkdir()
    for text in ("first", "second"):
        log.write_text(text)
        keep_log(tmp_path)
    assert [path.read_text() for path in sorted(log.parent.iterdir())] == ["first", "second"]


def test_checkpoints_need_a_positive_distance():
    with pytest.raises(MaesumError, match="checkpoint_every_n_steps is 0"):
        LastCheckpoint("last.ckpt", every_n_steps=0)


def test_a_divergent_run_stops_and_keeps_its_last_good_checkpoint(cache, tmp_path):
    options = ("optim.base_lr=1e18", "epochs=6", "warmup_epochs=5", "checkpoint_every_n_steps=1", "hydra.run.dir=run")
    done = maesum_here(*TRAIN[:-1], "benchmark=[]", *options, folder=tmp_path, cache=cache)
    sentence = user_error(done)
    assert "the loss is" in sentence or "is not finite after step" in sentence
    assert "step" in sentence
    content = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert all(bool(torch.isfinite(value).all()) for value in content["state_dict"].values())
    assert not (tmp_path / "run" / "metrics.json").exists()
