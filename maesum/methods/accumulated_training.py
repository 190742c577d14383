"""Training on whole videos where a network takes one step of its optimiser for the gradients of several videos."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from maesum.data.whole_videos import VideoDraw
from maesum.methods.split_training import ManualSplitTraining


class AccumulatedSplitTraining(ManualSplitTraining):
    """Trains one network for each split, which learns from several videos at once.

    A method gives `build_network`, `loss`, `network_optimizer` and `videos_per_update`. Each network counts the videos
    that it trains on, and after every k-th of them its optimiser takes a step with the sum of their gradients. What an
    epoch leaves over is taken along into the next. A step of the training is one video, as for all methods on whole
    videos. Gradients that wait for others lie in buffers of this module, so checkpoints hold them, and a training that
    was stopped between two updates goes on as if it had not been.
    """

    def __init__(
        self, feature_dim: int, training_videos: list[list[int]], settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__(feature_dim, training_videos, settings)
        self.waiting = nn.ModuleList(GradientSum(network) for network in self.networks)

    @abstractmethod
    def videos_per_update(self, number: int) -> int:
        """Say after how many of its videos network `number` takes a step."""

    @abstractmethod
    def network_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Make a fresh optimiser of one network's weights."""

    def before_update(self, number: int) -> None:
        """Change the summed gradients of network `number`, which lie at its weights; to be replaced."""

    def network_optimizers(self, network: nn.Module) -> list[torch.optim.Optimizer]:
        return [self.network_optimizer(network)]

    def train_network(
        self, number: int, batch: VideoDraw, optimizers: list[torch.optim.Optimizer]
    ) -> dict[str, Tensor]:
        network, waiting = self.networks[number], self.waiting[number]
        assert isinstance(waiting, GradientSum)
        loss, logged = self.loss(number, batch)
        self.manual_backward(loss)
        waiting.take_from(network)
        if waiting.videos >= self.videos_per_update(number):
            waiting.give_to(network)
            self.before_update(number)
            optimizers[0].step()
            network.zero_grad()
        return {"loss": loss.detach(), **logged}


class GradientSum(nn.Module):
    """The sum of a network's gradients over the videos since its last update.

    Attributes:
        total: [weights of the network], in the order of its parameters.
        videos: how many are in the sum; float32, as all that a checkpoint may hold in `state_dict`.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        first = next(network.parameters())
        count = sum(weight.numel() for weight in network.parameters())
        self.register_buffer("total", torch.zeros(count, dtype=first.dtype, device=first.device))
        self.register_buffer("videos", torch.zeros(()))
        self.total: Tensor
        self.videos: Tensor

    def take_from(self, network: nn.Module) -> None:
        """Add the gradients of one video, and leave none at the weights."""
        for weight, part in zip(network.parameters(), self._parts(network), strict=True):
            if weight.grad is not None:
                part += weight.grad.flatten()
        network.zero_grad()
        self.videos += 1

    def give_to(self, network: nn.Module) -> None:
        """Put the sum at the weights as their gradient, and begin anew."""
        for weight, part in zip(network.parameters(), self._parts(network), strict=True):
            weight.grad = part.view_as(weight).clone()
        self.total.zero_()
        self.videos.zero_()

    def _parts(self, network: nn.Module) -> tuple[Tensor, ...]:
        """Views of `total`, one for each parameter."""
        return self.total.split([weight.numel() for weight in network.parameters()])
