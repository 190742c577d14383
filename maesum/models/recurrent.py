"""Recurrent parts that several summarisers share: LSTM cells that are stepped one by one, and the LSTM scorer.

A scorer maps the frames of one video [n, width] to importance [n]. Its `logits` returns the values before the sigmoid,
so that other terms can be added to them. `maesum.models.sum_gan.SumGan` takes any scorer: `LstmScorer` for SUM-GAN and
SUM-GAN-AAE, `maesum.models.gl_rpe.GlobalLocalScorer` for GL+RPE.
"""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

CellStates = list[tuple[Tensor, Tensor]]
"""(hidden [1, H], cell [1, H]) of each layer, the lowest first."""


class Scorer(nn.Module):
    """Base class of networks that give each frame of a video its importance."""

    @abstractmethod
    def logits(self, features: Tensor) -> Tensor:
        """Score frames: features [n, width] -> [n], any real number, higher is more important."""

    def forward(self, features: Tensor) -> Tensor:
        """Score frames: features [n, width] -> importance [n] in (0, 1)."""
        return self.logits(features).sigmoid()


class LstmScorer(Scorer):
    """A bidirectional LSTM with a sigmoid per frame.

    Args:
        width: width of the features.
        hidden: units in each direction of each layer.
        layers: number of layers of the LSTM.
    """

    def __init__(self, width: int, hidden: int = 500, layers: int = 2) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, layers, bidirectional=True)
        self.head = nn.Linear(2 * hidden, 1)

    def logits(self, features: Tensor) -> Tensor:
        states, _ = self.lstm(features)  # [n, 2 * hidden]
        return self.head(states)[:, 0]


class StackedCells(nn.Module):
    """Layers of LSTM cells that each call moves on by one step, for a decoder that is fed its own output.

    Args:
        layers: number of layers.
        width: width of the input.
        hidden: units of each layer.
    """

    def __init__(self, layers: int, width: int, hidden: int) -> None:
        super().__init__()
        self.cells = nn.ModuleList(nn.LSTMCell(hidden if layer else width, hidden) for layer in range(layers))

    def forward(self, x: Tensor, states: CellStates) -> CellStates:
        """Take one step: input x [1, width] and the states before the step -> the states after it."""
        after: CellStates = []
        for cell, state in zip(self.cells, states, strict=True):
            after.append(cell(x, state))
            x = after[-1][0]
        return after
