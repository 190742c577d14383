"""Declare a method, and find it by its name; no other code depends on which method runs.

`maesum/methods/<name>.py` declares one `METHOD`, and conf/method/<name>.yaml holds the settings with which
`method=<name>` begins. A folder named by MAESUM_METHODS in the environment adds methods: <name>.py and <name>.yaml in
it. Nothing here loads torch.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maesum.config.checking import check_settings
from maesum.runs.method_settings import COMMON, method_names
from maesum.system.errors import MaesumError, first_line

if TYPE_CHECKING:
    import lightning as L
    from torch import nn

    from maesum.config.training import TrainConfig
    from maesum.data.opened import OpenBenchmark
    from maesum.scoring import Reconstructor
    from maesum.scoring.whole_video import VideoScorer

Metrics = dict[str, float]


@dataclass
class NoSettings:
    """Settings of a method that has none of its own."""


@dataclass(frozen=True)
class Setup:
    """What a method is built from.

    Attributes:
        config: the whole training config.
        settings: the method's own settings, an object of type `Method.settings`.
        benchmarks: the benchmarks that the config names, open and checked; none where the method reads none.
    """

    config: TrainConfig
    settings: Any
    benchmarks: tuple[OpenBenchmark, ...] = ()


@dataclass(frozen=True)
class Method:
    """One way to train, and to score videos.

    Attributes:
        reads: the data that it trains on, a key of `maesum.runs.method_settings.PARTS_READ`; its YAML names the same.
        build: makes, from a setup, the module (a `maesum.training.module.TrainedModule`) and its DataModule. Where
            nothing is trained, the DataModule is None and the module may be any.
        finish: uses the last weights, from (module, data, trainer, setup, the run's folder), and returns metrics.
        settings: a dataclass whose fields are made by `maesum.config.fields.setting`.
        predictor: makes, from the (content, path) of a checkpoint, an object that scores videos. None where the method
            scores none, or where its checkpoint holds a masked autoencoder.
        has_schedule: whether the learning rate depends on how long the training is.
        is_watched: whether the module's `model` reconstructs windows, so that benchmarks can be scored while it trains.
        is_supervised: whether it learns from the annotations of the videos that it trains on.
        reference: citation of the publication that it follows.
        network: from the width of features and a setup, of which no benchmark is read, to the module that is trained
            for one split, whose parameters docs/methods.md counts. None where nothing is trained.
    """

    reads: str
    build: Callable[[Setup], tuple[nn.Module, Any]]
    finish: Callable[[Any, Any, L.Trainer, Setup, Path], Metrics]
    settings: type = NoSettings
    predictor: Callable[[dict[str, Any], str | Path], Reconstructor | VideoScorer] | None = None
    has_schedule: bool = True
    is_watched: bool = False
    is_supervised: bool = False
    reference: str = ""
    network: Callable[[int, Setup], nn.Module] | None = None

    def read_settings(self, node: dict[str, Any]) -> Any:
        """Return the settings of a composed `method` node.

        Raises:
            MaesumError: an unknown key, a value of another type or out of its range, or a `reads` that is not the
                method's.
        """
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        name = node["name"]
        if node["reads"] != self.reads:
            raise MaesumError(f"method.reads is {node['reads']!r}, but method {name} reads {self.reads!r}; omit it.")
        known = [each.name for each in fields(self.settings)]
        own = {key: value for key, value in node.items() if key not in COMMON}
        for key in own:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean 'method.{near[0]}'?" if near else f"it has {', '.join(known) or 'none'}."
                raise MaesumError(f"method {name} has no setting 'method.{key}'; {hint}")
        try:
            settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(self.settings), own))
        except OmegaConfBaseException as error:
            raise MaesumError(f"method.{error.full_key}: {first_line(error)}") from None
        check_settings(settings, "method.")
        return settings


def method(name: str) -> Method:
    """Return the `Method` that the file of a method declares.

    Raises:
        MaesumError: there is no such method, or its file declares none.
    """
    if name not in method_names():
        raise MaesumError(f"method.name is {name!r}, wanted one of {', '.join(method_names())}.")
    try:
        module = importlib.import_module(f"maesum.methods.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"maesum.methods.{name}":
            raise
        raise MaesumError(f"method={name} has a YAML but no maesum/methods/{name}.py; write it.") from None
    found = getattr(module, "METHOD", None)
    if not isinstance(found, Method):
        raise MaesumError(f"{module.__file__}: declares no METHOD, wanted a maesum.methods.registry.Method.")
    return found
