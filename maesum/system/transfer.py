"""Copy tensors between the host and a device without either waiting for the other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to a device; the host does not wait for a GPU if the tensor lies in pinned memory."""
    # Not on Apple's GPUs (mps): the source may be freed before it is copied (pytorch's issues 139550 and 189690).
    return tensor.to(device, non_blocking=device.type != "mps")


def index_on(device: torch.device, index: np.ndarray) -> Tensor:
    """Return an index array as a tensor on a device.

    The host does not wait for a GPU: the copy from pinned memory is queued after the work before it.
    """
    tensor = torch.from_numpy(index)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return sent(tensor, device)


class Arriving:
    """A number that is being copied from a device to the host, which can queue further work meanwhile.

    Reading the number from the device later would wait for all work queued since.

    Args:
        value: a tensor of one element.
    """

    def __init__(self, value: Tensor) -> None:
        has_events = value.is_cuda  # other devices have no event that tells when the copy is complete
        self._value = value.detach().to("cpu", non_blocking=has_events, copy=True)  # the device may write over its own
        self._arrived = None
        if has_events:
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def item(self) -> float:
        """Wait until the number is copied, and return it."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._value.item()
