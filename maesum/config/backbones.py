"""Define the options of every backbone and their types: what `backbone.<option>=` takes on the command line.

A backbone is a function or class (`_target_`), its schema here, and a file in conf/backbone that names the schema. A
backbone of your own needs no schema: conf/backbone/custom.yaml takes any `_target_` and any arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting


@dataclass
class GooglenetBackbone:
    """Options of GoogLeNet, see maesum.vision.backbones.googlenet."""

    _target_: str = "maesum.vision.backbones.googlenet"
    weights: str = setting(
        "IMAGENET1K_V1", "weights to load: IMAGENET1K_V1 (torchvision's), a file of weights, or random", is_text=True
    )


@dataclass
class Resnet50Backbone:
    """Options of ResNet-50, see maesum.vision.backbones.resnet50."""

    _target_: str = "maesum.vision.backbones.resnet50"
    weights: str = setting(
        "IMAGENET1K_V1", "weights to load: IMAGENET1K_V1 (torchvision's), a file of weights, or random", is_text=True
    )


@dataclass
class EfficientnetLite0Backbone:
    """Options of EfficientNet-Lite0, see maesum.vision.backbones.efficientnet_lite0."""

    _target_: str = "maesum.vision.backbones.efficientnet_lite0"
    weights: str | None = setting(
        None, "weights to load: a file of weights, or random; null: those in the Python package", is_text=True
    )


#: The schema of each backbone, by the name that `backbone=` takes.
BACKBONE_SCHEMAS: dict[str, type] = {
    "googlenet": GooglenetBackbone,
    "resnet50": Resnet50Backbone,
    "efficientnet_lite0": EfficientnetLite0Backbone,
}
