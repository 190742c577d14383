"""Send loggers the config before a training, and its results, tables and figures afterwards.

Works with any of Lightning's loggers; W&B also gets tables and figures, since it can show them. Metrics have the same
names in all loggers, so a dashboard may be built on them (`maesum.sharing.dashboard`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from maesum.runs.identity import config_hash
from maesum.runs.provenance import SAMPLES, git_state

_FIGURES = 5  # of each benchmark; the rest lie in the run's folder


@rank_zero_only
def log_config(loggers: Sequence[Logger], config: dict[str, Any]) -> None:
    """Send every logger the resolved config, its hash and the code's version."""
    settings = {key: value for key, value in config.items() if key != "logger"}
    described = {**settings, "config_hash": config_hash("train", {**config, "ckpt": None}), "git": git_state()}
    for logger in loggers:
        logger.log_hyperparams(described)
        if isinstance(logger, WandbLogger):
            logger.experiment.define_metric(SAMPLES)
            for part in ("train", "val", "monitor"):
                logger.experiment.define_metric(f"{part}/*", step_metric=SAMPLES)


@rank_zero_only
def log_results(loggers: Sequence[Logger], metrics: dict[str, float], folder: Path, step: int) -> None:
    """Send every logger the final metrics, and W&B also a table of single videos and some figures."""
    results = {key: value for key, value in metrics.items() if key.split("/")[0] not in ("train", "val", "monitor")}
    for logger in loggers:
        logger.log_metrics(results, step=step)
        logger.save()  # training is over, so nobody else will
        if isinstance(logger, WandbLogger):
            _log_videos(logger, folder)
            _log_figures(logger, folder)


def _log_videos(logger: WandbLogger, folder: Path) -> None:
    path = folder / "evaluation.json"
    if not path.exists():
        return
    for name, evaluation in json.loads(path.read_text(encoding="utf-8")).items():
        videos = evaluation["protocols"]["paper"].get("videos", {})
        rows = [[video_id, values["tau"], values["rho"]] for video_id, values in videos.items()]
        if rows:
            logger.log_table(f"videos/{name}", columns=["video", "tau", "rho"], data=rows)


def _log_figures(logger: WandbLogger, folder: Path) -> None:
    for benchmark in sorted(path for path in (folder / "figures").glob("*") if path.is_dir()):
        paths = sorted(benchmark.glob("*.png"))[:_FIGURES]
        if paths:
            logger.log_image(
                f"figures/{benchmark.name}", [str(path) for path in paths], caption=[path.stem for path in paths]
            )
