"""Evaluate importance scores, from this project or elsewhere: tau and rho, baselines, intervals, splits, F1.

    python -m maesum.evaluate scores=RUN benchmark=tvsum               scores/tvsum.h5 of the run
    python -m maesum.evaluate scores=scores.json against=other.json benchmark=demo protocol=all
    python -m maesum.evaluate scores=scores.h5 annotations=my_benchmark.h5

Prints the tables and writes them to runs/evaluate/<time>/metrics.json.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.overrides import given_overrides, keys_of
from maesum.config.checking import checked
from maesum.config.evaluation import EvaluateConfig


def evaluate(config: DictConfig) -> dict[str, float]:
    """Evaluate, print, and write metrics.json; return the main figures (see `maesum.evaluation.command.run`)."""
    settings = checked(config, EvaluateConfig)
    from maesum.evaluation.command import run

    return run(settings, names_benchmark="benchmark" in keys_of(given_overrides()))


main = entry_point("evaluate", evaluate)

if __name__ == "__main__":
    main()
