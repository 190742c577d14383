"""Read the weights that a training begins with where `init=` names a checkpoint."""

from __future__ import annotations

from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from maesum.data.origin import differences
from maesum.data.store import FeatureStore
from maesum.system.printing import say
from maesum.training.checkpoints import load_pretrained


def initial_weights(init: str, store: FeatureStore) -> dict[str, Tensor]:
    """Return the weights of `init=` by name; prints how the features it was trained on differ from those of `store`."""
    pretrained = load_pretrained(init)
    for line in differences(store.origin, pretrained.trained_on):
        rank_zero_only(say)(f"init={init}: {line}")
    return pretrained.model.state_dict()
