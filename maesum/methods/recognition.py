"""Recognise actions with the pretrained encoder (paper, A1 and A2.1)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning as L
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.classification import MulticlassAccuracy

from maesum.config.fields import setting
from maesum.config.optimisation import OptimSettings
from maesum.data.labelled import LabelledBatch, LabelledDataModule
from maesum.methods.registry import Method, Metrics, Setup
from maesum.models import MaskedAutoencoder
from maesum.models.recognizer import Recognizer
from maesum.system.errors import MaesumError
from maesum.system.printing import say
from maesum.training.beginning import initial_weights
from maesum.training.checkpoints import load_weights
from maesum.training.module import ClipModule


@dataclass
class RecognitionSettings:
    """Settings of action recognition."""

    freeze: bool = setting(False, "train the linear layer only: a probe of the pretrained encoder")


class Recognition(ClipModule):
    """Trains a `Recognizer` with cross entropy and tests it on several clips a video.

    Logged: `train/loss`, `train/accuracy`, `train/lr`; by a test also `recognition/top1` and `recognition/top5` as
    fractions, from class probabilities averaged over a video's clips.

    Args:
        model: arguments of `MaskedAutoencoder`, plain values.
        actions: number of classes.
        freeze: train the linear layer only.
        optim: fields of `OptimSettings`.
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        warmup_epochs: epochs of linear warm-up.

    Raises:
        MaesumError: settings out of range; a loss that is not finite.
    """

    model: Recognizer

    def __init__(
        self,
        model: dict[str, Any],
        actions: int,
        freeze: bool = False,
        optim: dict[str, Any] | None = None,
        batch_size: int = 128,
        warmup_epochs: int = 5,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()  # plain values only: the safe loader reads them back
        self.model = Recognizer(MaskedAutoencoder(**model), actions, freeze)
        self.optim = OptimSettings(**(optim or {}))
        self.batch_size, self.warmup_epochs = batch_size, warmup_epochs
        self.top1 = MulticlassAccuracy(actions, top_k=1, average="micro")
        self.top5 = MulticlassAccuracy(actions, top_k=min(5, actions), average="micro")

    def training_step(self, batch: LabelledBatch, batch_index: int) -> Tensor:
        logits = self.model(batch.frames[:, 0].float())  # [B, A]
        loss = F.cross_entropy(logits, batch.labels)
        if not math.isfinite(loss.item()):
            raise MaesumError(f"the loss is {loss.item()} at step {self.global_step}; lower optim.base_lr.")
        self.log("train/loss", loss)
        self.log("train/accuracy", (logits.argmax(dim=1) == batch.labels).float().mean())
        self.log("train/lr", self.trainer.optimizers[0].param_groups[0]["lr"])
        return loss

    def test_step(self, batch: LabelledBatch, batch_index: int) -> None:
        if not len(batch.labels):  # more ranks than videos
            return
        videos, clips = batch.frames.shape[:2]
        logits = self.model(batch.frames.flatten(0, 1).float())  # [B * C, A]
        probabilities = logits.softmax(dim=1).view(videos, clips, -1).mean(dim=1)  # [B, A]
        self.top1.update(probabilities, batch.labels)
        self.top5.update(probabilities, batch.labels)

    def on_test_epoch_end(self) -> None:
        self.log_over_ranks("recognition", {"top1": self.top1, "top5": self.top5})


def _build_recognition(setup: Setup) -> tuple[Recognition, LabelledDataModule]:
    config, labelled = setup.config, setup.config.labelled
    data = LabelledDataModule(
        labelled.features,
        labelled.held_out,
        batch_size=config.batch_size,
        stride=config.stride_range,
        frames=config.model.frames,
        clips_per_video=labelled.clips_per_video,
        test_clips=labelled.test_clips,
        workers=config.data.workers,
        seed=config.seed,
    )
    module = Recognition(
        model={"feature_dim": data.store.dim, **asdict(config.model)},
        actions=len(data.classes),
        freeze=setup.settings.freeze,
        optim=asdict(config.optim),
        batch_size=config.batch_size,
        warmup_epochs=config.warmup_epochs,
    )
    if config.init is not None:
        encoder = module.model.encoder
        weights = initial_weights(config.init, data.store)
        load_weights(encoder, {name: weights[name] for name in encoder.state_dict() if name in weights}, config.init)
    return module, data


def _test_recognition(
    module: Recognition, data: LabelledDataModule, trainer: L.Trainer, setup: Setup, folder: Path
) -> Metrics:
    tested = trainer.test(module, datamodule=data, verbose=False)[0]
    metrics = {key: float(value) for key, value in tested.items()}
    if trainer.is_global_zero:
        top1, top5 = metrics["recognition/top1"], metrics["recognition/top5"]
        say(f"action recognition, {len(data.held_out)} test videos: top-1 {top1:.4f}, top-5 {top5:.4f}")
    return metrics


METHOD = Method("labelled clips", _build_recognition, _test_recognition, RecognitionSettings)
