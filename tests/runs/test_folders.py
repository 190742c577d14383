"""Run folders: each start has its own, and a refused command takes back what it made and nothing else."""

import json
import logging
import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
from omegaconf import OmegaConf

from maesum.data import VideoAnnotation, write_benchmark, write_scores
from maesum.runs import folders as run_folders
from maesum.runs.folders import making_folders, new_folder, slurm_folder, sweep_folder
from maesum.runs.trace import Trace
from maesum.system.errors import MaesumError
from tests.commands import maesum_here, user_error

SECOND = "2026-01-02_03-04-05"


@pytest.fixture(autouse=True)
def one_second(tmp_path, monkeypatch):
    """Everything starts in the same second, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folders, "_now", lambda: SECOND)
    monkeypatch.delenv("MAESUM_SWEEP_FOLDER", raising=False)


@pytest.fixture
def job(monkeypatch):
    """Hydra runs a job by whatever config asks."""
    monkeypatch.setattr(run_folders, "_is_of_the_job", lambda config: True)


def _start(barrier, told):
    barrier.wait()
    with making_folders():
        folder = new_folder("runs/evaluate")
        with open(f"{folder}/result", "x") as file:
            file.write(str(os.getpid()))
        sweep = sweep_folder("runs/evaluate")
        open(f"{sweep}/multirun.yaml", "x").close()
        told.put((folder, sweep))


def test_commands_that_start_in_the_same_second_have_folders_of_their_own(job):
    context, count = multiprocessing.get_context("fork"), 12
    barrier, told = context.Barrier(count), context.Queue()
    processes = [context.Process(target=_start, args=(barrier, told)) for _ in range(count)]
    for process in processes:
        process.start()
    runs, sweeps = zip(*(told.get(timeout=60) for _ in processes), strict=True)
    for process in processes:
        process.join()
    numbers = ["", *(f"_{number}" for number in range(2, count + 1))]
    assert sorted(runs) == sorted(f"runs/evaluate/{SECOND}{number}" for number in numbers)
    assert sorted(sweeps) == sorted(f"runs/evaluate/sweep_{SECOND}{number}" for number in numbers)
    assert all(os.listdir(folder) == ["result"] for folder in runs)


def test_a_command_names_its_folder_once(job):
    os.makedirs(f"runs/a/{SECOND}")
    with making_folders():
        assert new_folder("runs/a") == new_folder("runs/a") == f"runs/a/{SECOND}_2"
        os.mkdir(f"runs/a/{SECOND}_2/kept")
    with making_folders():
        assert new_folder("runs/a") == f"runs/a/{SECOND}_3"


def test_jobs_of_a_multirun_share_its_folder_under_other_parents_and_in_other_processes():
    os.makedirs(f"runs/train/sweep_{SECOND}")
    with making_folders():
        assert sweep_folder("runs/train") == f"runs/train/sweep_{SECOND}_2"
        assert sweep_folder("runs/other") == f"runs/other/sweep_{SECOND}_2"
        code = "import maesum.runs.folders as f; print(f.sweep_folder('runs/third'))"
        worker = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert worker.stdout.strip() == f"runs/third/sweep_{SECOND}_2"
        with making_folders():  # another command, started by a job
            assert sweep_folder("runs/train") == f"runs/train/sweep_{SECOND}_3"
    assert "MAESUM_SWEEP_FOLDER" not in os.environ


def test_looking_at_a_config_makes_no_folder(tmp_path):
    assert new_folder("runs/a") == f"runs/a/{SECOND}"
    assert sweep_folder("runs/a") == f"runs/a/sweep_{SECOND}"
    with making_folders():
        assert new_folder("runs/a", OmegaConf.create()) == f"runs/a/{SECOND}"  # composed, but by no job
    for flags in (("--cfg", "all"), ("--help",), ("--info", "config")):
        assert maesum_here("evaluate", "scores=x", *flags, folder=tmp_path).returncode == 0
    assert not list(tmp_path.iterdir())


def test_all_processes_of_torchrun_and_srun_work_in_one_folder(monkeypatch):
    os.makedirs("runs/a/name")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "name")
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        with making_folders():
            assert new_folder("runs/a") == "runs/a/name"
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert slurm_folder("runs/a") == "runs/a/slurm_7"


def test_a_folder_that_cannot_be_made_is_one_sentence(job):
    open("runs", "w").close()
    with making_folders(), pytest.raises(MaesumError, match=r"runs/a/.*cannot be made .Not a directory.; work in a"):
        new_folder("runs/a")


def _files(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def inputs(tmp_path):
    """The scores and annotations of a video."""
    rng = np.random.default_rng(0)
    write_scores(tmp_path / "scores.h5", {"video": rng.random(60)}, {})
    annotation = VideoAnnotation("video", np.repeat(rng.integers(1, 6, (3, 6)), 10, axis=1), 30.0, "video")
    write_benchmark(tmp_path / "annotations.h5", "small", "ratings", [annotation], "made")
    return "scores=scores.h5", "annotations=annotations.h5"


@pytest.mark.parametrize(
    "held",
    [
        {"mine.log": "mine"},
        {"mine.log": "mine", "evaluate.log": "of another run\n"},
        {".hydra/config.yaml": "seed: 1\n", ".hydra/mine": "mine"},
        {"mine.txt": "mine"},
        {},
    ],
)
def test_a_refused_command_leaves_a_folder_of_the_user_as_it_was(held, tmp_path):
    for name, text in held.items():
        (tmp_path / "kept" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "kept" / name).write_text(text)
    (tmp_path / "kept").mkdir(exist_ok=True)
    for folder in ("kept", "new/folder"):
        done = maesum_here("evaluate", "scores=absent.h5", f"hydra.run.dir={folder}", folder=tmp_path)
        assert "absent.h5" in user_error(done) or "tvsum" in user_error(done)
    assert _files(tmp_path / "kept") == held
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_a_refused_command_made_with_other_names_stays(job, tmp_path):
    (tmp_path / "runs").mkdir()
    with making_folders() as folders:
        made = tmp_path / new_folder("runs/a")
        (made / ".hydra").mkdir()
        (made / "scores").mkdir()
        folders.take_back(made)
    assert sorted(os.listdir(made)) == [".hydra", "scores"]
    with making_folders() as folders:
        made = tmp_path / new_folder("runs/b")
        (made / ".hydra").mkdir()
        folders.take_back(made)
    assert sorted(os.listdir("runs")) == ["a"]  # runs was there before


def test_a_log_of_another_process_is_not_taken_for_ours(tmp_path):
    trace = Trace.before(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "other.log").write_text("of another process")
    handler = logging.FileHandler(tmp_path / "folder" / "own.log")
    logging.root.addHandler(handler)
    try:
        trace.take_back()
        assert sorted(os.listdir(tmp_path / "folder")) == ["other.log", "own.log"]
        (tmp_path / "folder" / "other.log").unlink()
        trace.take_back()
        assert not (tmp_path / "folder").exists()
    finally:
        logging.root.removeHandler(handler)


def test_two_evaluations_in_one_second_leave_two_results(inputs, tmp_path):
    for seed in (1, 2):
        assert maesum_here("evaluate", *inputs, f"seed={seed}", folder=tmp_path).returncode == 0
    for seed, name in ((1, SECOND), (2, f"{SECOND}_2")):
        content = json.loads((tmp_path / "runs" / "evaluate" / name / "metrics.json").read_text())
        assert content["provenance"]["seed"] == seed


def test_an_evaluation_does_not_take_the_place_of_other_results(inputs, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text('{"train/loss": 1.0}')
    arguments = (*inputs, "out=run/metrics.json")
    message = user_error(maesum_here("evaluate", *arguments, folder=tmp_path))
    assert "out=run/metrics.json exists and holds no evaluation" in message
    assert (tmp_path / "run" / "metrics.json").read_text() == '{"train/loss": 1.0}'
    (tmp_path / "run" / "metrics.json").unlink()
    for _ in range(2):  # its own it may renew
        assert maesum_here("evaluate", *arguments, folder=tmp_path).returncode == 0


@pytest.mark.parametrize("closed", ["runs/evaluate", "runs", "."])
def test_a_read_only_working_folder_is_no_matter_where_out_lies_elsewhere(closed, inputs, tmp_path, monkeypatch):
    (tmp_path / closed).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != closed)  # what root may do tests cannot forbid
    out = tmp_path.parent / f"{tmp_path.name}_out"
    assert maesum_here("evaluate", *inputs, f"out={out}/m.json", folder=tmp_path).returncode == 0
    assert [path.name for path in out.iterdir()] == ["m.json"]
    assert sorted(tmp_path.rglob("*")) == before
