"""W&B: one run a folder, and one sentence before any work where it cannot start."""

from __future__ import annotations

import shutil

import pytest
import wandb

from maesum.system.errors import MaesumError
from maesum.training import loggers
from maesum.training.loggers import RUN_ID, build_loggers, start_loggers


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A user without a login, in a process that has not used W&B yet."""
    for name in ("WANDB_API_KEY", "WANDB_RUN_ID", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    wandb.teardown()
    yield monkeypatch
    wandb.finish()
    wandb.teardown()


def settings(folder):
    return {"wandb": {"_target_": "lightning.pytorch.loggers.WandbLogger", "project": "p", "save_dir": str(folder)}}


def start(folder):
    folder.mkdir(exist_ok=True)
    (logger,) = build_loggers(settings(folder), folder)
    start_loggers([logger], folder)
    found = logger.experiment.id
    wandb.finish()
    return found


def test_a_training_that_goes_on_in_its_folder_goes_on_in_its_wandb_run(fresh, tmp_path):
    fresh.setenv("WANDB_MODE", "offline")
    first, again, other = start(tmp_path / "a"), start(tmp_path / "a"), start(tmp_path / "b")
    assert first == again != other
    assert (tmp_path / "a" / RUN_ID).read_text() == f"{first}\n{tmp_path / 'a'}\n"
    (tmp_path / "a" / RUN_ID).write_bytes(b"\xff/../x")
    with pytest.raises(MaesumError, match=r"wandb_run_id: holds .*, wanted the id of a W&B run; delete the file"):
        start(tmp_path / "a")


def test_a_copy_of_a_folder_begins_a_run_of_its_own_and_a_moved_folder_keeps_its_run(fresh, tmp_path):
    fresh.setenv("WANDB_MODE", "offline")
    first = start(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    of_copy = start(tmp_path / "copy")
    assert of_copy != first
    assert start(tmp_path / "copy") == of_copy
    (tmp_path / "a").rename(tmp_path / "moved")
    assert start(tmp_path / "moved") == first
    (tmp_path / "moved" / RUN_ID).write_text(f"{first}\n")  # without a folder, as an earlier version notes it
    assert start(tmp_path / "moved") == first


def test_an_id_on_the_command_line_is_taken(fresh, tmp_path):
    fresh.setenv("WANDB_MODE", "offline")
    (tmp_path / RUN_ID).write_text("noted\n")
    given = settings(tmp_path)
    given["wandb"]["id"] = "given"
    (logger,) = build_loggers(given, tmp_path)
    assert logger.experiment.id == "given"


def test_nobody_logged_in_is_one_sentence_and_leaves_nothing(fresh, tmp_path):
    fresh.setenv("WANDB_MODE", "online")
    fresh.setattr(loggers, "_check_reachable", lambda url: None)
    with pytest.raises(MaesumError, match=r"nobody is logged in to W&B.*wandb login, or set WANDB_MODE=offline"):
        start(tmp_path / "a")
    assert not list((tmp_path / "a").iterdir())


def test_no_way_to_the_server_is_one_sentence_and_leaves_nothing(fresh, tmp_path):
    fresh.setenv("WANDB_MODE", "online")
    fresh.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    fresh.setenv("WANDB_API_KEY", "a" * 40)
    with pytest.raises(MaesumError, match=r"server 127\.0\.0\.1 cannot be reached .*WANDB_MODE=offline"):
        start(tmp_path / "a")
    assert not list((tmp_path / "a").iterdir())


def test_other_ranks_start_no_run(fresh, tmp_path):
    fresh.setenv("WANDB_MODE", "online")
    fresh.setattr(loggers.rank_zero_only, "rank", 1)
    start_loggers(build_loggers(settings(tmp_path), tmp_path), tmp_path)
    assert not (tmp_path / RUN_ID).exists()
    assert not (tmp_path / "wandb").exists()
