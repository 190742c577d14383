"""Between the host and a device, without either waiting for the other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device; the host does not wait for a GPU where the tensor lies in pinned memory."""
    # Not on Apple's: what is copied there may have been freed by then (pytorch's issues 139550 and 189690).
    return tensor.to(device, non_blocking=device.type != "mps")


def index_on(device: torch.device, index: np.ndarray) -> Tensor:
    """An index array as a tensor on a device.

    The host does not wait for a GPU: from pinned memory the copy is queued behind the work before it.
    """
    tensor = torch.from_numpy(index)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return sent(tensor, device)


class Arriving:
    """A number on its way from a device to the host, which goes on queueing work until it asks for it.

    Reading it from the device later would wait for everything that was queued behind it.

    Args:
        value: a tensor of one element.
    """

    def __init__(self, value: Tensor) -> None:
        has_events = value.is_cuda  # elsewhere nothing would tell when it has arrived
        self._value = value.detach().to("cpu", non_blocking=has_events, copy=True)  # the device may write over its own
        self._arrived = None
        if has_events:
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def item(self) -> float:
        """The number, once it is there."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._value.item()
