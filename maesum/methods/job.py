"""Run one training job, from a composed config to weights, scores, tables and figures in the run's folder."""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Iterable
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch
from lightning.fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import OmegaConf
from torch.nn import Module
from torch.nn.parallel import DistributedDataParallel

from maesum.config.training import TrainConfig
from maesum.data.opened import OpenBenchmark, open_benchmarks
from maesum.data.store import FeatureStore
from maesum.data.zeros import remark_on_zeros
from maesum.methods.registry import Setup, method
from maesum.runs.fingerprint import fingerprints
from maesum.runs.identity import identity
from maesum.runs.method_settings import PARTS_READ
from maesum.runs.provenance import LAST, describe_device, provenance, write_json, write_text
from maesum.system.errors import MaesumError, first_line
from maesum.system.launch import check_processes, waits_for
from maesum.system.printing import say
from maesum.system.processes import leave_group_at_exit
from maesum.training.checkpointing import AtomicCheckpointIO, LastCheckpoint
from maesum.training.experiment_log import log_config, log_results
from maesum.training.interrupts import interrupts_raised
from maesum.training.loggers import build_loggers, start_loggers
from maesum.training.module import TrainedModule
from maesum.training.monitoring import BenchmarkMonitor, SamplesSeen, TrainingProgress
from maesum.training.remarks import leave_out_remarks
from maesum.training.resume_from import keep_log, resume_path
from maesum.training.resuming import prepare_to_resume
from maesum.training.stopping import requeued_on_signal

leave_out_remarks()


@requeued_on_signal()
@interrupts_raised()
def run(config: TrainConfig, folder: Path, folder_is_given: bool = False) -> dict[str, float]:
    """Run the training job of the method that `method=` names.

    Leaves in the run's `folder`: config.yaml (resolved), checkpoints/last.ckpt, metrics.json and provenance.json; where
    benchmarks are scored also scores/<benchmark>.h5, evaluation.json and figures.
    The last weights are used: no annotation ever selects a checkpoint.

    Args:
        folder: where the run writes.
        folder_is_given: whether the user named the folder, so that `ckpt=last` means the checkpoint in it.

    Returns:
        Final values of what was logged, and the method's results, e.g. `<benchmark>/tau` and `<benchmark>/rho`.

    Raises:
        MaesumError: inputs that are missing or do not fit.
        Stopped: by a signal.
    """
    started = time.time()
    leave_group_at_exit()
    faulthandler.enable(2)  # what cannot be answered, such as a mapped file cut at this very moment, is not silent
    plain = asdict(config)  # as files, hashes and loggers take it
    kind = method(config.method["name"])
    settings = kind.read_settings(config.method)
    benchmarks = open_benchmarks(config.benchmarks) if "benchmarks" in PARTS_READ[kind.reads] else ()
    L.seed_everything(config.seed, workers=True, verbose=False)

    setup = Setup(config, settings, benchmarks)
    module, data = kind.build(setup)
    checkpoint = None if data is None else resume_path(config.ckpt, folder, folder_is_given)
    read = fingerprints(plain)  # as the files are now: they may change while this runs
    trainer = build_trainer(config, folder, watched=benchmarks if kind.is_watched else ())
    epochs = (
        None
        if data is None
        else prepare_to_resume(
            checkpoint, cast(TrainedModule, module), data, trainer, config, read, folder, has_schedule=kind.has_schedule
        )
    )
    zeros = remark_on_zeros(data.store) if isinstance(getattr(data, "store", None), FeatureStore) else None
    if zeros is not None and trainer.is_global_zero:
        say(zeros)
    # Up to here, nothing is written.
    start_loggers(trainer.loggers, folder)
    if trainer.is_global_zero:
        write_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(plain)))
    keep_log(folder)
    log_config(trainer.loggers, _settings(plain, epochs))
    metrics: dict[str, float] = {}
    if data is not None:
        trainer.fit(cast(TrainedModule, module), data, ckpt_path=checkpoint, weights_only=True)
        metrics = cast(LastCheckpoint, trainer.checkpoint_callback).metrics(trainer)
    metrics |= kind.finish(module, data, trainer, setup, folder)
    if trainer.is_global_zero:
        _report_reconstruction(metrics)
        log_results(trainer.loggers, metrics, folder, trainer.global_step)
        origin = _origin(_settings(plain, epochs), read, trainer) | {
            "samples_seen": trainer.global_step * _samples_of_step(config),
            "resumed_from": None if checkpoint is None else str(checkpoint),
            "seconds": time.time() - started,
        }
        write_json(folder / "provenance.json", origin)
        write_json(folder / "metrics.json", metrics)
        say(f"results: {folder}")
    return metrics


def _settings(config: dict[str, Any], epochs: list[int] | None) -> dict[str, Any]:
    """Return the settings that identify a run.

    Resuming does not make another run, so `ckpt` is not among them. Training for more epochs than first planned does,
    since the learning rate followed another schedule: `epochs` then lists every value that it had.
    """
    return {**config, "ckpt": None, "epochs": epochs if epochs and len(epochs) > 1 else config["epochs"]}


def _origin(settings: dict[str, Any], read: dict[str, str], trainer: L.Trainer) -> dict[str, Any]:
    """Return the run's provenance: its identity, the code, and the device that it was computed on."""
    origin = provenance() | identity("train", settings, read)
    origin |= describe_device(trainer.strategy.root_device, trainer.world_size)
    origin["device"]["threads"] = torch.get_num_threads()
    return origin


def _samples_of_step(config: TrainConfig) -> int:
    """Return the number of samples of one optimiser step: clips, or 1 where a step takes a whole video."""
    return 1 if config.method["reads"] == "videos" else config.batch_size


def _report_reconstruction(metrics: dict[str, float]) -> None:
    """Print the masked error beside those of the two trivial reconstructions, on held-out clips where there are any."""
    part = "val" if "val/loss" in metrics else "train"
    where = "of held-out clips" if part == "val" else "of the last training batches"
    model, mean, line = (
        metrics.get(f"{part}/{name}") for name in ("loss", "error_visible_mean", "error_interpolation")
    )
    if model is not None and mean is not None and line is not None:
        # Significant digits: of unit-norm features of a thousand channels the error is some 1e-6.
        say(f"masked error {where}: model {model:.4g}, visible mean {mean:.4g}, interpolation {line:.4g}")


class _OneStreamDDP(DDPStrategy):
    """DDP set up on the stream that the steps run on, and not on one of its own as Lightning does.

    DDP reads gradients on the stream that it was set up on, and torch 2.10 warns where that is another. Under DDP a
    compiled step is several CUDA graphs that share memory, so the next one, replayed on the steps' own stream, may
    write over a gradient that is still being read.
    """

    def _setup_model(self, model: Module) -> DistributedDataParallel:
        return DistributedDataParallel(model, device_ids=self.determine_ddp_device_ids(), **self._ddp_kwargs)


def _ddp() -> DDPStrategy:
    """Return DDP that does not broadcast buffers in every step, since training changes none, and keeps one copy of
    gradients."""
    known = signature(DistributedDataParallel).parameters
    buffers = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"  # the older name
    options: dict[str, Any] = {"gradient_as_bucket_view": True, buffers: False}
    return _OneStreamDDP(**options)


def build_trainer(config: TrainConfig, folder: Path, watched: Iterable[OpenBenchmark] = ()) -> L.Trainer:
    """Build the trainer of a config, with its loggers, callbacks, checkpointing and progress bar.

    Args:
        watched: the benchmarks that are scored while it trains.
    """
    callbacks: list[Callback] = [
        LastCheckpoint(folder / LAST, config.checkpoint_every_n_steps),
        SamplesSeen(_samples_of_step(config)),
    ]
    if watched and config.evaluator.every_n_epochs:
        callbacks.append(BenchmarkMonitor(watched, config.scoring, config.evaluator))
    if config.trainer.enable_progress_bar:
        callbacks.append(TrainingProgress())
    loggers = build_loggers(config.logger, folder)
    plugins: list[Any] = [AtomicCheckpointIO()]
    if SLURMEnvironment.detect() and not TorchElasticEnvironment.detect():
        plugins.append(SLURMEnvironment(auto_requeue=False))  # `maesum.training.stopping` does that
    options = asdict(config.trainer)
    if config.trainer.strategy == "ddp":
        options["strategy"] = _ddp()
    try:
        trainer = L.Trainer(
            **options,
            max_epochs=config.epochs,
            logger=loggers,
            callbacks=callbacks,
            plugins=plugins,
            default_root_dir=folder,
            num_sanity_val_steps=0,
            limit_val_batches=1.0 if config.data.held_out else 0,
            use_distributed_sampler=False,  # the clip sampler deals out ranks itself
        )
    except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
        raise MaesumError(f"trainer.{{accelerator,devices,strategy,...}}: {first_line(error)}") from None
    # What deterministic=true adds for programs that read memory before they write it: a kernel more for most new
    # tensors, hundreds in an eager step. Results are the same without.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    check_processes(trainer.num_devices, trainer.num_nodes, of="trainer.")
    waiting = waits_for(trainer.num_nodes)
    if waiting is not None:
        say(waiting)
    return trainer
