"""dppLSTM: a supervised summariser of an LSTM and a determinantal point process (DPP).

Zhang, Chao, Sha and Grauman, "Video Summarization with Long Short-term Memory", ECCV 2016.

A bidirectional LSTM reads the video; one network gives each frame its quality q, another a vector k. A summary Y is
then as probable as det(L_Y) / det(L + I) with L_ij = q_i q_j k_i' k_j: made of good frames that differ. Trained on
the key frames of annotators: the mean squared error of q and the negative log-likelihood of the key frames' set.

Published (F1 as later work quotes it, not checked against the papers themselves)
- F1 38.6 on SumMe and 54.7 on TVSum, trained on 80 % of the benchmark's videos; 42.9 and 59.6 with three more data
  sets, 41.8 and 58.7 with those alone. One reference summary a video; splits are random and not published.
- Table 3: tau/rho .042/.055 on TVSum, -.026/-.031 on SumMe, -.027/-.033 on FineGym, brought from other papers.

Where the paper is silent, and what the released code does (kezhang-cs/Video-Summarization-with-LSTM, Theano)
- One LSTM reads the video in both directions, with the same weights; it starts from tanh of linear maps of the mean
  frame. Both networks see the frame beside the two states; they have one hidden layer of sigmoids and a linear output,
  so that q may have any sign. All widths are 256 here; in the code they come with the released weights.
- Weights start uniform within .02, the networks' biases at 0.
- Features are GoogLeNet's at 2 frames a second. The target of q is 1 at key frames and 0 elsewhere (for vsLSTM it is
  the mean rating), and the DPP's term weighs 1.
- Adam at 1e-3, 100 updates, each of the mean gradient of 10 videos; the paper stops by a validation set, and trains
  the LSTM with q alone first.
- Determinants are taken in float32 of n x n matrices, and a term that is not a number is meant to be replaced.
- Its summaries rank shots by the mean of L_ii, raised by max q at frames that a greedy search of the DPP's mode takes.

Differences that remain
- det(L + I) is taken of the K x K matrix of the same determinant, so that memory is linear in n; in float64.
- `jitter` is added to L's diagonal: key frames that look alike make det(L_Y) 0 and its logarithm infinite, as more key
  frames than K do.
- The importance of a frame is L_ii = q_i^2 |k_i|^2, by which the released code ranks, without its search of the mode
  (which grows with n^4). Not q itself: L does not change with the sign of q, and q may settle below 0 at key frames.

Letters in shapes: n frames of a video, D feature width, H hidden units, K width of the DPP's vectors.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class DppLstm(nn.Module):
    """Gives each frame of a video a quality and a vector, and so an importance: the diagonal of the DPP's matrix L.

    Args:
        feature_dim: D.
        hidden: H, of the LSTM and of both networks.
        kernel: K.
    """

    def __init__(self, feature_dim: int, hidden: int = 256, kernel: int = 256) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.first_hidden = nn.Linear(feature_dim, hidden)
        self.first_cell = nn.Linear(feature_dim, hidden)
        self.lstm = nn.LSTM(feature_dim, hidden)  # reads both ways
        self.quality = _network(feature_dim + 2 * hidden, hidden, 1)
        self.kernel = _network(feature_dim + 2 * hidden, hidden, kernel)

    def forward(self, features: Tensor) -> Tensor:
        """features [n, D] float -> importance L_ii [n], 0 or more."""
        quality, kernel = self.quality_and_kernel(features)
        return quality.square() * kernel.square().sum(1)

    def quality_and_kernel(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """features [n, D] float -> q [n] and the DPP's vectors [n, K]."""
        states = self._states(features)
        return self.quality(states)[:, 0], self.kernel(states)

    def initialise(self, generator: torch.Generator | None = None, bound: float = 0.02) -> None:
        """Draw weights and the LSTM's biases uniformly within `bound`, and zero other biases, as the code does."""
        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.endswith("bias"):
                    value.zero_()
                elif name.startswith("lstm.bias_hh"):
                    value.zero_()  # torch adds two biases where the code has one
                else:
                    value.uniform_(-bound, bound, generator=generator)

    def _states(self, features: Tensor) -> Tensor:
        """[n, D] -> [n, D + 2 H]: each frame beside the LSTM's states from before and from behind."""
        mean = features.mean(0, keepdim=True)
        start = (self.first_hidden(mean).tanh(), self.first_cell(mean).tanh())  # [1, H] each
        forwards, _ = self.lstm(features, start)
        backwards, _ = self.lstm(features.flip(0), start)
        return torch.cat([features, forwards, backwards.flip(0)], dim=1)


def _network(width: int, hidden: int, out: int) -> nn.Sequential:
    """One hidden layer of sigmoids and a linear output."""
    return nn.Sequential(nn.Linear(width, hidden), nn.Sigmoid(), nn.Linear(hidden, out))


def dpp_loss(quality: Tensor, kernel: Tensor, selected: Tensor, jitter: float = 1e-6) -> Tensor:
    """The negative log-probability of a subset under the DPP with L = B B' + jitter I, where b_i = q_i k_i.

    det(L + I) is taken as (1 + jitter)^n det(I_K + B'B / (1 + jitter)), which is the same and takes K x K numbers.

    Args:
        quality: q [n].
        kernel: k [n, K].
        selected: [n] bool, the subset.
        jitter: 0 for the DPP as published; then a subset of frames that depend on each other has probability 0.

    Returns:
        A scalar of the dtype of `quality`; computed in float64.
    """
    rows = (quality[:, None] * kernel).double()  # B [n, K]
    chosen = rows[selected]
    among = chosen @ chosen.T + jitter * _identity(len(chosen), rows)
    whole = _identity(rows.shape[1], rows) + rows.T @ rows / (1 + jitter)
    normaliser = torch.linalg.slogdet(whole).logabsdet + len(rows) * math.log1p(jitter)
    return (normaliser - torch.linalg.slogdet(among).logabsdet).to(quality.dtype)


def quality_loss(quality: Tensor, selected: Tensor) -> Tensor:
    """The mean squared error of q [n] against 1 at selected frames and 0 elsewhere; selected [n] bool."""
    return (quality - selected.to(quality.dtype)).square().mean()


def _identity(size: int, like: Tensor) -> Tensor:
    return torch.eye(size, dtype=like.dtype, device=like.device)
