"""Hash the content of files, independent of where they are and when they were written.

A set of features is hashed by its ids, lengths and labels, and by its rows: all rows of a small set, a fixed sample of
a large one, so that 136 GB take no longer than a few hundred reads. The other files are small and are hashed whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from maesum.data.benchmark import FORMAT as BENCHMARK_FORMAT
from maesum.data.features import FORMAT as FEATURES_FORMAT
from maesum.data.hdf5 import open_hdf5, read_array, read_attribute, read_strings, require_dataset, require_group
from maesum.runs.method_settings import added_methods, parts_read, unread_parts
from maesum.system.errors import MaesumError
from maesum.system.files import file_hash
from maesum.system.patterns import fitting, is_pattern

#: All rows of a set up to this size are hashed, which takes a few hundredths of a second.
_WHOLE_BYTES = 32 << 20
#: Number of rows of a larger set that are hashed, spread evenly over it; and number of videos whose middle row is.
_SAMPLED = 256
#: Optional datasets of a features file that readers use, besides ids and offsets.
_HEEDED = ("labels", "n_frames", "picks")
#: Keys that name a file outside the parts that `parts_read` names.
_SINGLE = ("init", "annotations", "features", "scores", "against", "splits")


def fingerprints(config: dict[str, Any], without: Sequence[str] = ()) -> dict[str, str]:
    """Return the hashes of the files that a command reads, by the key that names them.

    Files that are missing or cannot be read are left out: the command itself reports them, and a plan needs none.

    Args:
        config: the resolved config of python -m maesum.train, predict or evaluate.
        without: keys to leave out.
    """
    found: dict[str, str] = {}
    for key, paths in decisive_files(config).items():
        if key not in without and (known := fingerprint(paths)) is not None:
            found[key] = known
    return found


def decisive_files(config: dict[str, Any]) -> dict[str, Any]:
    """Return the files that a command reads, as far as its config names them: a path, a pattern or a list, by key."""
    parts = parts_read(config) if "method" in config else ("benchmarks",)
    files: dict[str, Any] = {}
    for part in parts:
        if part == "benchmarks":
            for name, benchmark in config["benchmarks"].items():
                files |= {f"benchmarks.{name}.{field}": benchmark[field] for field in ("annotations", "features")}
        else:
            files |= {f"{part}.{field}": config[part][field] for field in ("features", "held_out")}
    files |= {key: config.get(key) for key in _SINGLE if key not in unread_parts(config)}
    if "method" not in config:
        files["ckpt"] = config.get("ckpt")  # the model of predict; a training only goes on from its ckpt
    elif (added := added_methods().get(config["method"]["name"])) is not None:
        files["method.code"] = str(
            added.with_suffix(".py")
        )  # a method of one's own: no version of ours stands for its code
    return {key: paths for key, paths in files.items() if paths}


def fingerprint(paths: Any) -> str | None:
    """Return the hash of the content of a file, a pattern, a folder or a list of these: 16 hex digits.

    A set of features has the same hash however it is cut into shards.

    Returns:
        None where a file is missing or cannot be read.
    """
    files = list(_files(paths))
    if not files or not all(file.is_file() for file in files):
        return None
    try:
        if all(_format_of(file) == FEATURES_FORMAT for file in files):
            return _features_hash(files)
        each = [_benchmark_hash(file) if _format_of(file) == BENCHMARK_FORMAT else file_hash(file) for file in files]
    except (MaesumError, OSError, TypeError, ValueError):  # raised for content of another format
        return None
    return each[0] if len(each) == 1 else hashlib.sha256(" ".join(each).encode()).hexdigest()[:16]


def _files(paths: Any) -> Iterator[Path]:
    for item in paths if isinstance(paths, (list, tuple)) else [paths]:
        path = Path(str(item))
        if path.is_dir():  # a folder of scores, or of the run that wrote them
            yield from sorted((path / "scores" if (path / "scores").is_dir() else path).glob("*.h5"))
        elif not is_pattern(item):
            yield path
        else:
            yield from fitting(item)


def _format_of(path: Path) -> str | None:
    """Return the name of the project's format that an HDF5 file has; None for any other file."""
    if not h5py.is_hdf5(path):
        return None
    with open_hdf5(path) as file:
        found = read_attribute(file, "format")
    return found if isinstance(found, str) else None


class _Shard(NamedTuple):
    """Size and type of the rows of one features file, and where they begin."""

    path: Path
    rows: int
    width: int
    dtype: np.dtype
    start: int  # bytes from the start of the file to the first row

    def read(self, row: int, count: int = 1) -> bytes:
        """Read rows as the bytes that are stored."""
        size = self.width * self.dtype.itemsize
        with open(self.path, "rb") as file:
            file.seek(self.start + row * size)
            return file.read(count * size)


def _features_hash(paths: Sequence[Path]) -> str:
    """Return the hash of a set of features, whatever shards it is cut into."""
    shards, video_ids, lengths = list[_Shard](), list[str](), list[np.ndarray]()
    heeded: dict[str, list[Any]] = {name: [] for name in _HEEDED}
    steps = set[Any]()
    for path in paths:
        with open_hdf5(path) as file:
            features = require_dataset(file, "features", path, ndim=2)
            start = features.id.get_offset()
            if start is None:
                raise MaesumError(f"{path}: dataset 'features' is not contiguous.")
            shards.append(_Shard(path, features.shape[0], features.shape[1], features.dtype, int(start)))
            video_ids += read_strings(require_dataset(file, "video_ids", path, ndim=1), path)
            lengths.append(np.diff(read_array(require_dataset(file, "offsets", path, ndim=1), path).astype(np.int64)))
            steps.add(read_attribute(file, "frame_step") or 1)
            for name in heeded:
                if name in file:
                    heeded[name] += _values(require_dataset(file, name, path), path)
    digest = hashlib.sha256()
    kinds = sorted({(shard.width, shard.dtype.str) for shard in shards})
    digest.update(repr((kinds, sorted(map(str, steps)), video_ids, heeded)).encode())
    digest.update(np.concatenate(lengths).tobytes())
    for rows in _chosen_rows(shards, np.concatenate(lengths)):
        digest.update(rows)
    return digest.hexdigest()[:16]


def _chosen_rows(shards: Sequence[_Shard], lengths: np.ndarray) -> Iterator[bytes]:
    """Yield the bytes of all rows of a small set, of a fixed sample of the rows of a large one."""
    if sum(shard.rows * shard.width * shard.dtype.itemsize for shard in shards) <= _WHOLE_BYTES:
        for shard in shards:
            yield shard.read(0, shard.rows)
        return
    firsts = np.concatenate([[0], np.cumsum([shard.rows for shard in shards])])
    ends = np.cumsum(lengths)
    videos = np.unique(np.linspace(0, len(lengths) - 1, _SAMPLED).astype(np.int64))
    spread = np.linspace(0, int(firsts[-1]) - 1, _SAMPLED).astype(np.int64)
    for row in np.unique(np.concatenate([spread, (ends - lengths // 2 - 1)[videos]])).tolist():
        number = int(np.searchsorted(firsts, row, side="right")) - 1
        yield shards[number].read(row - int(firsts[number]))


def _benchmark_hash(path: Path) -> str:
    """Return the hash of a benchmark's annotations, in the order of its videos."""
    digest = hashlib.sha256()
    with open_hdf5(path) as file:
        video_ids = read_strings(require_dataset(file, "video_ids", path, ndim=1), path)
        digest.update(repr((read_attribute(file, "name"), read_attribute(file, "kind"), video_ids)).encode())
        for video_id in video_ids:
            group = require_group(file, video_id, path)
            digest.update(repr(read_attribute(group, "fps")).encode())
            for name in sorted(group):
                values = read_array(require_dataset(group, name, path), path)
                digest.update(repr((name, values.shape)).encode() + np.asarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()[:16]


def _values(dataset: h5py.Dataset, path: Path) -> list[Any]:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return read_strings(dataset, path)
    return read_array(dataset, path).reshape(-1).tolist()
