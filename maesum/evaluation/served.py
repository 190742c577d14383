"""Which protocols the numbers of a benchmark can serve: 0/1 summaries are no ratings, whatever the file is called."""

from __future__ import annotations

import logging

from maesum.data.benchmark import Benchmark
from maesum.data.user_scores import RAW, SELECTED_OR_NOT, SUMMARIES_OF_RATINGS
from maesum.metrics.protocols import PROTOCOLS, defined_for, recipe_for
from maesum.system.errors import MaesumError

logger = logging.getLogger(__name__)

#: The default protocol is computed of any scores, with a warning; it is this project's own and nobody asked for it.
_OWN = "paper"

_WHAT_IT_TAKES = {
    SUMMARIES_OF_RATINGS: "takes the ratings, of which {path} holds only the 0/1 summaries that were made of them; "
    "prepare the ratings (of TVSum: source=tvsum input=ydata-tvsum50.mat)",
    SELECTED_OR_NOT: "takes the ordinal values of the selections, of which {path} holds only selected or not; prepare "
    "them (of SumMe: source=summe input=GT)",
}


def protocols_to_compute(protocol: str, benchmark: Benchmark) -> list[str]:
    """Return the protocols that `protocol=` stands for on a benchmark.

    "all" leaves out those that its scores cannot serve.

    Raises:
        MaesumError: a protocol that is not defined for the kind, or that the scores cannot serve.
    """
    if protocol == "all":
        return [name for name in defined_for(benchmark.kind) if name == _OWN or is_served(name, benchmark)]
    recipe_for(protocol, benchmark.kind)
    if not is_served(protocol, benchmark):
        reason = f"protocol '{protocol}' " + _WHAT_IT_TAKES[benchmark.user_scores].format(path=benchmark.path)
        if protocol != _OWN:
            raise MaesumError(f"{reason}, or use protocol={' or '.join(_others(benchmark))}.")
        logger.warning("%s; its figures are not those that are published.", reason)
    return [protocol]


def is_served(protocol: str, benchmark: Benchmark) -> bool:
    """Whether the scores of a benchmark are what a protocol that is defined for its kind takes."""
    if benchmark.user_scores == RAW:
        return True
    if benchmark.user_scores == SELECTED_OR_NOT:
        return protocol != "saquil"
    # Of rated videos the summaries serve where the named code makes such summaries of the ratings itself.
    of_ratings = PROTOCOLS[protocol].ratings
    return benchmark.kind == "selections" and of_ratings is not None and of_ratings.needs_shots


def described(source: str, protocol: str, benchmark: Benchmark) -> str:
    """Return the source of a table, with a remark where the scores are not what the protocol takes."""
    return source if is_served(protocol, benchmark) else f"{source}; of {benchmark.user_scores}, not of what it takes"


def _others(benchmark: Benchmark) -> list[str]:
    return [name for name in defined_for(benchmark.kind) if is_served(name, benchmark)] or [_OWN]
