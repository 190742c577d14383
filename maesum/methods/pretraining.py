"""Self-supervised pretraining: reconstruct masked frames of clips (paper, section 3.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torchmetrics import MeanMetric

from maesum.config.optimisation import OptimSettings
from maesum.config.training import TrainConfig
from maesum.data.clips import ClipBatch
from maesum.data.datamodule import ClipDataModule
from maesum.data.opened import check_width
from maesum.data.origin import FeatureOrigin
from maesum.data.statistics import feature_statistics
from maesum.methods.prediction import predict_benchmarks
from maesum.methods.registry import Method, Metrics, Setup
from maesum.models import MaskedAutoencoder, random_mask
from maesum.models.autoencoder import take
from maesum.models.losses import BY_NAME as LOSSES
from maesum.models.masking import masked_count, visible_first
from maesum.models.trivial import interpolation, visible_mean
from maesum.runs.provenance import LAST
from maesum.system.errors import MaesumError
from maesum.system.files import file_hash
from maesum.training.beginning import initial_weights
from maesum.training.checkpoints import FEATURES, load_weights
from maesum.training.compiling import check_mode, compiled
from maesum.training.finite import FiniteLoss
from maesum.training.module import ClipModule


class Pretraining(ClipModule):
    """Trains a `MaskedAutoencoder` on clips; the loss is taken on masked frames only (`maesum.models.losses`).

    Logged, over all ranks:

    - `train/loss`, `train/lr`;
    - `train/clips_per_second`, and `train/teraflop_per_second` of the matrix products of these clips;
    - `train/error_visible_mean`, `train/error_interpolation`: the errors of two trivial reconstructions of the same
      masked frames;
    - `val/loss`, `val/error_visible_mean`, `val/error_interpolation` on held-out videos.

    Args:
        model: arguments of `MaskedAutoencoder`, as plain values, since they are saved in the checkpoint.
        mask_ratio: share of frames to mask.
        optim: fields of `OptimSettings`.
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        warmup_epochs: epochs of linear warm-up.
        loss: a name in `maesum.models.losses.BY_NAME`.

    Attributes:
        trained_on: origin of the training features, kept in checkpoints; set by the function that builds the module.

    Raises:
        MaesumError: settings out of range; a loss that is not finite, naming step, learning rate and batch.
    """

    model: MaskedAutoencoder

    def __init__(
        self,
        model: dict[str, Any],
        mask_ratio: float = 0.5,
        optim: dict[str, Any] | None = None,
        batch_size: int = 128,
        warmup_epochs: int = 40,
        loss: str = "mse",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()  # plain values only: the safe loader reads them back
        self.model = MaskedAutoencoder(**model)
        self.mask_ratio, self.distance = mask_ratio, LOSSES[loss]
        self.num_masked = masked_count(self.model.frames, mask_ratio)
        self.optim = OptimSettings(**(optim or {}))
        self.batch_size, self.warmup_epochs = batch_size, warmup_epochs
        names = ("loss", *_TRIVIAL)
        self.held_out_errors: Mapping[str, MeanMetric] = torch.nn.ModuleDict({name: MeanMetric() for name in names})  # type: ignore[assignment]
        self.trained_on: FeatureOrigin | None = None
        self.training_loss = self.loss_of  # or the same compiled
        self._finite = FiniteLoss(self)
        self._operations = 3 * self.model.forward_operations(self.model.frames - self.num_masked, self.num_masked)
        self._clock = (0, time.perf_counter())  # optimiser step and time of the last speed reading

    def compile_step(self, mode: str) -> None:
        """Compile what a training step computes: fused kernels, and in some modes CUDA graphs.

        Args:
            mode: of `torch.compile`, one of `maesum.training.compiling.MODES`.
        """
        self.training_loss = compiled(self.loss_of, mode)

    def loss_of(self, stored: Tensor, mask_noise: Tensor) -> Tensor:
        """Return the loss of stored clips [B, T, D], with the mask that follows from noise [B, T]."""
        mask = random_mask(mask_noise, self.mask_ratio)  # [B, T]
        return self._error(*self.model.reconstruct_masked(stored.float(), mask, self.num_masked))

    def training_step(self, batch: ClipBatch, batch_index: int) -> Tensor:
        loss = self.training_loss(batch.frames, batch.mask_noise)
        self._finite.watch(loss, batch)
        if self._logs_now():
            self._log_with_the_loss(loss, batch)
        return loss

    def validation_step(self, batch: ClipBatch, batch_index: int) -> None:
        frames = batch.frames.float()
        if not len(frames):  # more ranks than clips
            return
        clips = len(frames)
        self.held_out_errors["loss"].update(self.loss_of(batch.frames, batch.mask_noise), clips)
        for name, error in self._trivial_errors(frames, batch.mask_noise).items():
            self.held_out_errors[name].update(error, clips)

    def on_validation_epoch_end(self) -> None:
        self.log_over_ranks("val", self.held_out_errors)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._finite.check_checkpoint(checkpoint)
        if self.trained_on is not None:
            checkpoint[FEATURES] = self.trained_on.to_plain()

    def _error(self, reconstruction: Tensor, original: Tensor) -> Tensor:
        """Return the loss of reconstructed and original masked frames, [B, M, D] each, in float32."""
        return self.distance(self.model.standardize(reconstruction.float()), self.model.standardize(original))

    def _trivial_errors(self, frames: Tensor, mask_noise: Tensor) -> dict[str, Tensor]:
        """Return the errors of the two trivial reconstructions on the same masked frames, by name."""
        mask = random_mask(mask_noise, self.mask_ratio)
        masked = visible_first(mask)[:, -self.num_masked :]  # [B, M]
        original = take(frames, masked)
        return {name: self._error(take(trivial(frames, mask), masked), original) for name, trivial in _TRIVIAL.items()}

    def _logs_now(self) -> bool:
        """Return whether this step's values are logged; those of an epoch's last step become the run's metrics."""
        trainer = self.trainer
        return (self.global_step + 1) % trainer.log_every_n_steps == 0 or trainer.is_last_batch  # type: ignore[attr-defined]

    @torch.no_grad()
    def _log_with_the_loss(self, loss: Tensor, batch: ClipBatch) -> None:
        # Averaged over the ranks, each of which sees its part of the batch; only when logging, since ranks wait.
        self.log("train/loss", loss, sync_dist=True)
        for name, error in self._trivial_errors(batch.frames.float(), batch.mask_noise).items():
            self.log(f"train/{name}", error, sync_dist=True)
        self.log("train/lr", self.trainer.optimizers[0].param_groups[0]["lr"])
        step, now = self.global_step, time.perf_counter()
        if step > self._clock[0] and now > self._clock[1]:
            clips = (step - self._clock[0]) * self.batch_size
            clips_per_second = clips / (now - self._clock[1])
            self.log("train/clips_per_second", clips_per_second)
            self.log("train/teraflop_per_second", clips_per_second * self._operations / 1e12)
        self._clock = (step, now)


_TRIVIAL: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "error_visible_mean": visible_mean,
    "error_interpolation": interpolation,
}


def clip_data(config: TrainConfig) -> ClipDataModule:
    """Return the DataModule of pretraining."""
    data = config.data
    return ClipDataModule(
        data.features,
        batch_size=config.batch_size,
        stride=config.stride_range,
        frames=config.model.frames,
        clips_per_video=data.clips_per_video,
        held_out=data.held_out,
        held_out_clips_per_video=data.held_out_clips_per_video,
        workers=data.workers,
        seed=config.seed,
        residency=data.residency,
    )


def pretraining_module(config: TrainConfig, data: ClipDataModule) -> Pretraining:
    """Return the LightningModule of pretraining, for the feature width of the data."""
    module = Pretraining(
        model={"feature_dim": data.store.dim, **asdict(config.model)},
        mask_ratio=config.mask_ratio,
        optim=asdict(config.optim),
        batch_size=config.batch_size,
        warmup_epochs=config.warmup_epochs,
        loss=config.loss,
    )
    if config.data.standardize and config.init is not None:
        raise MaesumError(
            f"data.standardize=true does not go with init={config.init}, which has its own statistics; leave it out."
        )
    if config.data.standardize:
        module.model.set_statistics(*feature_statistics(data.store))
    if config.init is not None:
        load_weights(module.model, initial_weights(config.init, data.store), config.init)
    module.trained_on = data.store.origin
    check_mode(config.compile, config.trainer.accumulate_grad_batches)
    if config.compile is not None:
        module.compile_step(config.compile)
    return module


def _build_pretraining(setup: Setup) -> tuple[Pretraining, ClipDataModule]:
    data = clip_data(setup.config)
    check_width(setup.benchmarks, data.store.dim)
    return pretraining_module(setup.config, data), data


def score_benchmarks(
    module: Pretraining, data: ClipDataModule | None, trainer: L.Trainer, setup: Setup, folder: Path
) -> Metrics:
    """Score all benchmarks with the last weights of a training, or with those of `init=` where nothing was trained."""
    config = setup.config
    return predict_benchmarks(
        module.model.eval().to(trainer.strategy.root_device),
        setup.benchmarks,
        folder,
        config.scoring,
        {"checkpoint": file_hash(folder / LAST if data is not None else str(config.init))},
        device=trainer.strategy.root_device,
        figures=config.figures,
        seed=config.seed,
        trained_on=module.trained_on,
    )


#: Citation of the paper that this project reproduces.
REFERENCE = (
    "Minho Shim, Taeoh Kim, Jinhyung Kim, Dongyoon Wee: Masked Autoencoder for Unsupervised Video Summarization. "
    "arXiv:2306.01395, 2023"
)


def _network(feature_dim: int, setup: Setup) -> MaskedAutoencoder:
    return MaskedAutoencoder(feature_dim, **asdict(setup.config.model))


METHOD = Method("clips", _build_pretraining, score_benchmarks, is_watched=True, reference=REFERENCE, network=_network)
