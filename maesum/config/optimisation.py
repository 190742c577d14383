"""Define what training minimises and how: `loss` and `optim`."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting
from maesum.system.errors import MaesumError

#: The losses of pretraining (`maesum.models.losses`).
LOSSES = ("mse", "cosine")


@dataclass
class OptimSettings:
    """Optimiser: AdamW, with warm-up and cosine decay of the learning rate (paper, A1)."""

    base_lr: float = setting(4e-4, "peak learning rate for a batch of 256 clips", above=0)
    scale_lr: bool = setting(
        True, "scale the peak learning rate to base_lr * batch_size / 256; false uses base_lr unscaled"
    )
    min_lr: float = setting(1e-6, "learning rate of the last step", at_least=0)
    betas: list[float] = setting([0.9, 0.95], "decay rates of AdamW's two running means")
    weight_decay: float = setting(
        0.05, "weight decay of matrices; biases, norms and the mask token have none", at_least=0
    )

    def check_rules(self, prefix: str) -> None:
        """Refuse betas that are not two numbers from 0 to below 1.

        Raises:
            MaesumError: naming the setting.
        """
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise MaesumError(f"{prefix}betas is {self.betas}, wanted two numbers from 0 to below 1.")

    def learning_rate(self, batch_size: int) -> float:
        """Return the peak learning rate for a batch over all ranks and accumulation steps (Goyal et al. 2017)."""
        return self.base_lr * batch_size / 256 if self.scale_lr else self.base_lr
