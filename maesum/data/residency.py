"""Keep the training features on disk, in the machine's memory, or split over the devices that train.

The rows of a clip are drawn beforehand (`maesum.data.clips`), so the batches are the same wherever the features reside,
to the bit.
Letters in shapes: R ranks, B clips of one rank's batch, T frames of a clip, D feature width.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError
from maesum.system.transfer import index_on

_ROWS_AT_ONCE = 65_536
_GIGABYTE = 1e9


def read_into_host_memory(store: FeatureStore) -> None:
    """Read the mapped files once from end to end, so that no training step waits for a disk.

    The pages are the system's cache of the files: all ranks and loader processes of a machine share them, no process
    holds a copy, and nothing is left behind when a job is killed.

    Raises:
        MaesumError: the machine has less memory available than the set takes.
    """
    needed, available = _bytes_of(store, 0, int(store.offsets[-1])), _available_memory()
    if available is not None and needed > available:
        raise MaesumError(
            f"{store.paths[0]}: the set takes {needed / _GIGABYTE:.1f} GB, but this machine has "
            f"{available / _GIGABYTE:.1f} GB of memory available; use data.residency=disk."
        )
    store.touch_every_page()


class DeviceFeatures:
    """The rows of a set in the memory of the devices that train: each rank holds a contiguous part of whole videos.

    A rank's clips may be in the part of any rank, so in every step the ranks exchange clips in one all-to-all. Every
    rank draws the rows of all ranks' clips, so it knows which clips to send where without asking, and the host never
    waits for a device.

    Args:
        device: the device that holds this rank's part.

    Attributes:
        bounds: [R + 1] int64; rank r holds the rows bounds[r]:bounds[r + 1].

    Raises:
        MaesumError: a part that is larger than its device's free memory.
    """

    def __init__(self, store: FeatureStore, device: torch.device, rank: int = 0, ranks: int = 1) -> None:
        self.rank, self.ranks = rank, ranks
        self.bounds = _split_videos(store.offsets, ranks)
        first, last = int(self.bounds[rank]), int(self.bounds[rank + 1])
        needed = _bytes_of(store, first, last)
        free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else _available_memory()
        if free is not None and needed > free:
            raise MaesumError(
                f"{store.paths[0]}: the part of each device takes {needed / _GIGABYTE:.1f} GB, but {device} has "
                f"{free / _GIGABYTE:.1f} GB free; use more devices, or data.residency=host."
            )
        self.features = torch.empty(last - first, store.dim, dtype=store.dtype, device=device)
        for start in range(first, last, _ROWS_AT_ONCE):
            stop = min(start + _ROWS_AT_ONCE, last)
            self.features[start - first : stop - first] = store.gather(np.arange(start, stop))

    def gather(self, rows: Tensor) -> Tensor:
        """Fetch this rank's clips; every rank of the job must call this with the same rows.

        Args:
            rows: [R * B, T] int64 on the CPU, the clips of all ranks, those of rank 0 first.

        Returns:
            [B, T, D] in the stored dtype, on the device.
        """
        if self.ranks == 1:
            return self._take(rows)
        batch = len(rows) // self.ranks
        holder = np.searchsorted(self.bounds, rows[:, 0].numpy(), side="right") - 1  # [R * B]
        goes_to = np.repeat(np.arange(self.ranks), batch)
        sent = holder == self.rank
        mine = holder[goes_to == self.rank]  # [B], the rank that holds each clip of this rank
        received = self.features.new_empty(batch, *rows.shape[1:], self.features.shape[1])
        dist.all_to_all_single(
            received,
            self._take(rows[torch.from_numpy(sent)]),
            output_split_sizes=np.bincount(mine, minlength=self.ranks).tolist(),
            input_split_sizes=np.bincount(goes_to[sent], minlength=self.ranks).tolist(),
        )
        # Clips arrive sorted by holder, then in the order of the batch; restore the order of the batch.
        place = np.empty(batch, dtype=np.int64)
        place[np.argsort(mine, kind="stable")] = np.arange(batch)
        return received.index_select(0, index_on(self.features.device, place))

    def _take(self, rows: Tensor) -> Tensor:
        """Return rows of this rank's part: [..., T] on the CPU -> [..., T, D] on the device."""
        local = index_on(self.features.device, rows.reshape(-1).numpy() - self.bounds[self.rank])
        return self.features.index_select(0, local).view(*rows.shape, self.features.shape[1])


def _split_videos(offsets: np.ndarray, ranks: int) -> np.ndarray:
    """Return the rows at which to cut the set into contiguous parts of whole videos of about equal size."""
    even = np.linspace(0, offsets[-1], ranks + 1)
    after = np.searchsorted(offsets, even).clip(1, len(offsets) - 1)  # the first video boundary at or behind each cut
    before = after - 1
    return np.where(even - offsets[before] <= offsets[after] - even, offsets[before], offsets[after])


def _bytes_of(store: FeatureStore, first: int, last: int) -> int:
    return (last - first) * store.dim * store.dtype.itemsize


def _available_memory() -> int | None:
    """Return the bytes that the system has free without swapping, file cache included; None where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
