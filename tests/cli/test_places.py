"""Several jobs of a multirun in one place."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hydra.core.hydra_config import HydraConfig

from maesum.cli.places import check_places, named_run_folder, run_folder_is_given
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


def test_the_folder_that_a_user_names() -> None:
    assert named_run_folder(["seed=1", "hydra.run.dir='it\\'s, here'"]) == "it's, here"
    assert named_run_folder(["hydra.run.dir=a", "hydra.run.dir=b/c"]) == "b/c"
    assert named_run_folder(["++hydra.run.dir=a"]) == "a"
    assert named_run_folder(["hydra.run.dir=a/${name}"]) is None  # only the config can tell
    assert named_run_folder(["hydra.run.dir=[1"]) is None
    assert named_run_folder(["seed=1"]) is None


@pytest.mark.parametrize(
    ("overrides", "is_given"),
    [
        ([], False),
        (["hydra.run.dir=runs/mine"], True),
        (["++hydra.run.dir=runs/mine"], True),
        (["hydra.run.dir='${new_folder:runs/${name}}'"], False),  # as `--config-path RUN/.hydra` is completed
    ],
)
def test_whether_the_user_named_the_folder(
    overrides: list[str], is_given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = SimpleNamespace(overrides=SimpleNamespace(hydra=overrides))
    monkeypatch.setattr(HydraConfig, "get", lambda: running)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert run_folder_is_given() is is_given
