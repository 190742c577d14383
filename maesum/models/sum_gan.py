"""SUM-GAN: a summary is good where a video made from it cannot be told from the original.

Mahasseni, Lam and Todorovic, "Unsupervised Video Summarization with Adversarial LSTM Networks", CVPR 2017; and its
stepwise, label-based training, SUM-GAN-sl: Apostolidis et al., AI4TV at ACM Multimedia 2019.

The scorer gives each frame an importance, the weighted frames are encoded into one state and decoded into a video
again, and the discriminator says whether a video is an original. Its last hidden state is also where reconstruction and
original are compared. The steps of training are in maesum/models/sum_gan_training.py, the losses in
maesum/models/sum_gan_losses.py.

Published (F1 as later work quotes it, not checked against the papers themselves)
- SUM-GAN: F1 38.7 on SumMe and 50.8 on TVSum, against one reference summary a video, mean of five random splits.
  SUM-GAN-sl: F1 47.3 and 58.0 against all users (maximum on SumMe, mean on TVSum), five splits; its code scores every
  epoch on the test videos and does not say which one counts.
- Table 3: tau/rho .024/.032 on TVSum and -.010/-.012 on SumMe, brought from other papers (Jung et al. 2020, Saquil et
  al. 2021); neither says with which code SUM-GAN was trained.

Where the paper is silent, and what released code does (j-min/Adversarial_Video_Summary, not the authors';
e-apostolidis/SUM-GAN-sl, which started from it)
- Widths: the paper has a scorer and a discriminator of 1024 units and an autoencoder of 2048; both codes first compress
  features to 500 by a linear layer and have 500 units in two layers everywhere.
- The compression is trained in all three steps, by three Adams.
- The decoded sequence is the decoder's top hidden states in reverse order; the state through its linear layer `feed`
  is only what the next step is fed. The first step is fed zeros.
- The latent variable takes the place of the hidden states of both layers; the cell states pass from encoder to decoder
  as they are. The variance is softplus of a linear layer.
- Losses: a norm where the paper has its square (reconstruction), a distance where it has its square (sparsity).
- The third, random summary: the paper draws its importance uniformly, j-min's code sets it to 1, SUM-GAN-sl drops it.
- sigma is .3 in the paper and in j-min's code, .1 in SUM-GAN-sl's (.15 in SUM-GAN-AAE's).

Differences that remain: what the clipped norm is taken over in later videos (maesum/models/sum_gan_training.py says
how); and no video is left out for its length, where j-min's code leaves out those of over 10,000 frames.

Letters in shapes: n frames of a video, D feature width, H hidden units, L layers.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from maesum.models.recurrent import CellStates, Scorer, StackedCells


class Reconstruction(NamedTuple):
    """A video made from a summary, and the distribution of the latent variable it was made from, where there is one."""

    frames: Tensor  # [n, H]
    mean: Tensor | None = None  # [L, H]
    log_variance: Tensor | None = None  # [L, H]


class Reconstructor(nn.Module):
    """What makes a video from weighted frames; a slot of `SumGan`.

    Attributes:
        encoder: trained with the scorer.
        decoder: trained by itself.
        noise_shape: of the standard normal noise that `forward` takes; None where it takes none.
    """

    encoder: nn.Module
    decoder: nn.Module
    noise_shape: tuple[int, int] | None

    @abstractmethod
    def forward(self, frames: Tensor, noise: Tensor | None = None) -> Reconstruction:
        """frames [n, H] (features times importance), noise [*noise_shape] -> a video of the same length."""


class LatentEncoder(nn.Module):
    """An LSTM whose last hidden states become a normal distribution."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, layers)
        self.mean = nn.Linear(width, width)
        self.variance = nn.Linear(width, width)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """frames [n, H] -> mean, log variance and the LSTM's cell states, each [L, H]."""
        _, (hidden, cell) = self.lstm(frames)
        return self.mean(hidden), softplus(self.variance(hidden)).log(), cell


class Decoder(nn.Module):
    """LSTM cells that start from a state and are fed their own output; the last frame comes first."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.cells = StackedCells(layers, width, width)
        self.feed = nn.Linear(width, width)

    def forward(self, length: int, hidden: Tensor, cell: Tensor) -> Tensor:
        """hidden and cell [L, H] -> frames [length, H]."""
        states: CellStates = list(zip(hidden.split(1), cell.split(1), strict=True))
        x = torch.zeros_like(states[0][0])
        frames = []
        for _ in range(length):
            states = self.cells(x, states)
            frames.append(states[-1][0])
            x = self.feed(frames[-1])
        return torch.cat(frames[::-1])


class VariationalAutoencoder(Reconstructor):
    """The variational autoencoder of SUM-GAN.

    Args:
        width: of the frames, and units of all LSTMs.
        layers: of encoder and decoder.
    """

    def __init__(self, width: int = 500, layers: int = 2) -> None:
        super().__init__()
        self.encoder = LatentEncoder(width, layers)
        self.decoder = Decoder(width, layers)
        self.noise_shape = (layers, width)

    def forward(self, frames: Tensor, noise: Tensor | None = None) -> Reconstruction:
        if noise is None:
            raise ValueError(f"noise is None, wanted standard normal numbers of shape {self.noise_shape}.")
        mean, log_variance, cell = self.encoder(frames)
        latent = mean + noise * (0.5 * log_variance).exp()  # [L, H]
        return Reconstruction(self.decoder(len(frames), latent, cell), mean, log_variance)


class Discriminator(nn.Module):
    """An LSTM over a video, and the probability that it is an original."""

    def __init__(self, width: int = 500, layers: int = 2) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, layers)
        self.head = nn.Linear(width, 1)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """frames [n, H] -> the top layer's last hidden state [H], and the logit [] of being an original."""
        _, (hidden, _) = self.lstm(frames)
        return hidden[-1], self.head(hidden[-1])[0]


class SumGan(nn.Module):
    """A scorer and what trains it.

    Args:
        feature_dim: D.
        scorer: maps compressed frames [n, hidden] to importance [n].
        reconstructor: `VariationalAutoencoder(hidden)`, or `AttentionAutoencoder(hidden)` for SUM-GAN-AAE.
        hidden: width that features are compressed to, and units of the discriminator.
        layers: of the discriminator.
    """

    def __init__(
        self, feature_dim: int, scorer: Scorer, reconstructor: Reconstructor, hidden: int = 500, layers: int = 2
    ) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.compress = nn.Linear(feature_dim, hidden)
        self.scorer = scorer
        self.reconstructor = reconstructor
        self.discriminator = Discriminator(hidden, layers)

    def forward(self, features: Tensor) -> Tensor:
        """features [n, D] float -> importance [n] in (0, 1). Nothing but compression and scorer is run."""
        return self.scorer(self.compress(features))
