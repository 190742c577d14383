"""The host does not wait for the device in a training step, nor in a batch of scoring: seen without a GPU.

On a GPU, reading a value back waits for everything that is queued. Here such reads are counted where they are
dispatched, or made on the `meta` device, whose tensors have no values to read.
"""

import collections
import traceback

import lightning as L
import numpy as np
import torch
from lightning.pytorch.loops.training_epoch_loop import _TrainingEpochLoop
from torch.utils._python_dispatch import TorchDispatchMode

from maesum.jobs.monitoring import SamplesSeen, TrainingProgress
from maesum.models.trivial import interpolation
from maesum.scoring.targets import ModelScorer, PartScorer, WindowScorer
from maesum.tasks.checkpointing import LastCheckpoint
from maesum.tasks.optim import OptimSettings, adamw
from maesum.tasks.pretraining import Pretraining
from maesum.transfer import Arriving
from tests.tasks.test_pretraining import MODEL, clip_data

META = torch.device("meta")
LOGGED_EVERY = 10


class ReadsBack(TorchDispatchMode):
    """Counts reads of a tensor's value by optimiser step, except those of values that were sent ahead."""

    def __init__(self, task):
        super().__init__()
        self.task, self.of_step = task, collections.Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten._local_scalar_dense.default and self.task.trainer.training:
            callers = traceback.extract_stack()
            if not any(call.name == "item" and call.filename.endswith("maesum/transfer.py") for call in callers):
                self.of_step[self.task.trainer.global_step] += 1
        return function(*args, **(kwargs or {}))


def test_no_step_reads_a_value_back_but_those_that_log(make_features, tmp_path):
    data = clip_data(make_features(), residency="device", clips_per_video=20)
    task = Pretraining(MODEL, warmup_epochs=0, batch_size=8)
    callbacks = [LastCheckpoint(tmp_path / "last.ckpt"), SamplesSeen(8), TrainingProgress()]
    trainer = L.Trainer(
        max_epochs=5, accelerator="cpu", devices=1, logger=False, callbacks=callbacks, log_every_n_steps=LOGGED_EVERY,
        enable_model_summary=False, num_sanity_val_steps=0, use_distributed_sampler=False, limit_val_batches=0,
    )  # fmt: skip
    with ReadsBack(task) as reads:
        trainer.fit(task, data)
    an_epoch = len(data.train_dataloader())
    assert trainer.global_step == 5 * an_epoch
    # After a step that logs, the progress bar shows its values; at an epoch's end a checkpoint may be written.
    allowed = {step for step in range(1, trainer.global_step + 1) if step % LOGGED_EVERY == 0 or step % an_epoch == 0}
    assert LOGGED_EVERY in reads.of_step
    assert set(reads.of_step) <= allowed | {0}


def test_lightning_does_not_ask_for_sigterm_in_every_step(make_features, tmp_path):
    """Its own question is replaced by `StopRequest`; a Lightning that asks in another way has to be looked at."""
    assert callable(_TrainingEpochLoop._broadcast_sigterm_tensor)
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", devices=1, logger=False, callbacks=[LastCheckpoint(tmp_path / "last.ckpt")],
        enable_model_summary=False, enable_progress_bar=False, num_sanity_val_steps=0, limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(Pretraining(MODEL, warmup_epochs=0, batch_size=8), clip_data(make_features()))
    assert trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor() is None


def test_a_step_takes_no_value_from_its_tensors():
    task = Pretraining(MODEL).to(META)
    loss = task.loss_of(torch.empty(4, 30, 8, dtype=torch.float16, device=META), torch.empty(4, 30, device=META))
    loss.backward()
    adamw(task.model, OptimSettings(), 128).step()
    assert loss.shape == ()
    assert all(parameter.grad is not None for parameter in task.model.parameters())


def test_a_batch_of_scoring_takes_no_value_from_its_tensors():
    model = Pretraining(MODEL).eval().to(META).model
    scorers: list[PartScorer] = [ModelScorer(model, META, precision) for precision in ("32", "bf16")]
    windows, target = np.tile(np.arange(30), (4, 1)), np.full(4, 15)
    with torch.inference_mode():
        for scorer in (*scorers, WindowScorer(interpolation, META)):
            scorer.take(torch.empty(100, 8))
            assert scorer.similarity(windows, target).shape == (4,)


def test_a_number_arrives():
    assert Arriving(torch.tensor(1.5, requires_grad=True)).item() == 1.5
    assert Arriving(torch.tensor(3)).item() == 3
