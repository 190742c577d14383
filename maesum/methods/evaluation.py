"""Scoring the benchmarks with given weights, as a training that trains nothing (paper, section 4.7)."""

from __future__ import annotations

from maesum.methods.pretraining import Pretraining, score_benchmarks
from maesum.methods.registry import Config, Method, NoSettings
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_pretrained


def _build_evaluation(config: Config, settings: NoSettings) -> tuple[Pretraining, None]:
    if config["init"] is None:
        raise MaesumError("init= is required for method=evaluation; name a checkpoint of python -m maesum.train.")
    pretrained = load_pretrained(config["init"])
    task = Pretraining(model=pretrained.settings)
    task.model.load_state_dict(pretrained.model.state_dict())
    task.trained_on = pretrained.trained_on
    return task, None


METHOD = Method("nothing", _build_evaluation, score_benchmarks)
