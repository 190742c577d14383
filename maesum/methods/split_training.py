"""Train on whole videos of a benchmark, one network for each split, with one optimiser or several."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler, OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from maesum.config.methods import VideoSettings
from maesum.data.whole_videos import VideoDraw
from maesum.scoring.whole_video import VideoScorer
from maesum.system.errors import MaesumError
from maesum.training.module import TrainedModule


class SplitTraining(TrainedModule):
    """Trains one network for each split on the videos that the split does not test on.

    A step takes one video; no weight is shared, so each network trains as if it were alone. A method derives from this
    class and defines `build_network`, `loss` and `build_optimizer`, or derives from `ManualSplitTraining` where several
    optimisers train a network. Random numbers come from the batch (`batch.uniform`, `batch.normal`) or, as for dropout,
    from torch, which is seeded for each video: so a resumed training draws what an uninterrupted one would have drawn.

    Logged: `train/loss`, the mean over networks, and the further values that `loss` returns.

    Args:
        feature_dim: width of the features.
        training_videos: the numbers of the videos that each network trains on.
        settings: fields of `settings_type` as plain values, since they are saved in the checkpoint.

    Attributes:
        settings_type: the dataclass of the method's own settings.
        is_supervised: whether it reads `batch.user_scores`, which only training videos have.
        reference: citation of the publication that it follows.

    Raises:
        MaesumError: a loss that is not finite.
    """

    settings_type: ClassVar[type[VideoSettings]] = VideoSettings
    is_supervised: ClassVar[bool] = False
    reference: ClassVar[str] = ""

    def __init__(
        self, feature_dim: int, training_videos: list[list[int]], settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()  # plain values only: the safe loader reads them back
        self.settings: Any = self.settings_type(**(settings or {}))
        self.networks = nn.ModuleList(self.build_network(feature_dim) for _ in training_videos)
        self.training_videos = [set(videos) for videos in training_videos]

    @abstractmethod
    def build_network(self, feature_dim: int) -> nn.Module:
        """Make a network that maps the kept frames of a video [n, D] float32 to their importance [n].

        The network may contain parts that only training needs, such as a discriminator.
        """

    def loss(self, number: int, batch: VideoDraw) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of network `number` on one video, and further values to log, by name."""
        raise NotImplementedError(f"{type(self).__name__} defines neither loss nor losses")

    def losses(self, batch: VideoDraw, members: list[int]) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Compute the loss of each network on one video, and further values to log, by name.

        A method overrides this instead of `loss` where its networks share computations on a video.

        Args:
            members: the numbers of the networks that train on this video.
        """
        found = []
        for number in members:
            torch.manual_seed(batch.seed)  # each network draws what it would draw alone
            found.append(self.loss(number, batch))
        return [loss for loss, _ in found], _means([logged for _, logged in found])

    def rate_factor(self, epoch: int) -> float:
        """Return the factor of the learning rates in an epoch (from 0); methods that lower the rates override this.

        It may depend on the epoch alone, not on how many there will be.
        """
        return 1.0

    def training_step(self, batch: VideoDraw, batch_index: int) -> Tensor | None:
        members = self.members(batch.video)
        if not members:
            return None  # every split tests on this video
        losses, logged = self.losses(batch, members)
        loss = torch.stack(losses).sum()
        self.log_step(batch, {"loss": loss / len(members), **logged})
        return loss

    def members(self, video: int) -> list[int]:
        """Return the numbers of the networks that train on a video."""
        return [number for number, videos in enumerate(self.training_videos) if video in videos]

    def log_step(self, batch: VideoDraw, values: Mapping[str, Tensor]) -> None:
        """Log the values of one video under `train/`.

        Raises:
            MaesumError: a value whose name begins with "loss" is not finite.
        """
        for name, value in values.items():
            if name.startswith("loss") and not math.isfinite(value.item()):
                raise MaesumError(
                    f"the {name} is {value.item()} at step {self.global_step}, on video number {batch.video}; lower "
                    "the learning rate of the method."
                )
            self.log(f"train/{name}", value, batch_size=1)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizers = self.build_optimizers()
        if type(self).rate_factor is SplitTraining.rate_factor:
            return optimizers
        return [self._scheduled(optimizer, self.videos_per_epoch()) for optimizer in optimizers]

    def videos_per_epoch(self) -> int:
        """Return how many videos an epoch has, including those that some splits test on."""
        return len(cast(Any, self.trainer).datamodule.videos)  # set by `Trainer.fit`, undeclared

    def _scheduled(self, optimizer: torch.optim.Optimizer, steps_per_epoch: int) -> OptimizerLRSchedulerConfig:
        schedule = LambdaLR(optimizer, lambda step: self.rate_factor(step // steps_per_epoch))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def scorer(self, number: int) -> VideoScorer:
        """Return a scorer of videos by network `number`."""
        return VideoScorer(self.networks[number], self.hparams["feature_dim"], self.settings.every)


class ManualSplitTraining(SplitTraining):
    """Trains one network for each split, each by several optimisers in turn on each video, as adversarial ones need.

    A method defines `build_network`, `network_optimizers` and `train_network`. However many steps optimisers take, one
    video is one step of the training: samples seen, checkpoints, logs and the schedule count videos.
    """

    def __init__(
        self, feature_dim: int, training_videos: list[list[int]], settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__(feature_dim, training_videos, settings)
        self.automatic_optimization = False

    @abstractmethod
    def network_optimizers(self, network: nn.Module) -> list[torch.optim.Optimizer]:
        """Make fresh optimisers of one network's weights, the same number for every network."""

    @abstractmethod
    def train_network(
        self, number: int, batch: VideoDraw, optimizers: list[torch.optim.Optimizer]
    ) -> dict[str, Tensor]:
        """Train network `number` on one video: for each loss call zero_grad, `self.manual_backward(loss)` and step.

        Args:
            optimizers: the optimisers of this network, in the order of `network_optimizers`.

        Returns:
            The values to log, detached, by name: "loss", and further losses as "loss_<name>".
        """

    def build_optimizers(self) -> list[torch.optim.Optimizer]:
        return [optimizer for network in self.networks for optimizer in self.network_optimizers(network)]

    def training_step(self, batch: VideoDraw, batch_index: int) -> None:
        members = self.members(batch.video)
        # The plain optimisers: each step of Lightning's wrappers of them would count as a step of the training.
        optimizers = self.trainer.optimizers
        each = len(optimizers) // len(self.networks)
        logged = []
        for number in members:
            torch.manual_seed(batch.seed)  # each network draws what it would draw alone
            logged.append(self.train_network(number, batch, optimizers[number * each : (number + 1) * each]))
        self._count_step()
        if members:
            self.log_step(batch, _means(logged))

    def _count_step(self) -> None:
        """Count one step, as Lightning does with a single optimiser, and advance the schedules."""
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.increment_ready()
        progress.increment_completed()
        with warnings.catch_warnings():  # an optimiser has taken no step yet where no split trains on the first video
            warnings.filterwarnings("ignore", message=".*before `optimizer.step")
            for config in self.trainer.lr_scheduler_configs:
                config.scheduler.step()  # type: ignore[call-arg]


def _means(logged: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the logged values of several networks, averaged by name."""
    return {name: torch.stack([values[name] for values in logged]).mean() for name in logged[0]}
