"""Load whole videos to train on, one in each step, for methods that score a video at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from maesum.data import sampling
from maesum.data.benchmark import Benchmark
from maesum.data.order import START, Position
from maesum.data.origin import rows_apart
from maesum.data.store import FeatureStore


class VideoDraw(NamedTuple):
    """One video, with the random numbers that a method draws for it.

    The numbers follow from (seed, epoch, video) alone, so they depend neither on earlier draws nor on the process. A
    call with the same arguments gives the same numbers; use another `stream` for each purpose.

    Attributes:
        video: its number in the benchmark.
        features: [n, D] float32, every k-th frame.
        key: (seed, epoch, video).
        user_scores: [users, n] float32, each annotator's scores of these frames. None unless the method is supervised,
            and for videos that no split trains on.
    """

    video: int
    features: Tensor
    key: tuple[int, int, int]
    user_scores: Tensor | None = None

    @property
    def seed(self) -> int:
        """Return a seed for torch."""
        return int(np.random.SeedSequence(self.key).generate_state(1)[0])

    def uniform(self, *shape: int, stream: int = 0) -> Tensor:
        """Draw uniform numbers in [0, 1): float32, on the device of the features."""
        return self._placed(self._generator(stream).random(shape))

    def normal(self, *shape: int, stream: int = 0) -> Tensor:
        """Draw normal numbers of mean 0 and variance 1: float32, on the device of the features."""
        return self._placed(self._generator(stream).standard_normal(shape))

    def _generator(self, stream: int) -> np.random.Generator:
        return np.random.default_rng((*self.key, stream))

    def _placed(self, numbers: np.ndarray) -> Tensor:
        return torch.from_numpy(numbers.astype(np.float32)).to(self.features.device)


class WholeVideos(Dataset[VideoDraw]):
    """Turns (epoch, video number) into a video with its random numbers.

    Args:
        store: features of the videos, and perhaps of others.
        video_ids: the videos, in the benchmark's order.
        every: keep every k-th frame of the video, counted in frames of the video and not in rows of the store.
        seed: seed of the random numbers and of the order.
        annotations: the annotations of the videos, for methods that learn from them; None = draws hold none.
        annotated: the numbers of the videos that a network trains on; only draws of these hold annotations.
    """

    def __init__(
        self,
        store: FeatureStore,
        video_ids: Sequence[str],
        every: int,
        seed: int,
        annotations: Benchmark | None = None,
        annotated: Collection[int] = (),
    ) -> None:
        self.store, self.video_ids, self.seed = store, list(video_ids), seed
        self.rows_apart = rows_apart(every, store.frame_step)
        self.annotations, self.annotated = annotations, frozenset(annotated)
        self._read: dict[int, Tensor] = {}  # annotations of kept frames, by video

    def __len__(self) -> int:
        return len(self.video_ids)

    def features(self, video: int) -> Tensor:
        """Return the kept frames of video number `video`: [n, D] float32."""
        return self.store[self.video_ids[video]][:: self.rows_apart].float()

    def __getitem__(self, address: tuple[int, int]) -> VideoDraw:
        epoch, video = address
        return VideoDraw(video, self.features(video), (self.seed, epoch, video), self._user_scores(video))

    def _user_scores(self, video: int) -> Tensor | None:
        """Return the annotators' scores of the kept frames, [users, n] float32; None where draws may not hold them."""
        if self.annotations is None or video not in self.annotated:
            return None
        if video not in self._read:
            step = self.rows_apart * self.store.frame_step
            scores = np.asarray(self.annotations[self.video_ids[video]].user_scores)[:, ::step]
            self._read[video] = torch.from_numpy(np.ascontiguousarray(scores, dtype=np.float32))
        return self._read[video]


class VideoOrder(Sampler[tuple[int, int]]):
    """Yields every video once in an epoch, in a random order that follows from (seed, epoch)."""

    def __init__(self, videos: int, seed: int, start: Position = START) -> None:
        self.videos, self.seed, self.epoch, self.start = videos, seed, start.epoch, start

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; Lightning calls this before each one."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.videos

    def __iter__(self) -> Iterator[tuple[int, int]]:
        first = self.start.batch if self.epoch == self.start.epoch else 0
        order = sampling.epoch_order(self.seed, self.epoch, self.videos)[first:]
        return ((self.epoch, video) for video in order.tolist())


class VideoDataModule(L.LightningDataModule):
    """Gives Lightning the draws of `WholeVideos`, one video in each step."""

    def __init__(self, videos: WholeVideos) -> None:
        super().__init__()
        self.videos = videos
        self.start = START  # set before training by `maesum.training.resuming` when resuming

    def train_dataloader(self) -> DataLoader[VideoDraw]:
        """Return the videos, in each epoch's order."""
        return DataLoader(
            self.videos,
            batch_size=None,
            sampler=VideoOrder(len(self.videos), self.videos.seed, self.start),
            collate_fn=_as_it_is,
        )


def _as_it_is(draw: Any) -> Any:
    return draw
