"""A setting of a command and the same setting of the library begin with the same value, and take the same values."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

from maesum.config.evaluation import EvaluationSettings
from maesum.config.fields import choices_of
from maesum.config.scoring import PredictConfig
from maesum.config.training import DrDsnConfig, TrainConfig
from maesum.config.videos import SummarizeConfig
from maesum.methods.dr_dsn import DrDsnSettings
from maesum.metrics.averages import Undefined
from maesum.metrics.protocols import PROTOCOLS
from maesum.scoring import TRAINING_FREE
from maesum.summaries.training import QUALITIES
from maesum.training.compiling import MODES


def test_defaults_of_dr_dsn_agree():
    given = {each.name: each.default for each in fields(DrDsnConfig)}
    taken = {each.name: each.default for each in fields(DrDsnSettings)}
    assert given == {**taken, "splits": "none"}


def test_what_settings_may_be_is_what_there_is():
    assert choices_of(EvaluationSettings, "protocol") == (*PROTOCOLS, "all")
    assert choices_of(EvaluationSettings, "undefined") == get_args(Undefined)
    assert choices_of(PredictConfig, "scorer") == ("model", *TRAINING_FREE, "uniform")
    assert choices_of(TrainConfig, "compile") == MODES
    assert choices_of(SummarizeConfig, "quality") == tuple(QUALITIES)
