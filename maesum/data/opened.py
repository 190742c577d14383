"""Open benchmarks once per run, before any work, and check that their files fit each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from maesum.config.scoring import BenchmarkConfig
from maesum.data.benchmark import Benchmark
from maesum.data.joining import check_features_match
from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError


@dataclass(frozen=True)
class OpenBenchmark:
    """The annotations of a benchmark and the features of its videos.

    Attributes:
        name: its name in the config, which may differ from the one in its annotations file.
        annotations: the annotators' scores of its videos.
        features: the features of its videos, and possibly of others.
        stride: frames between neighbours of a scoring window.
    """

    name: str
    annotations: Benchmark
    features: FeatureStore
    stride: int


def open_benchmarks(
    benchmarks: Mapping[str, BenchmarkConfig], stride: int | None = None, feature_dim: int | None = None
) -> tuple[OpenBenchmark, ...]:
    """Open the files of benchmarks and check that they fit each other.

    Args:
        benchmarks: configs of the benchmarks by name, in the order in which they are scored.
        stride: replaces the strides of the benchmarks; None = keep these.
        feature_dim: the feature width of the model; None = any, or `check_width` is called later.

    Raises:
        MaesumError: files cannot be read, or features do not fit the annotations or the model.
    """
    found = []
    for name, config in benchmarks.items():
        store, annotations = FeatureStore(config.features), Benchmark(config.annotations)
        check_features_match(
            annotations, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0], store.fps
        )
        found.append(OpenBenchmark(name, annotations, store, config.stride if stride is None else stride))
    check_width(found, feature_dim)
    return tuple(found)


def check_width(benchmarks: Iterable[OpenBenchmark], feature_dim: int | None) -> None:
    """Refuse features of another width than a model takes.

    Args:
        feature_dim: the width that the model takes; None = any.

    Raises:
        MaesumError: naming the file and both widths.
    """
    for benchmark in benchmarks:
        store = benchmark.features
        if feature_dim not in (None, store.dim):
            raise MaesumError(
                f"{store.paths[0]}: features are {store.dim} wide, but the checkpoint was trained on {feature_dim}; "
                "use features of the same backbone."
            )
