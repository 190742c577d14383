"""Sending index arrays to where tensors are."""

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
