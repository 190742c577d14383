"""Features, annotations and scores on disk, and which frames a clip or a window is made of."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maesum.data.benchmark import Benchmark, VideoAnnotation, write_benchmark
    from maesum.data.features import write_features
    from maesum.data.scores import Scores, write_scores
    from maesum.data.store import FeatureStore

__all__ = [
    "Benchmark",
    "FeatureStore",
    "Scores",
    "VideoAnnotation",
    "write_benchmark",
    "write_features",
    "write_scores",
]

_HOMES = {
    "Benchmark": "benchmark",
    "FeatureStore": "store",
    "Scores": "scores",
    "VideoAnnotation": "benchmark",
    "write_benchmark": "benchmark",
    "write_features": "features",
    "write_scores": "scores",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: the store needs torch, and commands that only read annotations start without it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
