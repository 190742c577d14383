"""SUM-GAN-AAE: SUM-GAN whose variational autoencoder gives way to one with attention.

Apostolidis, Adamantidou, Metsai, Mezaris and Patras, "Unsupervised Video Summarization via Attention-Driven Adversarial
Learning", MMM 2020. All the rest is SUM-GAN-sl: see maesum/models/sum_gan.py. `SumGan` takes `AttentionAutoencoder` as
its reconstructor, and trains by the label form with sigma .15.

Published (F1 as later work quotes it, not checked against the papers themselves)
- F1 48.9 on SumMe and 58.3 on TVSum, against all users (maximum on SumMe, mean on TVSum), five random splits. Its sweep
  of sigma has these values at .15, where the text says that sigma is .05 (47.1 and 58.3).
- Table 3: tau/rho -.047/-.062 on TVSum and -.018/-.023 on SumMe, brought from other papers.

Where the paper is silent, and what the released code does (e-apostolidis/SUM-GAN-AAE)
- The paper scores an encoder output v against the decoder's previous state h as v' W h. The code takes the hidden
  states of both layers, side by side, for h, and its W has a bias.
- At each step the cells are fed the previous output beside the attended encoder output, output first.
- As in SUM-GAN-sl, the decoded sequence is the top hidden states in reverse order.
- The code compresses features to 500, has 500 units in two layers and updates after each video, for 100 epochs. It
  scores every epoch on the test videos and does not say which one counts.

No difference remains but that of the clipped norm (maesum/models/sum_gan_training.py).

Attention makes training quadratic in a video's length: n^2 attention weights are kept for the gradient (6 MB for 1,300
frames, 1.6 GB for 20,000). Scoring is linear: it runs only the scorer.

Letters in shapes: n frames of a video, H hidden units, L layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maesum.models.recurrent import CellStates, StackedCells
from maesum.models.sum_gan import Reconstruction, Reconstructor


class AttentionDecoder(nn.Module):
    """LSTM cells that look at all encoder outputs before each step; the last frame comes first."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.query = nn.Linear(layers * width, width)
        self.cells = StackedCells(layers, 2 * width, width)
        self.feed = nn.Linear(width, width)

    def forward(self, encoded: Tensor, hidden: Tensor, cell: Tensor) -> Tensor:
        """encoded [n, H], hidden and cell [L, H] -> frames [n, H]."""
        states: CellStates = list(zip(hidden.split(1), cell.split(1), strict=True))
        x = torch.zeros_like(states[0][0])
        frames = []
        for _ in range(len(encoded)):
            query = self.query(torch.cat([h for h, _ in states], dim=1))  # [1, H]
            weights = (query @ encoded.T).softmax(dim=1)  # [1, n]
            states = self.cells(torch.cat([x, weights @ encoded], dim=1), states)
            frames.append(states[-1][0])
            x = self.feed(frames[-1])
        return torch.cat(frames[::-1])


class AttentionAutoencoder(Reconstructor):
    """The deterministic autoencoder of SUM-GAN-AAE.

    Args:
        width: of the frames, and units of all LSTMs.
        layers: of encoder and decoder.
    """

    def __init__(self, width: int = 500, layers: int = 2) -> None:
        super().__init__()
        self.encoder = nn.LSTM(width, width, layers)
        self.decoder = AttentionDecoder(width, layers)
        self.noise_shape = None

    def forward(self, frames: Tensor, noise: Tensor | None = None) -> Reconstruction:
        encoded, (hidden, cell) = self.encoder(frames)
        return Reconstruction(self.decoder(encoded, hidden, cell))
