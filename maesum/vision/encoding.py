"""Run a backbone over a stream of pictures, in batches that may hold pictures of several videos."""

from __future__ import annotations

import ctypes
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from maesum.system.errors import MaesumError
from maesum.system.transfer import sent
from maesum.vision.backbones import Backbone
from maesum.vision.preprocessing import CROPPED, normalise
from maesum.vision.read_ahead import Event, Picture, VideoEnd, VideoFailure

#: Default batch sizes: small batches stay in the cache of a CPU, large ones keep a GPU busy.
_BATCH_ON_CPU, _BATCH_ON_GPU = 8, 128
#: Texts in errors of torch and its libraries when the memory of the machine is not enough.
_NO_MEMORY = re.compile("allocate memory|not enough memory|could not create a (primitive|memory)")
_AUTOCAST = {"16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Rows:
    """Features of consecutive frames of one video: [k, D] in the stored dtype."""

    features: np.ndarray


Encoded: TypeAlias = Rows | VideoEnd | VideoFailure


class Encoder:
    """A backbone on its device, with the batch size and precision it runs at.

    All batches have the same size (the last one is filled up with old pictures), and the result for a picture does not
    depend on its place in the batch. So features do not depend on which videos share a batch.

    Args:
        device: auto, cpu, cuda, cuda:1 ...
        precision: 32, 16 or bf16 (autocast); auto = 16 on a GPU and 32 elsewhere.
        batch_size: pictures at a time; None = 8 on a CPU, 128 on a GPU.
        dtype: dtype of the features, float16 or float32.

    Attributes:
        description: description of the backbone in words.
        weights: hash of the network, since two networks of the same description may differ.

    Raises:
        MaesumError: the device is not available, or the precision or dtype is unknown.
    """

    def __init__(
        self,
        backbone: Backbone,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int | None = None,
        dtype: str = "float16",
    ) -> None:
        self.device = _device(device)
        on_gpu = self.device.type == "cuda"
        self.precision = ("16" if on_gpu else "32") if precision == "auto" else str(precision)
        if self.precision not in ("32", *_AUTOCAST):
            raise MaesumError(f"precision is {precision!r}, wanted auto, 32, 16 or bf16.")
        if dtype not in ("float16", "float32"):
            raise MaesumError(f"dtype is {dtype!r}, wanted float16 or float32.")
        self.batch_size = batch_size or (_BATCH_ON_GPU if on_gpu else _BATCH_ON_CPU)
        if self.batch_size < 1:
            raise MaesumError(f"batch_size is {batch_size}, wanted a whole number of at least 1.")
        self.dtype = np.dtype(dtype)
        self.description = backbone.description
        self.weights = _network_hash(backbone.network)
        if not on_gpu:
            _keep_freed_memory()
        backbone.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = backbone.network.to(self.device).eval()

    def width(self) -> int:
        """Return the number of channels of the features, found by computing those of black pictures.

        Raises:
            MaesumError: see `features`.
        """
        return int(self.features(np.zeros((self.batch_size, CROPPED, CROPPED, 3), dtype=np.uint8)).shape[1])

    @torch.inference_mode()
    def features(self, images: np.ndarray) -> np.ndarray:
        """Compute the features of a whole batch.

        Args:
            images: [batch_size, 224, 224, 3] uint8.

        Returns:
            [batch_size, D] in the stored dtype; values may be infinite or NaN.

        Raises:
            MaesumError: the network's output is not [batch_size, D], or there is not enough memory.
        """
        pictures = normalise(sent(torch.from_numpy(images), self.device))
        try:
            with self._arithmetic():
                output = self._network(pictures)
        except RuntimeError as error:
            if _NO_MEMORY.search(str(error)) is None:
                raise
            raise MaesumError(
                f"backbone {self.description}: there is not enough memory for {len(images)} pictures; lower "
                "batch_size= or workers= and run the command again, it continues."
            ) from None
        if output.ndim != 2 or len(output) != len(images):
            raise MaesumError(
                f"backbone {self.description} maps {tuple(pictures.shape)} to {tuple(output.shape)}, wanted "
                f"({len(images)}, D): pooled features, one row a picture."
            )
        with np.errstate(over="ignore"):
            return output.float().cpu().numpy().astype(self.dtype)

    def encode(self, events: Iterable[Event]) -> Iterator[Encoded]:
        """Replace the pictures in a stream of events by their features; the other events keep their places.

        Raises:
            MaesumError: some features are infinite or NaN.
        """
        images = np.zeros((self.batch_size, CROPPED, CROPPED, 3), dtype=np.uint8)
        filled = 0
        marks: list[tuple[int, VideoEnd | VideoFailure]] = []  # each event with the batch row that it precedes
        for event in events:
            if not isinstance(event, Picture):
                marks.append((filled, event))
                continue
            images[filled] = event.image
            filled += 1
            if filled == self.batch_size:
                yield from self._emit(images, filled, marks)
                filled, marks = 0, []
        yield from self._emit(images, filled, marks)

    def _emit(
        self, images: np.ndarray, filled: int, marks: list[tuple[int, VideoEnd | VideoFailure]]
    ) -> Iterator[Encoded]:
        rows = self.features(images)[:filled] if filled else np.empty((0, 0), self.dtype)
        if not np.isfinite(rows).all():
            raise MaesumError(
                f"backbone {self.description} gives features that are not finite numbers in {self.dtype}; use "
                "dtype=float32 or precision=32."
            )
        start = 0
        for stop, event in marks:
            if stop > start:
                yield Rows(rows[start:stop])
            yield event
            start = stop
        if filled > start:
            yield Rows(rows[start:filled])

    def _arithmetic(self) -> AbstractContextManager:
        if self.precision == "32":
            return _without_tf32()
        return torch.autocast(self.device.type, _AUTOCAST[self.precision])


def _network_hash(network: torch.nn.Module) -> str:
    """Return a hash of a network: of its modules with their settings, its weights and its buffers."""
    digest = hashlib.sha256(re.sub(r" at 0x[0-9a-f]+", "", repr(network)).encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        if isinstance(value, torch.Tensor):
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


@contextmanager
def _without_tf32() -> Iterator[None]:
    """Compute convolutions in float32: newer GPUs would round the factors to TF32, with 10 bits as in float16."""
    cudnn = torch.backends.cudnn
    setting: tuple[Any, str, Any] = (cudnn, "allow_tf32", False)
    if hasattr(cudnn, "conv"):  # the newer name, since torch 2.9
        setting = (cudnn.conv, "fp32_precision", "ieee")
    owner, name, exact = setting
    before = getattr(owner, name)
    setattr(owner, name, exact)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _keep_freed_memory() -> None:
    """Let the C library keep freed memory instead of returning it to the system after every layer.

    The layers' outputs are tens of megabytes each; getting this memory from the system again for every batch takes a
    quarter to a third of the time on a CPU (measured with glibc). Other C libraries than glibc are not changed.
    """
    trim_threshold, mmap_threshold = -1, -3  # parameters of glibc's mallopt
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(mmap_threshold, 2**30)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise MaesumError(f"device={name}: cannot be used ({str(error).splitlines()[0]}); try auto or cpu.") from None
    return device
