"""A job that was killed ends with the bytes of one that was not; broken videos are listed; shards are the whole."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError
from maesum.vision.backbones import build_backbone
from maesum.vision.decode import read_frames
from maesum.vision.encoding import Encoder
from maesum.vision.extraction import extract
from maesum.vision.failures import read_failures
from maesum.vision.preprocessing import centre_crop, normalise
from maesum.vision.videos import Video, find_videos, shard_of
from tests.vision.synthetic import TinyNetwork, write_video

_KILLS = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    for number in range(8):
        frames = 33 + 3 * number
        images = list(rng.integers(0, 256, (frames, 48, 64, 3), dtype=np.uint8))
        write_video(folder / f"v{number}.mp4", frames, images=images)
    (folder / "v3.mp4").write_bytes((folder / "v3.mp4").read_bytes()[:5000])  # cut short
    (folder / "v5.mp4").write_bytes(b"")
    return folder


def encoder(dtype: str = "float16") -> Encoder:
    return Encoder(build_backbone(TinyNetwork, "tiny"), "cpu", batch_size=8, dtype=dtype)


def test_features_are_those_of_the_frames(folder: Path, tmp_path: Path) -> None:
    done = extract(find_videos(folder), tmp_path / "f.h5", encoder("float32"), every=3, workers=2)
    store = FeatureStore(done.path)
    assert store.video_ids == ["v0", "v1", "v2", "v4", "v6", "v7"]
    assert store.n_frames == [33, 36, 39, 45, 51, 54]
    assert store.lengths.tolist() == [11, 12, 13, 15, 17, 18]
    assert (store.frame_step, store.backbone, done.frames) == (3, "tiny", 86)
    frames = np.stack([centre_crop(image) for image in read_frames(folder / "v4.mp4", 3)])
    with torch.inference_mode():
        expected = TinyNetwork()(normalise(torch.from_numpy(frames)))
    torch.testing.assert_close(store["v4"], expected, rtol=1e-4, atol=1e-5)


def test_broken_videos_are_listed_and_stop_nobody(folder: Path, tmp_path: Path) -> None:
    done = extract(find_videos(folder), tmp_path / "f.h5", encoder(), workers=2)
    assert set(done.failures) == {"v3", "v5"}
    assert read_failures(tmp_path / "f.h5") == done.failures
    assert "is empty" in done.failures["v5"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.h5", "f.h5.failures.csv"]


def test_two_shards_are_one_run(folder: Path, tmp_path: Path) -> None:
    videos = [Video(video.video_id, video.path, f"class {video.video_id}") for video in find_videos(folder)]
    extract(videos, tmp_path / "whole.h5", encoder(), workers=2)
    for number in (1, 2):
        extract(shard_of(videos, number, 2), tmp_path / f"part-{number}.h5", encoder(), workers=1, shard=(number, 2))
    whole, parts = FeatureStore(tmp_path / "whole.h5"), FeatureStore(str(tmp_path / "part-*.h5"))
    assert (parts.video_ids, parts.labels, parts.fps) == (whole.video_ids, whole.labels, whole.fps)
    rows = np.arange(int(whole.offsets[-1]))
    assert torch.equal(parts.gather(rows), whole.gather(rows))
    (tmp_path / "part-1.h5").unlink()
    with pytest.raises(MaesumError, match="of 2 shards number 1 is missing"):
        FeatureStore(str(tmp_path / "part-*.h5"))


def _killed_after(videos: list[Video], out: Path, seconds: float) -> bool:
    """Extract in a child process and kill it; whether it was still running."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            extract(videos, out, encoder(), workers=2)
            status = 0
        finally:
            os._exit(status)
    time.sleep(seconds)
    running = os.waitpid(child, os.WNOHANG)[0] == 0
    if running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return running


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_killed_at_any_moment_and_resumed_is_byte_identical(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)  # a forked process has no pool of threads
    videos = find_videos(folder)
    started = time.monotonic()
    extract(videos, tmp_path / "whole.h5", encoder(), workers=2)
    whole_run = time.monotonic() - started
    draw = random.Random(0)
    killed = 0
    for attempt in range(_KILLS):
        out = tmp_path / f"{attempt}.h5"
        for _ in range(2):  # killed twice on its way
            killed += _killed_after(videos, out, draw.uniform(0, whole_run))
        done = extract(videos, out, encoder(), workers=1)
        assert out.read_bytes() == (tmp_path / "whole.h5").read_bytes()
        assert set(done.failures) == {"v3", "v5"}
        assert not Path(f"{out}.parts").exists()
    assert killed >= _KILLS // 2  # the moments did fall into the run


def test_continues_behind_what_was_torn(folder: Path, tmp_path: Path) -> None:
    """The states that a kill leaves: rows without a line, and half a line."""
    videos, out = find_videos(folder), tmp_path / "f.h5"
    extract(videos, tmp_path / "whole.h5", encoder(), workers=1)
    with pytest.raises(KeyboardInterrupt):
        extract(videos, out, _Interrupted(), workers=1)
    parts = Path(f"{out}.parts")
    lines = (parts / "journal.jsonl").read_text().splitlines()
    assert 1 <= len(lines) < len(videos)
    with open(parts / "features.bin", "ab") as data, open(parts / "journal.jsonl", "ab") as journal:
        data.write(b"torn rows")
        journal.write(b'{"video_id": "v4", "st')
    done = extract(videos, out, encoder(), workers=1)
    assert done.videos_before == sum("reason" not in json.loads(line) for line in lines)
    assert out.read_bytes() == (tmp_path / "whole.h5").read_bytes()


class _Interrupted(Encoder):
    """Stops in the middle of the third video."""

    def __init__(self) -> None:
        super().__init__(build_backbone(TinyNetwork, "tiny"), "cpu", batch_size=8)
        self._left = 10

    def features(self, images: np.ndarray) -> np.ndarray:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return super().features(images)


def test_an_unfinished_job_refuses_other_settings(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        extract(find_videos(folder), tmp_path / "f.h5", _Interrupted(), workers=1)
    with pytest.raises(
        MaesumError, match=r"settings\.json: the unfinished extraction has every=1, but this one every=2"
    ):
        extract(find_videos(folder), tmp_path / "f.h5", encoder(), every=2, workers=1)


def test_a_complete_file_is_left_alone_and_never_mixed(folder: Path, tmp_path: Path) -> None:
    videos = find_videos(folder)
    extract(videos[:4], tmp_path / "f.h5", encoder(), workers=1)
    written = (tmp_path / "f.h5").stat().st_mtime_ns
    again = extract(videos[:4], tmp_path / "f.h5", encoder(), workers=1)
    assert (again.frames, again.videos_before, set(again.failures)) == (0, 3, {"v3"})
    assert (tmp_path / "f.h5").stat().st_mtime_ns == written
    with pytest.raises(MaesumError, match="exists already with every=1, but every=2"):
        extract(videos[:4], tmp_path / "f.h5", encoder(), every=2, workers=1)


def test_nothing_readable_leaves_only_the_reasons(folder: Path, tmp_path: Path) -> None:
    broken = [video for video in find_videos(folder) if video.video_id in ("v3", "v5")]
    with pytest.raises(MaesumError, match="none of the 2 video"):
        extract(broken, tmp_path / "f.h5", encoder(), workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["f.h5.failures.csv"]


def test_a_failing_network_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    bad = Encoder(build_backbone(torch.nn.Identity, "identity"), "cpu")
    with pytest.raises(MaesumError, match="backbone identity maps"):
        extract(find_videos(folder), tmp_path / "f.h5", bad, workers=2)
    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs file locks")
def test_two_jobs_never_write_the_same_file(folder: Path, tmp_path: Path) -> None:
    from maesum.vision.journal import Journal

    held = Journal(tmp_path / "f.h5.parts", {}, np.dtype("float16"))
    with held, pytest.raises(MaesumError, match="another process is extracting"):
        extract(find_videos(folder), tmp_path / "f.h5", encoder(), workers=1)
