"""Define the settings of the clips that models train on: `data` and `labelled`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from maesum.config.fields import setting

#: Where the pretraining features are kept during training.
RESIDENCIES = ("disk", "host", "device")


@dataclass
class DataConfig:
    """The data that the model is trained on (conf/data)."""

    name: str = setting(
        MISSING, "name of the data set; for known names a sweep can estimate the cost of training", is_text=True
    )
    features: Any = setting(
        MISSING, "features to train on: a file, a pattern, or a list (the shards of one set)", is_text=True
    )
    made_by: str = setting("", "the command that makes the features; the error message quotes it if they are missing")
    held_out: Any = setting(
        None, "features of held-out videos, on which the masked error is reported; null: none", is_text=True
    )
    clips_per_video: int = setting(1, "clips drawn from each training video in an epoch", at_least=1)
    held_out_clips_per_video: int = setting(4, "clips drawn from each held-out video", at_least=1)
    standardize: bool = setting(
        False, "scale channels to zero mean and about unit variance (for features that are not CNN outputs)"
    )
    workers: int = setting(2, "data loader processes per rank; 0 loads in the training process", at_least=0)
    residency: str = setting(
        "disk",
        "where pretraining features are kept: disk, host (read into memory first) or device (split over the GPUs)",
        choices=RESIDENCIES,
    )


@dataclass
class LabelledConfig:
    """Features with labels (conf/labelled; paper, A1 and A2.1), used by methods that train on labelled clips."""

    features: Any = setting(MISSING, "features with labels to train on", is_text=True)
    held_out: Any = setting(MISSING, "features with labels to measure the accuracy on", is_text=True)
    made_by: str = setting(
        "", "the command that makes both features files; the error message quotes it if they are missing"
    )
    clips_per_video: int = setting(1, "clips drawn from each training video in an epoch", at_least=1)
    test_clips: int = setting(
        4, "clips spread uniformly over each test video, whose class probabilities are averaged", at_least=1
    )
