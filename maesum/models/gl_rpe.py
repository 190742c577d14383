"""GL+RPE: a scorer with self-attention inside pieces of a video, contiguous ones and interleaved ones.

Jung, Cho, Woo and Kweon, "Global-and-Local Relative Position Embedding for Unsupervised Video Summarization", ECCV
2020. It adds no loss: `GlobalLocalScorer` takes the place of the scorer of SUM-GAN (maesum/models/sum_gan.py) or of the
LSTM streams of CSNet, whose difference attention is added to its `logits`.

Published, on raw importance (F1 as later work quotes it, not checked against the paper itself)
- Table 3, and the paper itself: tau/rho on TVSum .064/.084 on SUM-GAN and .070/.091 on CSNet. F1 of the latter 50.2 on
  SumMe and 59.1 on TVSum (maximum and mean over users); how videos were split is not said.

What is known of the method, from the abstract and from accounts of others: frames at 2 a second go through a
bidirectional LSTM of 512 outputs; a video is cut into 8 local pieces of neighbouring frames and 8 global pieces that
take every 8th frame; within a piece
    A = Q K' + RP,  Y = softmax(A) V,  Z = x + Y W,
without a scale on Q K', where RP is a fixed sinusoidal matrix of the piece's length in the relative position j - i; and
what comes out of the pieces is put back in the order of time. No code was released. Open, and taken here:
- RP is the table of Vaswani et al. (2017) with the relative position for the position and the column for the channel:
  sin(r / 10000^(c / T)) in even columns c, cos(r / 10000^((c - 1) / T)) in odd ones, T frames in the piece.
- One head; Q, K and V as wide as x; no bias; local and global pieces have weights of their own, shared among pieces.
- Local and global results are added, and one linear layer and a sigmoid make importance of them.
- 256 units in each direction and one layer of LSTM.

Difference that remains: pieces are never longer than `longest` frames. At 2 frames a second that makes more than 8
pieces of videos over 68 minutes only, and memory linear in the length where it would be quadratic.

Letters in shapes: n frames of a video, T frames of a piece, C width of the LSTM's output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from maesum.models.recurrent import Scorer


def piece_count(frames: int, pieces: int, longest: int) -> int:
    """Into how many pieces a video is cut: `pieces`, more where these were too long, fewer where it is shorter."""
    return min(max(pieces, -(-frames // longest)), frames)


def local_pieces(frames: int, count: int) -> list[Tensor]:
    """The frame numbers of `count` runs of neighbours whose lengths differ by one at most; longer ones come first."""
    return list(torch.arange(frames).tensor_split(count))


def global_pieces(frames: int, count: int) -> list[Tensor]:
    """The frame numbers of `count` interleaved pieces: k, k + count, k + 2 count, ..."""
    return [torch.arange(start, frames, count) for start in range(count)]


def relative_positions(frames: int) -> Tensor:
    """The matrix RP that is added to the affinity of frame i (row) to frame j (column).

    Returns:
        [frames, frames] float64.
    """
    position = torch.arange(frames, dtype=torch.float64)
    relative = position - position[:, None]  # j - i
    angle = relative * 10_000.0 ** (-(position - position % 2) / frames)
    return torch.where(position % 2 == 0, angle.sin(), angle.cos())


class RelativeAttention(nn.Module):
    """Self-attention within pieces of a video, with relative positions and a residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.project = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, pieces: list[Tensor]) -> Tensor:
        """x [n, C] and the frame numbers of each piece, which hold every frame once -> [n, C]."""
        positions = {length: relative_positions(length).to(x) for length in {len(piece) for piece in pieces}}
        query, key, value = self.query(x), self.key(x), self.value(x)
        mixed = []
        for piece in pieces:
            q, k, v = (each[piece][None, None] for each in (query, key, value))  # [1, 1, T, C]
            mixed.append(scaled_dot_product_attention(q, k, v, attn_mask=positions[len(piece)], scale=1.0)[0, 0])
        in_time = torch.cat(pieces).argsort()
        return x + self.project(torch.cat(mixed)[in_time])


class GlobalLocalScorer(Scorer):
    """A bidirectional LSTM, then attention within local and within global pieces.

    Args:
        width: of the features.
        hidden: LSTM units in each direction; attention is twice as wide.
        pieces: that a video is cut into.
        longest: frames of a piece; videos with longer ones are cut into more.
    """

    def __init__(self, width: int, hidden: int = 256, pieces: int = 8, longest: int = 1024) -> None:
        super().__init__()
        self.pieces, self.longest = pieces, longest
        self.lstm = nn.LSTM(width, hidden, bidirectional=True)
        self.local_attention = RelativeAttention(2 * hidden)
        self.global_attention = RelativeAttention(2 * hidden)
        self.head = nn.Linear(2 * hidden, 1)

    def logits(self, features: Tensor) -> Tensor:
        frames = len(features)
        count = piece_count(frames, self.pieces, self.longest)
        x, _ = self.lstm(features)  # [n, C]
        local = self.local_attention(x, local_pieces(frames, count))
        far = self.global_attention(x, global_pieces(frames, count))
        return self.head(local + far)[:, 0]
