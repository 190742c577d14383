"""Extraction into a file that exists: what is unchanged is kept, what is new, changed or failed is extracted."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError
from maesum.vision.backbones import build_backbone
from maesum.vision.encoding import Encoder
from maesum.vision.extraction import Extracted, extract
from maesum.vision.failures import failures_path
from maesum.vision.videos import Video, find_videos
from tests.vision.synthetic import TinyNetwork, write_video

BLACK, WHITE = 10, 240


def write(path: Path, grey: int, frames: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video(path, frames, images=[np.full((48, 64, 3), grey, np.uint8)] * frames)


def encoder(network: type[torch.nn.Module] = TinyNetwork, precision: str = "auto") -> Encoder:
    return Encoder(build_backbone(network, "tiny"), "cpu", batch_size=8, dtype="float32", precision=precision)


def run(folder: Path, out: Path) -> Extracted:
    return extract(find_videos(folder), out, encoder(), workers=1)


@pytest.fixture(scope="module")
def shades(tmp_path_factory: pytest.TempPathFactory) -> dict[int, torch.Tensor]:
    """The features of a black and of a white frame."""
    folder = tmp_path_factory.mktemp("shades")
    store = FeatureStore(
        extract([Video(str(grey), write(folder / f"{grey}.mp4", grey)) for grey in (BLACK, WHITE)],
                folder / "f.h5", encoder(), workers=1).path
    )  # fmt: skip
    return {grey: store[str(grey)][0] for grey in (BLACK, WHITE)}


def assert_shows(out: Path, video_id: str, shade: torch.Tensor) -> None:
    torch.testing.assert_close(FeatureStore(out)[video_id], shade.expand(40, -1), rtol=1e-3, atol=1e-3)


def test_another_file_of_the_same_name_and_length(tmp_path: Path, shades: dict[int, torch.Tensor]) -> None:
    write(tmp_path / "one" / "a.mp4", BLACK)
    write(tmp_path / "two" / "a.mp4", WHITE)
    run(tmp_path / "one", tmp_path / "f.h5")
    done = run(tmp_path / "two", tmp_path / "f.h5")
    assert (done.changed, done.videos_before, done.frames) == (("a",), 0, 40)
    assert_shows(tmp_path / "f.h5", "a", shades[WHITE])


def test_a_link_that_leads_elsewhere_now(tmp_path: Path, shades: dict[int, torch.Tensor]) -> None:
    link = tmp_path / "videos" / "v.mp4"
    link.parent.mkdir()
    for grey in (BLACK, WHITE):
        link.unlink(missing_ok=True)
        link.symlink_to(write(tmp_path / f"{grey}.mp4", grey))
        run(tmp_path / "videos", tmp_path / "f.h5")
    assert_shows(tmp_path / "f.h5", "v", shades[WHITE])


def test_a_failure_is_tried_again_and_a_new_file_added(tmp_path: Path, shades: dict[int, torch.Tensor]) -> None:
    out = tmp_path / "f.h5"
    write(tmp_path / "in" / "a.mp4", BLACK)
    (tmp_path / "in" / "b.mp4").write_bytes(b"cut")
    assert set(run(tmp_path / "in", out).failures) == {"b"}
    write(tmp_path / "in" / "b.mp4", WHITE)
    write(tmp_path / "in" / "c.mp4", WHITE)
    done = run(tmp_path / "in", out)
    assert (done.failures, done.videos, done.videos_before, done.frames, done.changed) == ({}, 3, 1, 80, ())
    assert FeatureStore(out).video_ids == ["a", "b", "c"]
    assert_shows(out, "a", shades[BLACK])
    assert_shows(out, "c", shades[WHITE])
    assert not failures_path(out).exists()


def test_a_swapped_file_while_the_job_was_stopped(tmp_path: Path, shades: dict[int, torch.Tensor]) -> None:
    class Stopped(Encoder):
        left = 8  # in the middle of the second video

        def features(self, images: np.ndarray) -> np.ndarray:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().features(images)

    for name in "ab":
        write(tmp_path / "in" / f"{name}.mp4", BLACK)
    stopped = Stopped(build_backbone(TinyNetwork, "tiny"), "cpu", batch_size=8, dtype="float32")
    with pytest.raises(KeyboardInterrupt):
        extract(find_videos(tmp_path / "in"), tmp_path / "f.h5", stopped, workers=1)
    assert '"video_id": "a"' in (tmp_path / "f.h5.parts" / "journal.jsonl").read_text()
    write(tmp_path / "in" / "a.mp4", WHITE)
    assert run(tmp_path / "in", tmp_path / "f.h5").changed == ("a",)
    assert_shows(tmp_path / "f.h5", "a", shades[WHITE])
    assert_shows(tmp_path / "f.h5", "b", shades[BLACK])


def test_a_copy_with_another_time_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "a.mp4", BLACK)
    run(tmp_path / "in", tmp_path / "f.h5")
    os.utime(path, (1, 1))
    done = run(tmp_path / "in", tmp_path / "f.h5")
    assert (done.frames, done.videos_before) == (0, 1)


def test_a_file_that_is_broken_now_loses_its_features(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.mp4", BLACK)
    write(tmp_path / "in" / "b.mp4", BLACK)
    run(tmp_path / "in", tmp_path / "f.h5")
    (tmp_path / "in" / "a.mp4").write_bytes(b"cut")
    assert set(run(tmp_path / "in", tmp_path / "f.h5").failures) == {"a"}
    assert FeatureStore(tmp_path / "f.h5").video_ids == ["b"]


def test_others_of_the_file(tmp_path: Path) -> None:
    out = tmp_path / "f.h5"
    write(tmp_path / "one" / "a.mp4", BLACK)
    write(tmp_path / "two" / "b.mp4", WHITE)
    run(tmp_path / "one", out)
    assert run(tmp_path / "two", out).others == 1
    assert FeatureStore(out).video_ids == ["a", "b"]
    with pytest.raises(MaesumError, match="exists already with video 'b', which is not of this part"):
        extract(find_videos(tmp_path / "one"), out, encoder(), workers=1, others="refuse")
    assert extract(find_videos(tmp_path / "one"), out, encoder(), workers=1, others="drop").frames == 0
    assert FeatureStore(out).video_ids == ["a"]


def test_labels_are_those_of_the_last_list(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", BLACK)
    for label in ("run", "jump"):
        done = extract([Video("a", path, label)], tmp_path / "f.h5", encoder(), workers=1)
    assert done.frames == 0
    assert FeatureStore(tmp_path / "f.h5").labels == ["jump"]


class Other(TinyNetwork):
    def __init__(self) -> None:
        super().__init__()
        self.conv.weight.data.mul_(-1)


def test_another_network_or_precision_under_the_same_name(tmp_path: Path) -> None:
    video = Video("a", write(tmp_path / "a.mp4", BLACK))
    extract([video], tmp_path / "f.h5", encoder(), workers=1)
    with pytest.raises(MaesumError, match="another network that is called 'tiny' too"):
        extract([video], tmp_path / "f.h5", encoder(Other), workers=1)
    with pytest.raises(MaesumError, match="exists already with precision='32', but precision='bf16' is wanted"):
        extract([video], tmp_path / "f.h5", encoder(precision="bf16"), workers=1)


def test_a_file_that_does_not_say_what_it_was_made_of(tmp_path: Path) -> None:
    video = Video("a", write(tmp_path / "a.mp4", BLACK))
    extract([video], tmp_path / "f.h5", encoder(), workers=1)
    with h5py.File(tmp_path / "f.h5", "a") as file:
        file["sources"][0] = '{"size": 1}'
    with pytest.raises(MaesumError, match="dataset 'sources' cannot be read"):
        extract([video], tmp_path / "f.h5", encoder(), workers=1)
    with h5py.File(tmp_path / "f.h5", "a") as file:
        del file["sources"]
    with pytest.raises(MaesumError, match="does not say which files it was made of"):
        extract([video], tmp_path / "f.h5", encoder(), workers=1)
