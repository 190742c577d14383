"""Read one or many files in the features format, memory-mapped, as if they were one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from maesum.data.feature_files import check_complete, take_files
from maesum.data.features import check_video_ids
from maesum.data.mapped import MappedFeatures
from maesum.data.origin import UNKNOWN, FeatureOrigin
from maesum.data.shard import read_shard
from maesum.system.errors import MaesumError

#: One value is read from each 4,096 bytes, the smallest page size, 1 GB at a time.
_VALUES_A_PAGE, _VALUES_AT_ONCE = 4_096 // 4, 2**28


class FeatureStore:
    """Frame features of many videos, addressed by row.

    Opening reads ids and offsets only. The features are memory-mapped at their place in the file, so worker processes
    and ranks share the page cache, and no HDF5 call is made while training. A store can be sent to another process: it
    maps the files again there.

    Args:
        path_or_paths: a file, a pattern such as "k400/*.h5", or several of either: shards of one set, in this order.

    Attributes:
        taken: the files of each path and pattern.
        paths: all files, in row order.
        video_ids: names, in row order.
        offsets: [videos + 1] int64, rows of video v are offsets[v]:offsets[v + 1] over all shards.
        lengths: [videos] int64.
        dim: D, the feature width.
        dtype: torch.float16 or torch.float32.
        frame_step: 15 where the files hold every 15th frame.
        backbone: the network that computed the features, as named in the files.
        origin: `frame_step`, `backbone` and the preprocessing, which is "unknown" where the files differ in it.
        labels, fps, n_frames: per video, or None where a shard does not have them.

    Raises:
        MaesumError: a file is missing or broken, shards do not belong together, or a pattern matches only some shards.
    """

    def __init__(self, path_or_paths: str | Path | Sequence[str | Path]) -> None:
        self.taken = take_files(path_or_paths)
        self.paths = [path for taken in self.taken for path in taken.paths]
        self._shards = [read_shard(path) for path in self.paths]
        self._check_complete()
        first = self._shards[0]
        for shard in self._shards[1:]:
            for name in ("dim", "dtype", "frame_step", "backbone"):
                found, wanted = getattr(shard, name), getattr(first, name)
                if found != wanted:
                    raise MaesumError(
                        f"{shard.path}: {name} is {found}, but {first.path} has {wanted}; one set needs shards alike."
                    )
        self.dim, self.frame_step, self.backbone = first.dim, first.frame_step, first.backbone
        preprocessing = {shard.preprocessing for shard in self._shards}
        self.origin = FeatureOrigin(
            self.backbone, preprocessing.pop() if len(preprocessing) == 1 else UNKNOWN, self.frame_step
        )
        self.dtype = torch.float16 if first.dtype == np.float16 else torch.float32
        self.video_ids: list[str] = [video_id for shard in self._shards for video_id in shard.video_ids]
        if len(self._shards) > 1:
            check_video_ids(self.video_ids, f"{len(self._shards)} shards from {first.path}")
        self.lengths: np.ndarray = np.concatenate([np.diff(shard.offsets) for shard in self._shards])
        self.offsets: np.ndarray = np.concatenate([[0], np.cumsum(self.lengths)])
        self.labels = _joined([shard.labels for shard in self._shards])
        self.fps = _joined([shard.fps for shard in self._shards])
        self.n_frames = _joined([shard.n_frames for shard in self._shards])
        self._shard_rows = np.concatenate([[0], np.cumsum([shard.rows for shard in self._shards])])
        self._maps: list[MappedFeatures] | None = None
        self._index: dict[str, int] | None = None

    def describe_patterns(self) -> list[str]:
        """Return one line for each pattern, on the files that it matches; none where all files were named."""
        return [taken.describe() for taken in self.taken if taken.is_pattern]

    def _check_complete(self) -> None:
        start = 0
        for taken in self.taken:
            check_complete(taken, self._shards[start : start + len(taken.paths)])
            start += len(taken.paths)

    def __len__(self) -> int:
        return len(self.video_ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.video_ids)

    def __contains__(self, video_id: object) -> bool:
        return video_id in self._video_index

    def __getitem__(self, video_id: str) -> Tensor:
        """Return all features of one video: [n, D] in the stored dtype, a view of the mapped file."""
        video = self.index(video_id)
        start, stop = int(self.offsets[video]), int(self.offsets[video + 1])
        shard = int(np.searchsorted(self._shard_rows, start, side="right")) - 1
        base = int(self._shard_rows[shard])
        return self._rows_of(shard)[start - base : stop - base]

    def index(self, video_id: str) -> int:
        """Return the number of a video in `video_ids`.

        Raises:
            MaesumError: the store does not hold it.
        """
        try:
            return self._video_index[video_id]
        except KeyError:
            raise MaesumError(f"{self.paths[0]}: no video '{video_id}' among {len(self)}.") from None

    def gather(self, frame_index: np.ndarray | Tensor) -> Tensor:
        """Fetch rows of the whole set in one call a batch.

        Args:
            frame_index: [...] int64 rows of the set, i.e. `offsets[video] + frame`.

        Returns:
            [..., D] in the stored dtype.

        Raises:
            IndexError: a row outside the set.
            MaesumError: a file was cut short.
        """
        index = torch.as_tensor(frame_index, dtype=torch.int64)
        flat = index.reshape(-1)
        if flat.numel() and not 0 <= int(flat.min()) <= int(flat.max()) < int(self._shard_rows[-1]):
            raise IndexError(f"rows {int(flat.min())}..{int(flat.max())} of {int(self._shard_rows[-1])}")
        if len(self._mapped) == 1:
            rows = torch.index_select(self._rows_of(0), 0, flat)
        else:
            rows = torch.empty(flat.numel(), self.dim, dtype=self.dtype)
            shard_of = torch.as_tensor(np.searchsorted(self._shard_rows, flat.numpy(), side="right") - 1)
            for shard in shard_of.unique().tolist():
                here = (shard_of == shard).nonzero()[:, 0]
                rows[here] = torch.index_select(self._rows_of(shard), 0, flat[here] - int(self._shard_rows[shard]))
        return rows.view(*index.shape, self.dim)

    def touch_every_page(self) -> None:
        """Read the features from end to end in this process, so that later reads find them in memory, and mapped."""
        for shard in range(len(self._shards)):
            values = self._rows_of(shard).numpy().reshape(-1)  # a view
            for start in range(0, len(values), _VALUES_AT_ONCE):
                values[start : start + _VALUES_AT_ONCE : _VALUES_A_PAGE].max()

    def describe_row(self, row: int) -> str:
        """Return the file, video and frame that a row of the set comes from, for error messages."""
        video = int(np.searchsorted(self.offsets, row, side="right")) - 1
        return f"{self.path_of(video)}: video '{self.video_ids[video]}', frame {row - int(self.offsets[video])}"

    def path_of(self, video: int) -> Path:
        """Return the file that holds video number `video`."""
        return self.paths[int(np.searchsorted(self._shard_rows, self.offsets[video], side="right")) - 1]

    def check_unchanged(self) -> None:
        """Check that nobody has written to the files since they were opened.

        Raises:
            MaesumError: naming the first file that was written to.
        """
        for mapped in self._mapped:
            mapped.check_unchanged()

    def _rows_of(self, shard: int) -> Tensor:
        """Return the rows of a shard, after checking that the file still holds them."""
        mapped = self._mapped[shard]
        mapped.check_whole()
        return mapped.features

    @property
    def _mapped(self) -> list[MappedFeatures]:
        # Mapped on first use in each process, since a map cannot be sent to a spawned worker.
        if self._maps is None:
            self._maps = [shard.map() for shard in self._shards]
        return self._maps

    @property
    def _video_index(self) -> dict[str, int]:
        if self._index is None:
            self._index = {video_id: number for number, video_id in enumerate(self.video_ids)}
        return self._index

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_maps": None, "_index": None}


def _joined(parts: Sequence[list | None]) -> list | None:
    """Return the shards' values in one list, or None where any shard has none."""
    return None if any(part is None for part in parts) else [value for part in parts for value in part or ()]
