"""Check whether scores, annotations and the name of a result belong together, as far as the files tell."""

from __future__ import annotations

import logging

from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores

logger = logging.getLogger(__name__)

#: Names of benchmarks with published figures.
_PUBLISHED = ("tvsum", "summe", "finegym")


def warn_of_other_names(scores: Scores, benchmark: Benchmark, name: str) -> None:
    """Warn if the files name another benchmark than the result will.

    Video ids and even lengths do not tell benchmarks apart ("video_1" is in most), but files name their benchmark.

    Args:
        name: name of the benchmark in the results.
    """
    if name in _PUBLISHED and benchmark.name != name:
        logger.warning(
            "%s: holds the annotations of '%s', but the result is called '%s'; name the benchmark as its file does, "
            "or take benchmark=custom",
            benchmark.path, benchmark.name, name,
        )  # fmt: skip
    made_for = scores.attributes.get("benchmark")
    if made_for not in (None, "custom", name, benchmark.name):
        logger.warning(
            "%s: holds scores of benchmark '%s', but is evaluated on '%s'; the videos may only share their ids",
            scores.path, made_for, name,
        )  # fmt: skip
