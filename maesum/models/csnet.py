"""CSNet: the scorer of SUM-GAN, seen through a local and a global stream, and a loss that keeps scores from being flat.

Jung, Cho, Kim, Woo and Kweon, "Discriminative Feature Learning for Unsupervised Video Summarization", AAAI 2019.

The video is cut into M chunks of consecutive frames and, beside that, dealt out into M strides (every M-th frame). Each
stream has a bidirectional LSTM and one linear unit a frame; differences to frames 1, 2 and 4 later say where something
moves. All training is that of SUM-GAN: `ChunkStrideScorer` fills the scorer's place of `maesum.models.sum_gan.SumGan`,
and `variance_loss` is added to what its scorer minimises.

Published (F1 as later work quotes it, not checked against the papers themselves)
- F1 51.3 on SumMe and 58.8 on TVSum without annotations (52.1 and 59.0 with more videos, 45.1 and 59.2 in transfer),
  five random splits, 80 % for training; which splits is not said.
- Table 3: tau/rho .025/.034 on TVSum, brought from Jung et al. (2020); "-" elsewhere.

There is no released code. What the paper says: 2 frames a second, GoogLeNet features reduced from 1024 to 256 by one
linear layer, LSTMs of 256 units, M = 4, 20 epochs at a learning rate of 1e-4 that falls to a tenth after 10 epochs, and
of SUM-GAN the sparsity, reconstruction and GAN losses.

Where the paper is silent, and what is done here
- Lengths that M does not divide: the first n mod M sequences are one frame longer, in both streams; a video of fewer
  than M frames is cut into as many sequences as it has frames.
- Shared weights: all sequences of a stream go through the same LSTM, each from a fresh state; each stream has its own.
- Differences are taken of the reduced features; where no frame is 1, 2 or 4 later, the last frame stands in. Each of
  the three goes through its own linear unit, and their sum is added to both streams before the sigmoid.
- The fusion W of the two streams is learned: kept positive with sum 1 here (a softmax of two weights, equal at first),
  so that the importance stays within (0, 1) and the variance cannot grow by scaling.
- The variance is taken about the median, epsilon and the weight of the loss are not printed: 1e-4 and 1.

Letters in shapes: n frames of a video, H width of the (reduced) features, M sequences a stream.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from maesum.models.recurrent import Scorer

STEPS = (1, 2, 4)  # frames that the difference attention looks ahead


def chunks(frames: int, sequences: int) -> list[Tensor]:
    """Frame numbers of consecutive pieces, as equal as they can be, the longer ones first: the local stream."""
    return list(torch.arange(frames).tensor_split(min(sequences, frames)))


def strides(frames: int, sequences: int) -> list[Tensor]:
    """Frame numbers m, m + M, m + 2 M and so on for each m < M, the longer ones first: the global stream."""
    count = min(sequences, frames)
    return [torch.arange(first, frames, count) for first in range(count)]


class Stream(nn.Module):
    """A bidirectional LSTM over each of several sequences of a video, and one linear unit a frame."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, bidirectional=True)
        self.head = nn.Linear(2 * hidden, 1)

    def forward(self, features: Tensor, sequences: list[Tensor]) -> Tensor:
        """Score the frames, each within its own sequence.

        Args:
            features: [n, H].
            sequences: frame numbers, every frame in just one; lengths must not rise.

        Returns:
            [n], in the order of the video.
        """
        states, _ = self.lstm(pack_sequence([features[frames] for frames in sequences]))
        scores = self.head(torch.cat(unpack_sequence(states)))[:, 0]
        return scores[torch.cat(sequences).argsort().to(scores.device)]  # back in the order of frames


class DifferenceAttention(nn.Module):
    """How much a frame differs from those 1, 2 and 4 later, by one linear unit each; their sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, 1) for _ in STEPS)

    def forward(self, features: Tensor) -> Tensor:
        """features [n, H] -> [n]."""
        frame = torch.arange(len(features), device=features.device)
        later = [(frame + step).clamp_max(len(features) - 1) for step in STEPS]
        differences = [(features[index] - features).abs() for index in later]  # [n, H] each
        return torch.stack([head(x)[:, 0] for head, x in zip(self.heads, differences, strict=True)]).sum(0)


class ChunkStrideScorer(Scorer):
    """Two streams, the difference attention on both, and a learned mean of their sigmoids.

    Args:
        width: H, of the features.
        hidden: units in each direction of each LSTM.
        sequences: M, into how many a stream cuts a video.
    """

    def __init__(self, width: int = 256, hidden: int = 256, sequences: int = 4) -> None:
        super().__init__()
        self.sequences = sequences
        self.local_stream = Stream(width, hidden)
        self.global_stream = Stream(width, hidden)
        self.difference = DifferenceAttention(width)
        self.fusion = nn.Parameter(torch.zeros(2))

    def logits(self, features: Tensor) -> Tensor:
        """features [n, H] -> log(p / (1 - p)) [n] of the importance p = sum of w_i sigmoid(stream_i + difference)."""
        frames = len(features)
        local = self.local_stream(features, chunks(frames, self.sequences))
        whole = self.global_stream(features, strides(frames, self.sequences))
        streams = torch.stack([local, whole]) + self.difference(features)  # [2, n]
        log_weight = self.fusion.log_softmax(0)[:, None]
        return (log_weight + logsigmoid(streams)).logsumexp(0) - (log_weight + logsigmoid(-streams)).logsumexp(0)


class WithDifferences(Scorer):
    """Another scorer with the difference attention added to its logits: CSNet's, in place of its two streams.

    Args:
        width: H, of the features.
        scorer: maps features [n, H] to logits [n].
    """

    def __init__(self, width: int, scorer: Scorer) -> None:
        super().__init__()
        self.scorer = scorer
        self.difference = DifferenceAttention(width)

    def logits(self, features: Tensor) -> Tensor:
        return self.scorer.logits(features) + self.difference(features)


def variance_loss(importance: Tensor, epsilon: float = 1e-4) -> Tensor:
    """1 / (mean squared distance from the median + epsilon): large where the importance [n] of a video is flat."""
    spread = (importance - importance.quantile(0.5)).square().mean()
    return 1 / (spread + epsilon)
