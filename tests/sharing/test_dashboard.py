"""W&B: an offline run logs every key that a panel plots; several loggers at once."""

from __future__ import annotations

import json
import struct

import pytest

from maesum.sharing.dashboard import panels, workspace
from tests.commands import SECONDS, maesum

BLOCK = 32_768


def records(path):
    """The records of an offline run: W&B keeps protocol buffers in LevelDB's log format."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, whole = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        room = BLOCK - at % BLOCK
        if room < 7:
            at += room
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + 7])
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield Record.FromString(whole)
            whole = b""


def key(item):
    return item.key or item.nested_key[0]  # tables and pictures are logged as several fields below one key


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with three loggers, W&B offline."""
    folder = tmp_path_factory.mktemp("logged")
    done = maesum(
        "train", "+experiment=rand_stride", *SECONDS, "evaluator.every_n_epochs=1", "logger=[csv,wandb,tensorboard]",
        "group=my_sweep", "tags=[a,b]", "hydra.run.dir=run", folder=folder, cache=folder / "cache",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def logged(run):
    """What the offline run holds: keys of metrics, keys of the config, and the records themselves."""
    (path,) = run.glob("wandb/offline-run-*/run-*.wandb")
    every = list(records(path))
    metrics = {key(item) for record in every if record.HasField("history") for item in record.history.item}
    settings = {key(item) for record in every if record.HasField("config") for item in record.config.update}
    settings |= {key(item) for record in every if record.HasField("run") for item in record.run.config.update}
    return metrics, settings, every


@pytest.mark.slow
def test_a_run_logs_every_key_that_a_panel_plots(logged):
    metrics, settings, _ = logged
    for panel in panels(["demo"]):
        assert set(panel.keys) <= metrics, panel
        assert panel.x in (metrics if panel.kind == "line" else settings | {""}), panel


@pytest.mark.slow
def test_a_run_tells_its_name_group_tags_config_and_code(logged):
    _, settings, every = logged
    run = next(record.run for record in every if record.HasField("run"))
    assert (run.display_name, run.run_group, list(run.tags)) == ("rand_stride", "my_sweep", ["a", "b"])
    assert {"config_hash", "git", "mask_ratio", "stride", "seed", "data", "model"} <= settings
    stepped = {record.metric.glob_name: record.metric.step_metric for record in every if record.HasField("metric")}
    assert stepped["train/*"] == "samples_seen"


@pytest.mark.slow
def test_training_metrics_come_with_the_samples_seen(logged):
    _, _, every = logged
    rows = [
        {key(item): item.value_json for item in record.history.item} for record in every if record.HasField("history")
    ]
    training = [row for row in rows if "train/loss" in row]
    assert training
    assert all("samples_seen" in row for row in training)
    assert json.loads(training[-1]["samples_seen"]) == 15 * 32  # every fifth of 16 steps is logged


@pytest.mark.slow
def test_csv_and_tensorboard_are_written_beside_wandb(run):
    header = (run / "log" / "metrics.csv").read_text().splitlines()[0]
    assert {"samples_seen", "train/loss", "demo/tau", "monitor/demo/tau"} <= set(header.split(","))
    assert "config_hash" in (run / "log" / "hparams.yaml").read_text()
    assert list((run / "tensorboard").glob("events.*"))


def test_panels_become_a_workspace():
    pytest.importorskip("wandb_workspaces")
    made = workspace("me", "maesum", "tables", ["tvsum", "summe"])
    assert [section.name for section in made.sections] == ["training", "benchmarks", "ablations"]
    assert sum(len(section.panels) for section in made.sections) == len(panels(["tvsum", "summe"]))
