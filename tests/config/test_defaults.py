"""A setting of a command and the same setting of the library begin with the same value."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields

import pytest

from maesum.config.scoring import EvaluateConfig, ScoringConfig
from maesum.config.training import ModelConfig, OptimConfig
from maesum.evaluation.settings import EvaluationSettings
from maesum.models import MaskedAutoencoder
from maesum.scoring import ScoringSettings
from maesum.training.optim import OptimSettings


def defaults_of(settings):
    if hasattr(settings, "__dataclass_fields__"):
        found = {
            each.name: each.default if each.default_factory is MISSING else each.default_factory()
            for each in fields(settings)
        }
    else:
        parameters = inspect.signature(settings).parameters.values()
        found = {each.name: each.default for each in parameters if each.default is not each.empty}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


@pytest.mark.parametrize(
    ("config", "settings", "only_in_the_config"),
    [
        (OptimConfig, OptimSettings, set()),
        (ScoringConfig, ScoringSettings, set()),
        (EvaluateConfig, EvaluationSettings, None),
        (ModelConfig, MaskedAutoencoder, set()),
    ],
)
def test_defaults_agree(config, settings, only_in_the_config):
    given, taken = defaults_of(config), defaults_of(settings)
    assert {name: given.get(name, "absent") for name in taken} == taken
    if only_in_the_config is not None:
        assert given.keys() - taken.keys() == only_in_the_config
