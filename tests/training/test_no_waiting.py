"""The host does not wait for the device in a training step, nor in a batch of scoring: seen without a GPU.

On a GPU, reading a value back waits for everything that is queued, and so do a copy that does not say `non_blocking`
and a barrier of NCCL's. Here reads and copies are counted where they are dispatched, or made on the `meta` device,
whose tensors have no values to read.
"""

import collections
import signal
import traceback
from types import SimpleNamespace

import lightning as L
import numpy as np
import torch
import torch.distributed as dist
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.loops.training_epoch_loop import _TrainingEpochLoop
from lightning.pytorch.strategies import DDPStrategy
from torch.utils._python_dispatch import TorchDispatchMode

from maesum.data import FeatureStore
from maesum.data.residency import DeviceFeatures
from maesum.methods.pretraining import Pretraining
from maesum.models.trivial import interpolation
from maesum.scoring.targets import ModelScorer, PartScorer, WindowScorer
from maesum.system.transfer import Arriving, sent
from maesum.training.checkpointing import LastCheckpoint
from maesum.training.monitoring import SamplesSeen, TrainingProgress
from maesum.training.optim import OptimSettings, adamw
from maesum.training.stopping import StopRequest
from tests.methods.test_pretraining import MODEL, clip_data

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
            if not any(call.name == "item" and call.filename.endswith("maesum/system/transfer.py") for call in callers):
                self.of_step[self.task.trainer.global_step] += 1
        return function(*args, **(kwargs or {}))


class WaitingCopies(TorchDispatchMode):
    """Counts copies from one device to another that the host waits for."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._to_copy.default:
            elsewhere = kwargs.get("device") not in (None, args[0].device)
            self.count += elsewhere and not kwargs.get("non_blocking", False)
        if function is torch.ops.aten.copy_.default:
            self.count += args[0].device != args[1].device and not (len(args) > 2 and args[2])
        return function(*args, **kwargs)


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
            with WaitingCopies() as copies:
                assert scorer.similarity(windows, target).shape == (4,)
            assert copies.count == 0


def test_clips_from_devices_are_fetched_without_waiting(make_features, monkeypatch):
    store = FeatureStore(make_features(lengths=(40, 90)))
    rows = torch.arange(30).expand(8, 30) + torch.tensor([0, 5, 40, 60, 2, 90, 50, 45])[:, None]  # of both ranks
    exchanged = []
    monkeypatch.setattr(dist, "all_to_all_single", lambda out, sent, **_: exchanged.append((out.shape, sent.shape)))
    for ranks in (1, 2):
        features = DeviceFeatures(store, META, rank=0, ranks=ranks)
        with WaitingCopies() as copies:
            assert features.gather(rows).shape == (8 // ranks, 30, 8)
        assert copies.count == 0
    assert exchanged == [((4, 30, 8), (3, 30, 8))]  # three of the eight clips lie on the first rank


def test_processes_agree_on_a_signal_without_waiting_for_each_other(tmp_path, monkeypatch):
    """Lightning's own reduction begins with a barrier, in which NCCL makes the host wait for the device."""
    monkeypatch.setattr(dist, "barrier", None)  # would fail
    strategy = DDPStrategy(
        accelerator=CPUAccelerator(),
        parallel_devices=[torch.device("cpu")],
        cluster_environment=LightningEnvironment(),
    )
    trainer = SimpleNamespace(world_size=2, strategy=strategy)
    stop = StopRequest()
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'rendezvous'}", rank=0, world_size=1)
    try:
        assert stop.agreed_before(trainer) == 0
        stop._note(signal.SIGTERM, None)
        assert stop.agreed_before(trainer) == 0  # as it stood a step before
        assert stop.agreed_before(trainer) == signal.SIGTERM
        assert stop.agreed(trainer) == signal.SIGTERM
    finally:
        dist.destroy_process_group()


def test_a_number_arrives():
    assert Arriving(torch.tensor(1.5, requires_grad=True)).item() == 1.5
    assert Arriving(torch.tensor(3)).item() == 3


def test_apples_devices_are_waited_for():
    """torch copies to them what may have been freed by then, and gives back what has not arrived."""
    told = SimpleNamespace(to=lambda device, non_blocking: non_blocking)
    assert not sent(told, torch.device("mps"))
    assert sent(told, torch.device("cuda"))
    waited = SimpleNamespace(is_cuda=False, detach=lambda: SimpleNamespace(to=lambda device, **how: how))
    assert not Arriving(waited)._value["non_blocking"]
