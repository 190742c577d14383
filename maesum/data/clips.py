"""Turn a batch's address into its clips: draw the rows, then fetch them in one gather.

Letters in shapes: B clips, T frames of a clip, D feature width.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from maesum.data import sampling
from maesum.data.order import ClipBatches, HeldOutBatches
from maesum.data.store import FeatureStore

#: Number of batches drawn at a time: a draw takes some sixty small array operations, whose cost hardly depends on how
#: many batches it is for.
_DRAWN_AT_ONCE = 64


class DrawnClips(NamedTuple):
    """The rows of B clips, as sent to a loader process: plain arrays are sent faster than tensors."""

    rows: np.ndarray  # [B, T] int64, rows of the store; a clip lies within one video
    mask_noise: np.ndarray  # [B, T] float32


class ClipRows(NamedTuple):
    """A batch whose features are fetched on the device that they reside on (`maesum.data.residency`)."""

    rows: Tensor  # [B, T] int64
    mask_noise: Tensor  # [B, T] float32


class ClipBatch(NamedTuple):
    """The batch that a training step gets."""

    frames: Tensor  # [B, T, D] in the stored dtype
    mask_noise: Tensor  # [B, T] float32
    rows: Tensor  # [B, T] int64, rows of the store, to name the video at fault


class ClipDraws(Sampler[DrawnClips]):
    """Draws the rows and the mask noise of every batch that another sampler addresses.

    Args:
        addresses: batches of sample numbers; those of one pass all belong to one epoch.
        stride: temporal stride of a clip (see `sampling.clips`).
        frames: frames of a clip.
    """

    def __init__(
        self,
        addresses: ClipBatches | HeldOutBatches,
        store: FeatureStore,
        stride: tuple[int, int],
        frames: int,
        seed: int,
    ) -> None:
        self.addresses, self.lengths, self.offsets = addresses, store.lengths, store.offsets
        self.stride, self.frames, self.seed = stride, frames, seed

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; Lightning calls this before each one."""
        if isinstance(self.addresses, ClipBatches):  # held-out clips are the same at every validation
            self.addresses.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.addresses)

    def __iter__(self) -> Iterator[DrawnClips]:
        addresses = iter(self.addresses)
        while some := list(islice(addresses, _DRAWN_AT_ONCE)):
            drawn = self.draw(some[0].epoch, np.concatenate([address.samples for address in some]))
            stop = 0
            for address in some:
                start, stop = stop, stop + len(address.samples)
                yield DrawnClips(drawn.rows[start:stop], drawn.mask_noise[start:stop])

    def draw(self, epoch: int, samples: np.ndarray) -> DrawnClips:
        """Return the clips of sample numbers [B] of one epoch: sample s is a clip of video s % videos."""
        video = samples % len(self.lengths)
        frame_index = sampling.clips(self.seed, epoch, samples, self.lengths[video], self.stride, self.frames)
        noise = sampling.mask_noise(self.seed, epoch, samples, self.frames)
        return DrawnClips(self.offsets[video][:, None] + frame_index, noise)


class FetchedClips(Dataset[ClipBatch]):
    """Fetches the frames of a batch, by one gather from the store."""

    def __init__(self, store: FeatureStore) -> None:
        self.store = store

    def __getitem__(self, drawn: DrawnClips) -> ClipBatch:
        rows, noise = map(torch.from_numpy, drawn)
        return ClipBatch(self.store.gather(rows), noise, rows)


class UnfetchedClips(Dataset[ClipRows]):
    """Passes the rows on unfetched, for batches that the device fetches."""

    def __getitem__(self, drawn: DrawnClips) -> ClipRows:
        return ClipRows(*map(torch.from_numpy, drawn))
