"""Adversarial training on whole videos: SUM-GAN and its relatives, one network for each split.

A relative is a file with its settings and a `build_scorer`; where it has another autoencoder, a `build_reconstructor`,
and where its scorer minimises more, `scorer_terms`. Networks: maesum/models/sum_gan.py; the three steps that are taken
on each video: maesum/models/sum_gan_training.py.

What holds for all of them, beside what is said there: one video is a step, however many optimisers take one; features,
splits and evaluator are ours; the order of videos and the draws follow from our seed; and the weights of the last epoch
count, since no annotation may choose another.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.optim import Adam

from maesum.config.methods import AdversarialSettings, VideoSettings
from maesum.methods.by_split import ManualSplitTraining, VideoDraw
from maesum.models.drdsn import UnitLength
from maesum.models.recurrent import Scorer
from maesum.models.sum_gan import Reconstructor, SumGan, VariationalAutoencoder
from maesum.models.sum_gan_training import STEPS, Draws, Form, train_on_video, trained_by
from maesum.system.errors import MaesumError


class AdversarialTraining(ManualSplitTraining):
    """Trains one `SumGan` for each split; see `SplitTraining` for the arguments.

    Logged: `train/loss`, what the scorer minimises; `train/loss_decoder` and `train/loss_discriminator`; and every term
    of them as `train/loss_<step>_<term>`, such as `train/loss_scorer_sparsity`.

    Raises:
        MaesumError: a discriminator that would never be trained.
    """

    settings_type: ClassVar[type[VideoSettings]] = AdversarialSettings
    settings: AdversarialSettings

    @abstractmethod
    def build_scorer(self) -> Scorer:
        """Make what maps compressed features [n, hidden] to importance [n]."""

    def build_reconstructor(self) -> Reconstructor:
        """Make what makes a video from weighted frames: SUM-GAN's variational autoencoder."""
        return VariationalAutoencoder(self.settings.hidden, self.settings.layers)

    def scorer_terms(self, importance: Tensor) -> dict[str, Tensor]:
        """What the scorer minimises besides, by name, from the importance [n] of a video's frames."""
        return {}

    def build_network(self, feature_dim: int) -> nn.Module:
        hidden, layers = self.settings.hidden, self.settings.layers
        network = SumGan(feature_dim, self.build_scorer(), self.build_reconstructor(), hidden, layers)
        return nn.Sequential(UnitLength() if self.settings.unit_length else nn.Identity(), network)

    def network_optimizers(self, network: nn.Module) -> list[torch.optim.Optimizer]:
        """One Adam for each of `STEPS`; all three train the compression of features."""
        settings, weights = self.settings, trained_by(_parts(network)[1])
        rates = (settings.learning_rate, settings.learning_rate, settings.discriminator_rate)
        return [Adam(weights[step], lr=rate) for step, rate in zip(STEPS, rates, strict=True)]

    def on_fit_start(self) -> None:
        videos, waits = self.videos_per_epoch(), self.settings.discriminator_waits
        if waits >= videos:
            raise MaesumError(
                f"method.discriminator_waits is {waits}, but an epoch has {videos} videos: the discriminator would "
                f"never be trained; wanted less than {videos}."
            )

    def train_network(
        self, number: int, batch: VideoDraw, optimizers: list[torch.optim.Optimizer]
    ) -> dict[str, Tensor]:
        scale, network = _parts(self.networks[number])
        terms = train_on_video(
            network,
            dict(zip(STEPS, optimizers, strict=True)),
            scale(batch.features),
            _draws(network, batch),
            self.settings.sigma,
            cast(Form, self.settings.form),
            self.settings.clip,
            train_discriminator=self.global_step % self.videos_per_epoch() >= self.settings.discriminator_waits,
            backward=self.manual_backward,
            more=self.scorer_terms,
        )
        return _sums(terms) | {f"loss_{name.replace('/', '_')}": value for name, value in terms.items()}


def _parts(network: nn.Module) -> tuple[nn.Module, SumGan]:
    """What scales features, and the network that takes them."""
    scale, summarizer = cast(nn.Sequential, network)
    return scale, cast(SumGan, summarizer)


def _draws(network: SumGan, batch: VideoDraw) -> dict[str, Draws]:
    """The random numbers of each step on a video; each purpose has a stream of its own."""
    shape, draws = network.reconstructor.noise_shape, {}
    for number, step in enumerate(STEPS):
        streams = range(3 * number, 3 * number + 3)
        noise, random_noise = (None if shape is None else batch.normal(*shape, stream=stream) for stream in streams[:2])
        draws[step] = Draws(noise, random_noise, batch.uniform(len(batch.features), stream=streams[2]))
    return draws


def _sums(terms: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss of each step that was taken, the sum of its terms "step/term"; the scorer's is "loss"."""
    sums: dict[str, Tensor] = {}
    for name, value in terms.items():
        step = name.split("/")[0]
        key = "loss" if step == "scorer" else f"loss_{step}"
        sums[key] = sums[key] + value if key in sums else value
    return sums
