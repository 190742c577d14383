"""Shards are complete or refused, what a pattern took is said, and held-out videos are not trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from maesum.data import FeatureStore
from maesum.data.datamodule import ClipDataModule
from maesum.data.labelled import LabelledDataModule
from maesum.system.errors import MaesumError

Make = Callable[..., Path]


@pytest.fixture
def shards(make_features: Make) -> list[Path]:
    return [make_features(f"set-{number}.h5", lengths=(40, 50), shard=(number, 3)) for number in (1, 2, 3)]


def test_all_shards_of_a_set_are_one_set(shards: list[Path], tmp_path: Path) -> None:
    store = FeatureStore(str(tmp_path / "set-*.h5"))
    assert len(store) == 6
    assert store.describe_patterns() == [f"{tmp_path}/set-*.h5 took 3 files: set-1.h5, set-2.h5, set-3.h5"]


def test_a_missing_shard_is_named(shards: list[Path], tmp_path: Path) -> None:
    shards[1].unlink()
    with pytest.raises(MaesumError, match=r"took 2 files: set-1\.h5, set-3\.h5; of 3 shards number 2 is missing"):
        FeatureStore(str(tmp_path / "set-*.h5"))
    assert len(FeatureStore([shards[0], shards[2]])) == 4  # by name, the user's own choice
    assert FeatureStore(shards[0]).describe_patterns() == []


def test_older_shards_are_known_by_their_names(make_features: Make, tmp_path: Path) -> None:
    for number in (1, 3):
        make_features(f"set-{number:05d}-of-00003.h5")
    with pytest.raises(MaesumError, match="of 3 shards number 2 is missing"):
        FeatureStore(str(tmp_path / "set*.h5"))


@pytest.mark.parametrize("other", [{}, {"shard": (1, 2)}])
def test_a_pattern_that_takes_more_than_the_shards_is_refused(
    shards: list[Path], make_features: Make, tmp_path: Path, other: dict
) -> None:
    make_features("set_val.h5", **other)
    with pytest.raises(MaesumError, match=r"took 4 files: .*is not one of the . shards, wanted the shards of one set"):
        FeatureStore(str(tmp_path / "set*.h5"))


@pytest.mark.parametrize("attributes", [{"shard": 0, "shards": 3}, {"shard": 4, "shards": 3}, {"shard": "x"}])
def test_shard_numbers_are_checked(make_features: Make, attributes: dict) -> None:
    path = make_features()
    with h5py.File(path, "r+") as file:
        file.attrs.update(attributes)
    with pytest.raises(MaesumError, match="attributes 'shard' and 'shards' are"):
        FeatureStore(path)


def test_what_a_pattern_took_is_printed(make_features: Make, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ("googlenet.h5", "googlenet_val.h5"):
        make_features(name)
    ClipDataModule(str(tmp_path / "googlenet*.h5"), batch_size=2)
    assert "googlenet*.h5 took 2 files: googlenet.h5, googlenet_val.h5" in capsys.readouterr().out


@pytest.mark.parametrize("held_out", ["googlenet_val.h5", "googlenet*.h5"])
def test_videos_that_are_trained_on_are_not_held_out(make_features: Make, tmp_path: Path, held_out: str) -> None:
    for name in ("googlenet.h5", "googlenet_val.h5"):
        make_features(name, labels=["a", "b", "a"])
    pattern = str(tmp_path / "googlenet*.h5")
    for module in (ClipDataModule, LabelledDataModule):
        with pytest.raises(MaesumError, match="held-out videos are in the training set too, the first being"):
            module(pattern, held_out=str(tmp_path / held_out), batch_size=2)


@pytest.mark.parametrize(
    ("lengths", "same_start", "refused"), [(40, False, True), (41, True, True), (41, False, False)]
)
def test_an_id_alone_makes_no_video_the_same(
    make_features: Make, tmp_path: Path, lengths: int, same_start: bool, refused: bool
) -> None:
    """Data sets number their videos alike: video_1 of SumMe may be held out from a training on TVSum."""
    from maesum.data import write_features

    rng = np.random.default_rng(0)
    trained, held = rng.random((40, 8)), rng.random((lengths, 8))
    if same_start:
        held[0] = trained[0]
    write_features(tmp_path / "train.h5", ["video_1"], [40], [trained])
    write_features(tmp_path / "val.h5", ["video_1"], [lengths], [held])
    if refused:
        with pytest.raises(MaesumError, match="1 of the 1 held-out videos are in the training set too"):
            ClipDataModule(tmp_path / "train.h5", held_out=tmp_path / "val.h5", batch_size=1)
    else:
        ClipDataModule(tmp_path / "train.h5", held_out=tmp_path / "val.h5", batch_size=1)
