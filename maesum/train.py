"""Pretrain a masked autoencoder on frame features, then score the benchmarks with its last weights.

    python -m maesum.train +experiment=rand_stride                the paper's recipe
    python -m maesum.train +experiment=rand_stride +scale=demo    the same at demo scale
    python -m maesum.train data=features data.features=my.h5 benchmark=[]

Weights, scores, tables, figures, the resolved config and provenance lie in runs/<name>/<time>.
"""

from __future__ import annotations

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.config.checking import checked
from maesum.config.training import TrainConfig
from maesum.runs.identity import resolved
from maesum.runs.inputs import check_training
from maesum.runs.prediction_folder import refuse_prediction


def train(config: DictConfig) -> dict[str, float]:
    """Run one training job; return its final metrics (see `maesum.methods.job.run`)."""
    from maesum.cli.multirun import in_multirun, run_isolated

    if in_multirun():
        return run_isolated("train")
    checked(config, TrainConfig)
    refuse_prediction(HydraConfig.get().runtime.output_dir)
    check_training(resolved(config))
    from maesum.methods.job import run  # torch and Lightning load only for a job that can run

    return run(config)


main = entry_point(
    "train", train, additions={"experiment": "a recipe of the paper", "scale": "the size of the experiment"}
)

if __name__ == "__main__":
    main()
