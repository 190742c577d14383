"""Between the host and a device, without either waiting for the other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def index_on(device: torch.device, index: np.ndarray) -> Tensor:
    """An index array as a tensor on a device.

    The host does not wait for a GPU: from pinned memory the copy is queued behind the work before it.
    """
    tensor = torch.from_numpy(index)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


class Arriving:
    """A number on its way from a device to the host, which goes on queueing work until it asks for it.

    Reading it from the device later would wait for everything that was queued behind it.

    Args:
        value: a tensor of one element.
    """

    def __init__(self, value: Tensor) -> None:
        self._value = value.detach().to("cpu", non_blocking=True, copy=True)  # the device may write over its own
        self._arrived = None
        if value.is_cuda:
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def item(self) -> float:
        """The number, once it is there."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._value.item()
