"""A setting of a command and the same setting of the library begin with the same value, and take the same values."""

from __future__ import annotations

from typing import get_args

from maesum.config.evaluation import EvaluationSettings
from maesum.config.fields import choices_of
from maesum.config.scoring import PredictConfig
from maesum.config.training import TrainConfig
from maesum.config.videos import SummarizeConfig
from maesum.metrics.averages import Undefined
from maesum.metrics.protocols import PROTOCOLS
from maesum.scoring import TRAINING_FREE
from maesum.summaries.training import QUALITIES
from maesum.training.compiling import MODES


def test_what_settings_may_be_is_what_there_is():
    assert choices_of(EvaluationSettings, "protocol") == (*PROTOCOLS, "all")
    assert choices_of(EvaluationSettings, "undefined") == get_args(Undefined)
    assert choices_of(PredictConfig, "scorer") == ("model", *TRAINING_FREE, "uniform")
    assert choices_of(TrainConfig, "compile") == MODES
    assert choices_of(SummarizeConfig, "quality") == tuple(QUALITIES)
