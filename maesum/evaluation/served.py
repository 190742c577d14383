"""Find the protocols that can be computed from a benchmark's user scores: 0/1 summaries are not ratings."""

from __future__ import annotations

import logging

from maesum.data.benchmark import Benchmark
from maesum.data.user_scores import RAW, SELECTED_OR_NOT, SUMMARIES_OF_RATINGS
from maesum.metrics.protocols import PROTOCOLS, comparison_for, defined_for
from maesum.system.errors import MaesumError

logger = logging.getLogger(__name__)

#: The default protocol, which is this project's own: computed from any user scores, with a warning if unsuitable.
_OWN = "paper"

_WHAT_IT_TAKES = {
    SUMMARIES_OF_RATINGS: "takes the ratings, of which {path} holds only the 0/1 summaries that were made of them; "
    "prepare the ratings (of TVSum: source=tvsum input=ydata-tvsum50.mat)",
    SELECTED_OR_NOT: "takes the ordinal values of the selections, of which {path} holds only selected or not; prepare "
    "them (of SumMe: source=summe input=GT)",
}


def protocols_to_compute(protocol: str, benchmark: Benchmark) -> list[str]:
    """Return the protocols that `protocol=` names for a benchmark.

    "all" leaves out those that cannot be computed from the benchmark's user scores.

    Raises:
        MaesumError: the protocol is not defined for the kind of benchmark, or cannot be computed from its user scores.
    """
    if protocol == "all":
        return [name for name in defined_for(benchmark.kind) if name == _OWN or is_served(name, benchmark)]
    comparison_for(protocol, benchmark.kind)
    if not is_served(protocol, benchmark):
        reason = f"protocol '{protocol}' " + _WHAT_IT_TAKES[benchmark.user_scores].format(path=benchmark.path)
        if protocol != _OWN:
            raise MaesumError(f"{reason}, or use protocol={' or '.join(_others(benchmark))}.")
        logger.warning("%s; its figures are not those that are published.", reason)
    return [protocol]


def is_served(protocol: str, benchmark: Benchmark) -> bool:
    """Whether a protocol, which is defined for the kind, can be computed from the user scores of a benchmark."""
    if benchmark.user_scores == RAW:
        return True
    if benchmark.user_scores == SELECTED_OR_NOT:
        return protocol != "saquil"
    # Summaries made from ratings are enough if the protocol's own code first makes such summaries of the ratings.
    of_ratings = PROTOCOLS[protocol].ratings
    return benchmark.kind == "selections" and of_ratings is not None and of_ratings.needs_shots


def described(source: str, protocol: str, benchmark: Benchmark) -> str:
    """Return the source of a table, with a remark if the user scores are not those that the protocol is defined on."""
    return source if is_served(protocol, benchmark) else f"{source}; of {benchmark.user_scores}, not of what it takes"


def _others(benchmark: Benchmark) -> list[str]:
    return [name for name in defined_for(benchmark.kind) if is_served(name, benchmark)] or [_OWN]
