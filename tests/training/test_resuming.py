"""Whether a checkpoint is of this training, and whole: every field of a real one, damaged in many ways."""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path

import lightning as L
import pytest
import torch

from maesum.data.order import Position
from maesum.data.origin import FeatureOrigin
from maesum.methods.pretraining import Pretraining
from maesum.system.errors import MaesumError
from maesum.training.checkpointing import AtomicCheckpointIO, LastCheckpoint
from maesum.training.record import TrainingRecord
from maesum.training.resuming import load_resumed, refuse_finished, resumed_from
from tests.methods.test_pretraining import MODEL, clip_data

RECORD = TrainingRecord(
    {"seed": 0, "optim.base_lr": 4e-4},
    {"data.features": "aa"},
    [3],
    {"device": "cpu", "processes": 1, "threads": 1},
    {"torch": "2.13.0"},
)
FILES = {"data.features": "features.h5"}


def make_trainer(folder):
    checkpoint = LastCheckpoint(folder / "last.ckpt")
    checkpoint.record = RECORD
    return L.Trainer(
        max_epochs=3, accelerator="cpu", devices=1, logger=False, callbacks=[checkpoint],
        plugins=[AtomicCheckpointIO()], enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        limit_val_batches=0, use_distributed_sampler=False,
    )  # fmt: skip


def make_task():
    return Pretraining(MODEL, warmup_epochs=0, batch_size=8)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    import numpy as np

    from maesum.data import write_features

    path = tmp_path_factory.mktemp("features") / "features.h5"
    rng = np.random.default_rng(0)
    write_features(path, ["a", "b", "c"], [40, 90, 31], [rng.normal(size=(n, 8)) for n in (40, 90, 31)])
    return path


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, features):
    """The content of a checkpoint that a training left after two of three epochs."""
    folder = tmp_path_factory.mktemp("stopped")
    trainer = make_trainer(folder)

    class Stop(L.Callback):
        def on_train_epoch_start(self, trainer, module):
            if trainer.current_epoch == 2:
                trainer.should_stop = True
                raise KeyboardInterrupt

    trainer.callbacks.append(Stop())
    trainer.checkpoint_callback._is_due = lambda: True
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer.fit(make_task(), clip_data(features))
    return torch.load(folder / "last.ckpt", weights_only=True)


@pytest.fixture
def content(stopped):
    return copy.deepcopy(stopped)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Take a content as a training that resumes does, once it is read; one trainer serves all, which loads nothing."""
    trainer, usual = make_trainer(tmp_path_factory.mktemp("load")), make_task()

    def load(content, record=RECORD, task=None):
        return resumed_from(content, Path("a.ckpt"), task or usual, trainer, record, FILES)

    return load


def test_a_whole_checkpoint_is_gone_on_from(content, tmp_path, features):
    path = tmp_path / "a.ckpt"
    torch.save(content, path)
    data, trainer, task = clip_data(features), make_trainer(tmp_path / "run"), make_task()
    resumed = load_resumed(path, task, trainer, RECORD, FILES)
    assert resumed == (Position(2, 0), RECORD, [])
    data.start = resumed.position
    trainer.fit(task, data, ckpt_path=path, weights_only=True)
    assert trainer.current_epoch == 3
    assert trainer.global_step == content["global_step"] * 3 // 2
    again = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    assert TrainingRecord.from_plain(again["maesum"]["record"], path) == RECORD


NESTED = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])
META = torch.zeros(2, device="meta")
VALUES = {
    "none": None, "text": "x", "number": 7, "fraction": 0.5, "negative": -1, "nan": math.nan, "infinite": math.inf,
    "huge": 10**400, "large": 2**40, "true": True, "list": [1, 2], "empty list": [], "dict": {"a": 1}, "empty dict": {},
    "tensor": torch.zeros(3), "nan tensor": torch.full((3,), math.nan), "meta": META, "nested": NESTED,
    "sparse": torch.zeros(3).to_sparse(), "complex": torch.zeros(3, dtype=torch.complex64),
    "repeated": torch.zeros(1).expand(10**13),
}  # fmt: skip
#: What Lightning does not read when it resumes.
UNREAD = ("hparams_name",)
FIELDS = (
    "epoch", "global_step", "pytorch-lightning_version", "state_dict", "loops", "callbacks", "optimizer_states",
    "lr_schedulers", "hyper_parameters", "maesum", "hparams_name",
)  # fmt: skip
#: What is as good as what it replaces, or nothing that resuming depends on.
HARMLESS = {("epoch", "number"), ("callbacks", "empty dict"), ("hyper_parameters", "empty dict")}


def test_every_field_is_known(content):
    assert set(content) == set(FIELDS)


def refused(load, content, what=None):
    """The one sentence that a damaged checkpoint is answered with."""
    try:
        load(content)
    except MaesumError as error:
        message = str(error)
    else:
        pytest.fail(f"{what}: was taken")
    assert "a.ckpt" in message
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in UNREAD])
def test_a_field_that_is_missing_or_something_else_is_one_sentence(content, load, field):
    whole = content.pop(field)
    assert field in refused(load, content)
    for name, value in VALUES.items():
        if (field, name) not in HARMLESS and not (type(value) is type(whole) and value == whole):
            message = refused(load, {**content, field: value}, name)
            assert field in message or "list" in name or "dict" in name, (name, message)  # a part of it is named


def leaves(tree, path=()):
    """Every value within a field that is no dictionary or list, by its path."""
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, (list, tuple)) else ()
    for key, part in parts:
        if isinstance(part, (dict, list, tuple)) and part:
            yield from leaves(part, (*path, key))
        else:
            yield (*path, key), part


def put(tree, path, value):
    """A copy of a tree with one value replaced, or taken away."""
    if not path:
        return value
    key, *rest = path
    if isinstance(tree, dict):
        changed = dict(tree)
        if value is DELETED and not rest:
            del changed[key]
        else:
            changed[key] = put(tree[key], rest, value)
        return changed
    changed = list(tree)
    if value is DELETED and not rest:
        del changed[key]
    else:
        changed[key] = put(tree[key], rest, value)
    return type(tree)(changed)


DELETED = object()
#: Values inside a field whose change nothing depends on: Lightning's other loops, last metrics and hints for hardware.
LOOSE = ("validate_loop", "test_loop", "predict_loop", "metrics", "fused", "foreach", "capturable", "machine", "code")
#: Of these a change can be told only where it makes no sense: they count on their own.
COUNTERS = ("loops", "_step_count", "accumulate_grad_batches", "batches_per_epoch", "step")


#: Of many weights alike, the first few stand for all.
FEW = 4


@pytest.mark.parametrize(
    "field", ["optimizer_states", "lr_schedulers", "loops", "state_dict", "maesum", "hyper_parameters"]
)
def test_every_value_within_a_field_is_checked(content, load, field):
    """Taken away, nothing, text, a list, NaN, a negative or a huge number, or any unfit tensor in its place."""
    tried = 0
    for path, value in leaves(content[field]):
        is_one_of_many = field == "optimizer_states" and path[1] == "state" and path[2] >= FEW
        if any(part in LOOSE for part in path) or is_one_of_many or (field == "state_dict" and tried > 20 * FEW):
            continue
        for name, other in {"deleted": DELETED, **VALUES}.items():
            if _is_as_good(value, other, name, (field, *path)):
                continue
            damaged = {**content, field: put(content[field], path, other)}
            tried += 1
            refused(load, damaged, (path, name))
    assert tried > 50


def _is_as_good(value, other, name, path):
    """Whether a replacement is what it replaces, a default in place of it, or another number where any makes sense."""
    if other is DELETED and (path[0] == "hyper_parameters" or "settings" in path):
        return True
    if name == "true" and type(value) in (bool, int) and value in (0, 1):  # which Python takes for a one
        return isinstance(value, bool) or value == 1
    if type(other) is not type(value) or isinstance(value, torch.Tensor):
        return False
    return other == value or (name == "number" and any(part in COUNTERS for part in path))


def test_a_moment_of_another_shape_is_refused_before_the_optimiser_reads_it(content, load):
    state = content["optimizer_states"][0]["state"]
    for shape in ((1,), (0,), (1, 1, 1)):
        state[0]["exp_avg"] = torch.zeros(shape)
        assert "optimizer_states.0.state.0.exp_avg" in refused(load, content)
    state[0]["exp_avg"] = torch.zeros(())
    assert "optimizer_states.0.state.0.exp_avg' is () torch.float32, wanted (" in refused(load, content)


def test_lists_within_themselves_are_refused(content, load):
    content["callbacks"]["a"] = content["callbacks"]
    assert "nested too deeply" in refused(load, content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": {**RECORD.settings, "seed": 1}}, "was trained with seed=0, but now it is 1; resume with the"),
        ({"settings": {**RECORD.settings, "stride": 3}}, "was trained with stride=[1, 8], but now it is 3"),
        ({"settings": {"seed": 0}}, "was trained with optim.base_lr=0.0004, which is no setting of this training"),
        ({"data": {"data.features": "bb"}}, "other content of data.features: then aa, but features.h5 now holds bb"),
        ({"data": {**RECORD.data, "init": "cc"}}, "other content of init: then none, but"),
        ({"data": {}}, "other content of data.features: then aa, but now none is named"),
        ({"epochs": [1]}, "was trained for 2 epochs already, but epochs is 1; give at least 2"),
        ({"epochs": [2]}, "was trained with epochs=3, which sets the learning rate of each step, but now it is 2"),
    ],
)
def test_another_training_is_refused_by_name(content, load, change, message):
    with pytest.raises(MaesumError, match=r"a\.ckpt: ") as caught:
        load(content, dataclasses.replace(RECORD, **change))
    assert message in str(caught.value)


def test_a_setting_that_an_older_record_lacks_counts_as_its_default(content, load):
    newer = {**RECORD.settings, "stride": [1, 8], "optim.weight_decay": 0.05, "compile": None}
    assert load(content, dataclasses.replace(RECORD, settings=newer)).record.settings == newer


def test_more_epochs_are_taken_and_kept_in_the_record(content, load):
    resumed = load(content, dataclasses.replace(RECORD, epochs=[5]))
    assert resumed.record.epochs == [3, 5]
    assert any("its learning rate was set for 3 epochs and now is for 5" in line for line in resumed.remarks)


def test_more_epochs_at_a_rate_that_stays_are_the_same_training(content, load):
    resumed = load(content, dataclasses.replace(RECORD, epochs=[5], has_schedule=False))
    assert (resumed.record.epochs, resumed.remarks) == ([5], [])


def test_another_number_of_threads_is_told(content, load):
    machine = {"device": "cpu", "processes": 1, "threads": 4}
    (line,) = load(content, dataclasses.replace(RECORD, machine=machine)).remarks
    assert line == (
        "it was trained on cpu, 1 process of 1 thread, now on cpu, 1 process of 4 threads: results may differ in the "
        "last digits"
    )


def test_other_code_is_told(content, load):
    (line,) = load(content, dataclasses.replace(RECORD, code={"torch": "2.14.0"})).remarks
    assert line == (
        "it was trained by torch 2.13.0, now goes on by torch 2.14.0: results may be those of neither alone"
    )


def test_a_finished_neighbour_is_not_this_runs_result(content, load, tmp_path):
    content["loops"]["fit_loop"]["epoch_progress"]["current"].update(ready=3, started=3, processed=3, completed=3)
    resumed = load(content)
    assert resumed.remarks == ["it is trained to the end: no step is left, so its weights are only scored"]
    neighbour = tmp_path / "runs" / "a"
    (neighbour / "checkpoints").mkdir(parents=True)
    path = neighbour / "checkpoints" / "last.ckpt"
    refuse_finished(path, tmp_path / "runs" / "b", resumed)  # killed before it was scored
    (neighbour / "metrics.json").write_text("{}")
    refuse_finished(path, neighbour, resumed)  # its own folder
    with pytest.raises(MaesumError, match=r"runs/a: ckpt=last means this run, .* but it is finished"):
        refuse_finished(path, tmp_path / "runs" / "b", resumed)


def test_a_checkpoint_that_does_not_say_how_it_was_trained_is_refused(content, load):
    content["maesum"]["record"] = None
    assert "does not say with which settings and data it was trained" in refused(load, content)


def test_positions_within_an_epoch_are_read_from_lightnings_counters(content, load):
    loops = content["loops"]["fit_loop"]
    loops["epoch_progress"]["current"].update(ready=2, started=2, processed=1, completed=1)
    loops["epoch_loop.batch_progress"]["current"].update(ready=2, started=2, processed=2, completed=1)
    assert load(content).position == Position(1, 2)
    content["maesum"]["accumulate_grad_batches"] = 2
    assert "at trainer.accumulate_grad_batches=2, but now it is 1" in refused(load, content)
    content["maesum"]["accumulate_grad_batches"] = 1
    loops["epoch_loop.batch_progress"]["current"]["processed"] = 1000
    assert "places the training at batch 1000, but an epoch has" in refused(load, content)


def test_features_of_another_backbone_are_refused(content, load):
    task = make_task()
    task.trained_on = FeatureOrigin("resnet50")
    content["features"] = FeatureOrigin("googlenet").to_plain()
    with pytest.raises(MaesumError, match=r"a\.ckpt: features are of backbone 'resnet50', but .*; resume with the fea"):
        load(content, task=task)
