"""Score the benchmarks with the weights of `init=`, as a method that trains nothing (paper, section 4.7)."""

from __future__ import annotations

from maesum.data.opened import check_width
from maesum.methods.pretraining import REFERENCE, Pretraining, score_benchmarks
from maesum.methods.registry import Method, Setup
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_pretrained


def _build_evaluation(setup: Setup) -> tuple[Pretraining, None]:
    if setup.config.init is None:
        raise MaesumError("init= is required for method=evaluation; name a checkpoint of python -m maesum.train.")
    pretrained = load_pretrained(setup.config.init)
    check_width(setup.benchmarks, pretrained.model.feature_dim)
    module = Pretraining(model=pretrained.settings)
    module.model.load_state_dict(pretrained.model.state_dict())
    module.trained_on = pretrained.trained_on
    return module, None


METHOD = Method("weights", _build_evaluation, score_benchmarks, reference=REFERENCE)
