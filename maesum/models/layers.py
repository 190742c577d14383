"""Transformer blocks and fixed positions (paper, section 3.2; Vaswani et al. 2017, Dosovitskiy et al. 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sinusoidal_positions(frames: int, width: int) -> Tensor:
    """Return the sinusoidal table of Vaswani et al. (2017), section 3.5: sine on even channels, cosine on odd ones.

    Returns:
        [frames, width] float32.
    """
    position = torch.arange(frames, dtype=torch.float64)[:, None]
    channel = torch.arange(width)
    rate = 10_000.0 ** (-(2 * (channel // 2)).double() / width)
    angle = position * rate  # [frames, width]
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos()).float()


class Attention(nn.Module):
    """Multi-head self-attention whose inner width may differ from the width of the residual stream."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * inner)
        self.project = nn.Linear(inner, width)

    def forward(self, x: Tensor, last: int | None = None) -> Tensor:
        """Attend: x [B, T, width] -> [B, T, width], or the outputs of the `last` tokens only, [B, last, width]."""
        if last is None:
            q, k, v = self._heads(self.qkv(x), 3)
        else:
            inner = self.project.in_features
            weight, bias = self.qkv.weight, self.qkv.bias
            (q,) = self._heads(F.linear(x[:, -last:], weight[:inner], bias[:inner]), 1)
            k, v = self._heads(F.linear(x, weight[inner:], bias[inner:]), 2)
        mixed = F.scaled_dot_product_attention(q, k, v)  # [B, heads, T or last, d]
        return self.project(mixed.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor, parts: int) -> Tensor:
        """Split into heads: [B, T, parts * inner] -> [parts, B, heads, T, d]."""
        return x.unflatten(2, (parts, self.heads, -1)).permute(2, 0, 3, 1, 4)


class Block(nn.Module):
    """Pre-norm transformer block: attention, then a two-layer GELU network, each added to the stream."""

    def __init__(self, width: int, inner: int, heads: int, mlp_ratio: float) -> None:
        super().__init__()
        hidden = int(inner * mlp_ratio)
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, inner, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor, last: int | None = None) -> Tensor:
        """Compute the block: x [B, T, width] -> [B, T, width], or only its `last` tokens, at the cost of these only."""
        attended = self.attention(self.norm1(x), last)
        x = (x if last is None else x[:, -last:]) + attended
        return x + self.mlp(self.norm2(x))


def initialise(module: nn.Module) -> None:
    """Give a linear layer Xavier uniform weights and zero biases (paper, A1); for `Module.apply` at the root."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
