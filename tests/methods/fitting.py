"""Train a module on whole videos within a test, without files."""

from __future__ import annotations

import lightning as L

from maesum.data.whole_videos import VideoDataModule, WholeVideos


def fit(task: L.LightningModule, videos: WholeVideos, epochs: int) -> L.Trainer:
    """Train on all videos for some epochs, on the CPU, and return the trainer."""
    trainer = L.Trainer(
        accelerator="cpu", devices=1, max_epochs=epochs, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(task.train(), VideoDataModule(videos))
    return trainer
