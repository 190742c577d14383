"""`python -m maesum.train +experiment=rand_stride`: pretrain, then score the benchmarks with the last weights."""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.entry import entry_point


def train(config: DictConfig) -> dict[str, float]:
    """Run one training job; returns its final metrics (see `maesum.jobs.training.run`)."""
    from maesum.jobs.multirun import in_multirun, run_isolated

    if in_multirun():
        return run_isolated("train")
    from maesum.jobs.training import run  # torch and Lightning load only once the config has composed

    return run(config)


main = entry_point("train", train)

if __name__ == "__main__":
    main()
