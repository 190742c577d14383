"""Extraction on two cores: decoding and network at the same time, beside the slower of the two alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from benchmarks.recording import Row, record, seconds
from maesum.vision.backbones import build_backbone, efficientnet_lite0
from maesum.vision.encoding import Encoder
from maesum.vision.extraction import extract
from maesum.vision.read_ahead import Event, Picture, VideoEnd, read_ahead
from maesum.vision.videos import Video, find_videos

VIDEOS, FRAMES, SIZE = 4, 150, (640, 360)


def main() -> None:
    """Measure with one thread for the network, so that on two cores the decoder has the other."""
    torch.set_num_threads(1)
    encoder = Encoder(build_backbone(efficientnet_lite0, "efficientnet_lite0"), "cpu")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(VIDEOS):
            _write_video(Path(folder) / f"v{number}.mp4", number)
        videos = find_videos(folder)
        pictures = [event for event in read_ahead(videos[:1], 1, 1) if isinstance(event, Picture)]
        decoding = seconds(lambda: sum(1 for _ in read_ahead(videos, 1, 1)), repeats=2)
        network = seconds(lambda: list(encoder.encode(_repeated(pictures, videos))), repeats=2)
        outs = iter(range(10))
        both = seconds(lambda: extract(videos, Path(folder) / f"{next(outs)}.h5", encoder, workers=1), repeats=2)
    frames = VIDEOS * FRAMES
    slower = "the network alone" if network > decoding else "decoding alone"
    rows = [
        Row(
            "frames decoded, 640x360, with preprocessing",
            "frames/s",
            frames / decoding,
            None,
            "one worker",
            detail=True,
        ),
        Row("frames extracted, efficientnet_lite0", "frames/s", frames / both, frames / max(network, decoding), slower),
    ]
    record("extraction", rows)


def _repeated(pictures: list[Picture], videos: list[Video]) -> Iterator[Event]:
    """The stream of all videos from the pictures of one: the network without any decoding."""
    for video in videos:
        yield from pictures
        yield VideoEnd(video, len(pictures), 25.0)


def _write_video(path: Path, seed: int) -> None:
    """A clip of drifting noise, as hard to compress as natural pictures."""
    import av

    width, height = SIZE
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8 + FRAMES, 3), dtype=np.uint8)
    wide = noise.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(FRAMES):
            image = np.ascontiguousarray(wide[:, 4 * number : 4 * number + width])
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
