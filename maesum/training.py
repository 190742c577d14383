"""One training job, from a composed config to weights, scores, tables and figures in the run's folder."""

from __future__ import annotations

import logging
import time
import warnings
from pathlib import Path
from typing import Any, cast

import lightning as L
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, RichProgressBar
from omegaconf import DictConfig, OmegaConf

from maesum.data.datamodule import ClipDataModule, feature_statistics
from maesum.errors import MaesumError
from maesum.files import file_hash
from maesum.inputs import check_inputs
from maesum.prediction import predict_benchmarks
from maesum.runtime import provenance, write_json
from maesum.scoring import ScoringSettings
from maesum.tasks.pretraining import Pretraining

# Lightning's remarks on hardware, its own products and its internals are not what a user started this job to read.
for _name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(_name).setLevel(logging.WARNING)
warnings.filterwarnings("ignore", message=".*(LeafSpec|does not have many workers|smaller than the logging interval).*")


def run(config: DictConfig) -> dict[str, float]:
    """Train and score.

    Leaves in the run's folder: checkpoints/last.ckpt, scores/<benchmark>.h5, evaluation.json, figures, metrics.json and
    provenance.json.
    The last weights are used: no annotation ever selects a checkpoint.

    Returns:
        Final values of what was logged, and `<benchmark>/tau` and `<benchmark>/rho`.

    Raises:
        MaesumError: inputs that are missing or do not fit.
    """
    started = time.time()
    folder = Path(HydraConfig.get().runtime.output_dir)
    plain = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True, throw_on_missing=True))
    check_inputs(plain)
    L.seed_everything(config.seed, workers=True, verbose=False)

    data = clip_data(plain)
    task = pretraining_task(plain, data)
    trainer = build_trainer(config, folder)
    trainer.fit(task, data, ckpt_path=resume_path(config.ckpt, folder), weights_only=True)

    metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
    metrics |= predict_benchmarks(
        task.model.eval(),
        plain["benchmarks"],
        folder,
        ScoringSettings(**plain["scoring"]),
        {"checkpoint": file_hash(folder / "checkpoints" / "last.ckpt")},
        device=trainer.strategy.root_device,
        figures=config.figures,
        seed=config.seed,
    )
    if trainer.is_global_zero:
        for logger in trainer.loggers:
            logger.log_metrics(metrics, step=trainer.global_step)
        _report_reconstruction(metrics)
        write_json(folder / "provenance.json", provenance(plain) | {"seconds": time.time() - started})
        write_json(folder / "metrics.json", metrics)
        print(f"results: {folder}")
    return metrics


def _report_reconstruction(metrics: dict[str, float]) -> None:
    """Print the masked error beside those of the two trivial reconstructions: held-out where there is such a set."""
    part = "val" if "val/loss" in metrics else "train"
    where = "of held-out clips" if part == "val" else "of the last training batches"
    model, mean, line = (
        metrics.get(f"{part}/{name}") for name in ("loss", "error_visible_mean", "error_interpolation")
    )
    if model is not None and mean is not None and line is not None:
        print(f"masked error {where}: model {model:.4f}, visible mean {mean:.4f}, interpolation {line:.4f}")


def clip_data(config: dict[str, Any]) -> ClipDataModule:
    """The DataModule of a resolved training config."""
    data = config["data"]
    return ClipDataModule(
        data["features"],
        batch_size=config["batch_size"],
        stride=config["stride"],
        frames=config["model"]["frames"],
        clips_per_video=data["clips_per_video"],
        held_out=data["held_out"],
        held_out_clips_per_video=data["held_out_clips_per_video"],
        workers=data["workers"],
        seed=config["seed"],
    )


def pretraining_task(config: dict[str, Any], data: ClipDataModule) -> Pretraining:
    """The LightningModule of a resolved training config, its feature width taken from the data."""
    task = Pretraining(
        model={"feature_dim": data.store.dim, **config["model"]},
        mask_ratio=config["mask_ratio"],
        optim=config["optim"],
        batch_size=config["batch_size"],
        warmup_epochs=config["warmup_epochs"],
    )
    if config["data"]["standardize"]:
        task.model.set_statistics(*feature_statistics(data.store))
    return task


def build_trainer(config: DictConfig, folder: Path) -> L.Trainer:
    """The trainer of a config: its loggers, the last checkpoint kept, a progress bar."""
    callbacks: list[Callback] = [
        ModelCheckpoint(
            folder / "checkpoints", save_last=True, save_top_k=0, every_n_epochs=1, enable_version_counter=False
        )
    ]
    if config.trainer.enable_progress_bar:
        callbacks.append(RichProgressBar(leave=False))
    return L.Trainer(
        **cast(dict[str, Any], OmegaConf.to_container(config.trainer)),
        max_epochs=config.epochs,
        logger=[instantiate(logger) for logger in config.logger.values()],
        callbacks=callbacks,
        default_root_dir=folder,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if config.data.held_out else 0,
        use_distributed_sampler=False,  # the clip sampler deals out ranks itself
    )


def resume_path(ckpt: str | None, folder: Path) -> str | None:
    """The checkpoint to resume from: a file, or for "last" the newest last.ckpt among the runs beside this one.

    Raises:
        MaesumError: there is none.
    """
    if ckpt is None:
        return None
    if ckpt != "last":
        if not Path(ckpt).is_file():
            raise MaesumError(f"{ckpt}: no such checkpoint; ckpt= takes a file or 'last'.")
        return ckpt
    found = sorted(folder.parent.glob("*/checkpoints/last.ckpt"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise MaesumError(
            f"{folder.parent}: no run with checkpoints/last.ckpt to resume; leave ckpt= out to start anew."
        )
    return str(found[-1])
