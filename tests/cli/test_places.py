"""Several jobs of a multirun in one place."""

from __future__ import annotations

import pytest

from maesum.cli.places import check_places
from maesum.system.errors import MaesumError


@pytest.mark.parametrize(
    "overrides",
    [
        ["stride=1,2", "out=results"],
        ["seed=range(3)", "hydra.sweep.subdir=same"],
        ["seed=1,2", "out=one,two"],
        ["+seed=1,2", "+out='my results'"],
    ],
)
def test_one_place_for_several_jobs_is_refused(overrides: list[str]) -> None:
    with pytest.raises(MaesumError, match=r"is one place for all jobs of -m.*leave .*= out"):
        check_places(overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ["stride=1,2"],
        ["stride=1,2", "out=results_${stride}"],
        ["scores=a.h5", "out=results"],
        ["out=one,two"],
        ["seed=1,2", "out=results("],  # Hydra tells what is wrong with it
    ],
)
def test_other_multiruns_are_left_alone(overrides: list[str]) -> None:
    check_places(overrides)
