"""Batches cross the borders of videos, and no picture's features depend on its batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from maesum.system.errors import MaesumError
from maesum.vision.backbones import Backbone, build_backbone
from maesum.vision.encoding import Encoder, Rows
from maesum.vision.read_ahead import Event, Picture, VideoEnd, VideoFailure
from maesum.vision.videos import Video
from tests.vision.synthetic import TinyNetwork


class Recorder(nn.Module):
    """Remembers the size of every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(images))
        return images.mean(dim=(2, 3))


class RecordsTf32(nn.Module):
    """Remembers whether convolutions might be computed in TF32."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.allowed = torch.backends.cudnn.allow_tf32 if _OLD else torch.backends.cudnn.conv.fp32_precision != "ieee"
        return images.mean(dim=(2, 3))


_OLD = not hasattr(torch.backends.cudnn, "conv")  # before torch 2.9


def stream(lengths: list[int]) -> Iterator[Event]:
    rng = np.random.default_rng(0)
    for number, length in enumerate(lengths):
        for _ in range(length):
            yield Picture(rng.integers(0, 256, (224, 224, 3), dtype=np.uint8))
        video = Video(f"v{number}", Path(f"v{number}.mp4"))
        yield VideoEnd(video, length, 25.0) if number != 1 else VideoFailure(video, "broken")


def encoder(network: nn.Module, batch_size: int, **options: str) -> Encoder:
    return Encoder(build_backbone(lambda: network, "test"), "cpu", batch_size=batch_size, **options)


@pytest.mark.parametrize("lengths", [[3, 2, 9], [4, 4, 4], [0, 1, 1], [1], [20, 0, 3]])
def test_rows_and_ends_keep_their_places(lengths: list[int]) -> None:
    recorder = Recorder()
    seen: list[object] = []
    for encoded in encoder(recorder, 4).encode(stream(lengths)):
        seen.extend(["row"] * len(encoded.features) if isinstance(encoded, Rows) else [encoded.video.video_id])
    expected: list[object] = []
    for number, length in enumerate(lengths):
        expected += ["row"] * length + [f"v{number}"]
    assert seen == expected
    assert recorder.sizes == [4] * -(-sum(lengths) // 4)  # full batches, whatever the lengths


def test_features_do_not_depend_on_the_batch() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), dtype=np.uint8)
    tested = encoder(TinyNetwork(), 8, dtype="float32")
    order = np.random.default_rng(1).permutation(8)
    np.testing.assert_array_equal(tested.features(pictures)[order], tested.features(pictures[order]))


def test_bad_output_is_named() -> None:
    with pytest.raises(MaesumError, match=r"maps \(2, 3, 224, 224\) to \(2, 3, 224, 224\)"):
        encoder(nn.Identity(), 2).features(np.zeros((2, 224, 224, 3), np.uint8))

    class Large(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 2), 1e6)

    with pytest.raises(MaesumError, match=r"not finite numbers in float16; use dtype=float32"):
        list(encoder(Large(), 2).encode(stream([2])))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "nonsense"}, "device=nonsense"),
        ({"precision": "8"}, "precision is '8'"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
        ({"batch_size": -1}, "batch_size is -1"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(MaesumError, match=message):
        Encoder(Backbone(nn.Identity(), "test"), **options)  # type: ignore[arg-type]


def test_float32_is_not_tf32() -> None:
    network = RecordsTf32()
    images = np.zeros((1, 224, 224, 3), dtype=np.uint8)
    for precision, allowed in (("32", False), ("bf16", True)):  # by default torch allows it
        encoder(network, 1, precision=precision).features(images)
        assert network.allowed == allowed
