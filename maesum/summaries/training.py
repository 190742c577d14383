"""Train a small model on the videos at hand, without any labels (the paper's A2.2 in miniature)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from maesum.data.datamodule import ClipDataModule
from maesum.data.statistics import feature_statistics
from maesum.methods.pretraining import Pretraining
from maesum.models import MaskedAutoencoder
from maesum.system.errors import MaesumError
from maesum.system.progress import progress_bar
from maesum.training.interrupts import interrupts_raised
from maesum.training.remarks import without_remarks

_BATCH = 32
#: Strides of training clips: scoring uses stride 2, and 30 frames at stride 4 fit into five seconds.
_STRIDE = (1, 4)
_STEPS_PER_EPOCH = 10


@dataclass(frozen=True)
class Quality:
    """The size of the model and the length of its training.

    Attributes:
        steps: optimiser steps, of 32 clips each.
        width, depth: size of the encoder; the decoder is two thirds as wide and two blocks deep.
    """

    steps: int
    width: int
    depth: int


#: Settings by the name that `quality=` takes; they train for about 10 seconds, half a minute, and several minutes on
#: two cores.
QUALITIES = {"fast": Quality(150, 96, 2), "normal": Quality(500, 96, 3), "best": Quality(3000, 192, 6)}


def train_on(features: Path, quality: str, seed: int, accelerator: str) -> MaskedAutoencoder:
    """Train a model on all videos of a features file.

    Channels are scaled to zero mean and unit variance: on few videos, a few strong channels would dominate the loss.

    Args:
        quality: fast, normal or best.

    Returns:
        The model in evaluation mode, on the CPU.

    Raises:
        MaesumError: an unknown quality, or a video with fewer frames than a clip.
    """
    if quality not in QUALITIES:
        raise MaesumError(f"quality is {quality!r}, wanted one of {', '.join(QUALITIES)}.")
    size = QUALITIES[quality]
    L.seed_everything(seed, verbose=False)
    data = ClipDataModule(str(features), batch_size=_BATCH, stride=_STRIDE, seed=seed)
    data.clips_per_video = -(-_BATCH * _STEPS_PER_EPOCH // len(data.store))
    steps_per_epoch = len(data.store) * data.clips_per_video // _BATCH
    module = Pretraining(
        model=_sizes(size, data.store.dim),
        optim={"base_lr": 1e-3, "scale_lr": False},
        batch_size=_BATCH,
        warmup_epochs=max(1, size.steps // steps_per_epoch // 10),
    )
    module.model.set_statistics(*feature_statistics(data.store))
    epochs = max(2, size.steps // steps_per_epoch)
    with progress_bar("training", epochs * steps_per_epoch) as advance, without_remarks(), interrupts_raised():
        trainer = L.Trainer(
            max_epochs=epochs,
            accelerator=accelerator,
            devices=1,
            logger=False,
            callbacks=[_Steps(advance)],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,  # the clip sampler deals out ranks itself
        )
        trainer.fit(module, data)
    return module.model.cpu().eval()


def _sizes(size: Quality, feature_dim: int) -> dict[str, Any]:
    return {
        "feature_dim": feature_dim,
        "encoder_dim": size.width,
        "encoder_depth": size.depth,
        "encoder_heads": 4,
        "decoder_dim": size.width * 2 // 3,
        "decoder_depth": 2,
        "decoder_heads": 4,
    }


class _Steps(Callback):
    """Advances the progress bar."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance

    def on_train_batch_end(self, *arguments: Any, **keywords: Any) -> None:
        self._advance(1)
