"""`python -m maesum.evaluate scores=FILE benchmark=tvsum`: every figure of a scores file, with its baselines."""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.entry import entry_point


def evaluate(config: DictConfig) -> dict[str, float]:
    """Evaluate, print, and write metrics.json; returns the main figures (see `maesum.evaluation.command.run`)."""
    from maesum.evaluation.command import run

    return run(config)


main = entry_point("evaluate", evaluate)

if __name__ == "__main__":
    main()
