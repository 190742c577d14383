"""Features that change while they are read: noticed, in one sentence, in whatever process reads them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maesum.data import FeatureStore
from maesum.data.clips import ClipBatch
from maesum.data.datamodule import ClipDataModule
from maesum.data.mapped import MappedFeatures
from maesum.system.errors import MaesumError

WRITTEN = "was written to while it was read, so results would be of a mixture"
CUT = "was cut to 3,000 bytes while it was read, wanted"


@pytest.fixture
def path(make_features: Callable[..., Path]) -> Path:
    path = make_features(lengths=(400, 900, 310), dim=64)
    os.utime(path, ns=(10**9, 10**9))  # so that a later write shows on file systems with coarse clocks, too
    return path


def write_into(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(50_000)
        file.write(b"other")


def batches(path: Path, workers: int) -> Iterator[ClipBatch]:
    module = ClipDataModule(str(path), batch_size=4, clips_per_video=20, workers=workers)
    return iter(module.train_dataloader())


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_over_features_that_are_overwritten_ends_in_a_refusal(path: Path, workers: int) -> None:
    epoch = batches(path, workers)
    next(epoch)
    write_into(path)
    with pytest.raises(MaesumError, match=WRITTEN):
        list(epoch)


@pytest.mark.parametrize("workers", [0, 2])
def test_features_that_are_cut_are_refused_before_they_are_touched(path: Path, workers: int) -> None:
    epoch = batches(path, workers)
    next(epoch)
    os.truncate(path, 3_000)
    with pytest.raises(MaesumError, match=CUT) as error:
        list(epoch)
    assert "\n" not in str(error.value)  # no traceback of a loader process
    assert str(error.value).startswith(f"{path}: was cut")


def test_a_loader_process_that_dies_of_a_cut_file_is_explained(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut between the look and the touch: the system kills the loader process."""
    look = MappedFeatures.check_whole
    here = os.getpid()
    monkeypatch.setattr(MappedFeatures, "check_whole", lambda self: look(self) if os.getpid() == here else None)
    epoch = batches(path, workers=1)
    next(epoch)
    os.truncate(path, 3_000)
    with pytest.raises(MaesumError, match=CUT):
        list(epoch)


def test_one_video_of_a_cut_file_is_refused(path: Path) -> None:
    store = FeatureStore(path)
    os.truncate(path, 3_000)
    for read in (lambda: store["features_0"], store.touch_every_page):
        with pytest.raises(MaesumError, match=r"mapped|cut"):
            read()


def test_a_file_that_another_replaces_stays_for_its_readers(path: Path, make_features: Callable[..., Path]) -> None:
    epoch = batches(path, workers=2)
    first = next(epoch)
    make_features("other.h5", lengths=(400, 900, 310), dim=64).replace(path)
    assert len(list(epoch)) == 14
    assert first.frames.shape == (4, 30, 64)


def test_a_store_that_is_sent_on_does_not_open_what_has_changed_since(path: Path) -> None:
    sent = pickle.dumps(FeatureStore(path))
    write_into(path)
    with pytest.raises(MaesumError, match=WRITTEN):
        pickle.loads(sent)["features_0"]


def test_a_loader_says_other_failures_as_they_are(path: Path) -> None:
    module = ClipDataModule(str(path), batch_size=4, clips_per_video=20)
    loader = module.train_dataloader()
    loader.dataset.store = None  # a defect of ours
    with pytest.raises(AttributeError):
        next(iter(loader))
