"""`python -m maesum.predict ckpt=... benchmark=tvsum`: score every frame, then tau and rho with their baselines."""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.entry import entry_point


def predict(config: DictConfig) -> dict[str, float]:
    """Run the prediction loop of one checkpoint or training-free predictor (see `maesum.jobs.prediction.run`)."""
    from maesum.jobs.prediction import run  # torch loads only once the config has composed

    return run(config)


main = entry_point("predict", predict)

if __name__ == "__main__":
    main()
