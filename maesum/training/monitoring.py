"""Watch a training beyond its loss: samples seen, and tau and rho on a few benchmark videos.

None of these values influences training: the last weights are used, and no annotation ever selects a checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.callbacks import Callback, RichProgressBar

from maesum.config.training import MonitorConfig
from maesum.data.opened import OpenBenchmark
from maesum.metrics import rank_correlation
from maesum.scoring import ScoringSettings, importance


class SamplesSeen(Callback):
    """Logs `samples_seen` with every training metric: samples used by all optimiser steps so far, over all ranks."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step + 1
        if step % trainer.log_every_n_steps == 0 or trainer.is_last_batch:  # type: ignore[attr-defined]
            pl_module.log("samples_seen", float(step * self.batch_size), batch_size=1)


#: Logged keys that the progress bar shows, by the label that it shows.
_SHOWN = {"loss": "train/loss", "clips/s": "train/clips_per_second"}


class TrainingProgress(RichProgressBar):
    """Shows a progress bar with the last logged loss and speed.

    These are read from the device only in the steps that log them. Values of `self.log(..., prog_bar=True)` would be
    read in every step, and the host would wait each time.
    """

    def __init__(self) -> None:
        super().__init__(leave=False)
        self._values: dict[str, Any] = {}

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.is_enabled and trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            logged = trainer.callback_metrics
            self._values = {name: f"{float(logged[key]):.4g}" for name, key in _SHOWN.items() if key in logged}
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
        return dict(self._values)


class BenchmarkMonitor(Callback):
    """Computes, every few epochs, tau and rho of the current weights on the first videos of each benchmark.

    Logged as `monitor/<benchmark>/tau` and `.../rho`. They show a trend and are not results of a benchmark, since only
    every k-th frame of a few videos is scored. The first rank scores while the others wait.

    Args:
        benchmarks: the benchmarks that are scored.
        scoring: how windows are placed around a frame, and batched.
        settings: how often to score, how many videos, and every how many frames.
    """

    def __init__(self, benchmarks: Iterable[OpenBenchmark], scoring: ScoringSettings, settings: MonitorConfig) -> None:
        self.benchmarks, self.scoring, self.settings = tuple(benchmarks), scoring, settings

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if (trainer.current_epoch + 1) % self.settings.every_n_epochs or not trainer.is_global_zero:
            return
        model = pl_module.model
        was_training = model.training  # type: ignore[union-attr]
        model.eval()  # type: ignore[union-attr]
        for benchmark in self.benchmarks:
            video_ids = benchmark.annotations.video_ids[: self.settings.videos]
            values = [self._score(model, benchmark, video_id) for video_id in video_ids]
            for measure, value in zip(("tau", "rho"), np.mean(values, axis=0), strict=True):
                pl_module.log(f"monitor/{benchmark.name}/{measure}", float(value), rank_zero_only=True, batch_size=1)
        model.train(was_training)  # type: ignore[union-attr]

    def _score(self, model: Any, benchmark: OpenBenchmark, video_id: str) -> tuple[float, float]:
        annotations, frame_step = benchmark.annotations, benchmark.features.frame_step
        features = benchmark.features[video_id]
        targets = np.arange(0, len(features), max(1, self.settings.every_frame // frame_step))
        scores = importance(model, features, benchmark.stride, self.scoring, targets=targets)
        users = annotations[video_id].user_scores[:, targets * frame_step]
        correlation = rank_correlation(scores, users > 0 if annotations.kind == "selections" else users)
        return float(correlation.tau.mean()), float(correlation.rho.mean())
