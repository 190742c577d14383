"""Pretrain a masked autoencoder on frame features, then score the benchmarks with its last weights.

    python -m maesum.train +experiment=rand_stride                the paper's recipe
    python -m maesum.train +experiment=rand_stride +scale=demo    the same at demo scale
    python -m maesum.train data=features data.features=my.h5 benchmark=[]

Weights, scores, tables, figures, the resolved config and provenance are written to runs/<name>/<time>.
"""

from __future__ import annotations

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.places import run_folder_is_given
from maesum.config.checking import checked
from maesum.config.training import TrainConfig
from maesum.runs.inputs import check_training
from maesum.runs.prediction_folder import refuse_prediction


def train(config: DictConfig) -> dict[str, float]:
    """Run one training job; return its final metrics (see `maesum.methods.job.run`)."""
    from maesum.cli.multirun import in_multirun, run_isolated

    if in_multirun():
        return run_isolated("train")
    settings = checked(config, TrainConfig)
    folder = HydraConfig.get().runtime.output_dir
    refuse_prediction(folder)
    check_training(settings)
    from maesum.methods.job import run  # torch and Lightning load only for a job that can run

    return run(settings, Path(folder), run_folder_is_given())


main = entry_point(
    "train", train, additions={"experiment": "a recipe of the paper", "scale": "the size of the experiment"}
)

if __name__ == "__main__":
    main()
