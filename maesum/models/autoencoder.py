"""The asymmetric masked autoencoder over frame features (paper, sections 3.2 to 3.4; He et al. 2022).

Letters in shapes: B clips, T frames, K visible frames, D feature width, E and C encoder and decoder stream widths.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maesum.config.model import STREAMS, ModelConfig
from maesum.models.layers import Block, initialise, sinusoidal_positions
from maesum.models.masking import visible_first
from maesum.system.errors import MaesumError

_USUAL = ModelConfig()


class MaskedAutoencoder(nn.Module):
    """Reconstructs masked frames from the visible ones.

    The paper does not say how features of width D enter an encoder of width E. There are two readings:

    * `stream="projected"` (default): linear layers D -> E before the encoder, E -> C before the decoder, C -> D after
      it, as in MAE and VideoMAE.
    * `stream="feature"`: the residual stream has the feature's width from end to end, without projections; the
      encoder's and decoder's widths are those of attention and of the MLP (`mlp_ratio` times as wide). The decoder's
      stream is the reconstruction, so no norm follows it.

    Features may be standardised on the way in and out (`set_statistics`). The model then still reconstructs in the
    units of its input, and `standardize` maps both into the space where errors are measured.

    Args:
        feature_dim: D, e.g. 1024 for GoogLeNet.
        frames: longest clip or window, in frames.

    Raises:
        MaesumError: a width that its heads do not divide, or an unknown stream.
    """

    feature_mean: Tensor
    feature_scale: Tensor
    encoder_positions: Tensor
    decoder_positions: Tensor

    def __init__(
        self,
        feature_dim: int,
        frames: int = _USUAL.frames,
        encoder_dim: int = _USUAL.encoder_dim,
        encoder_depth: int = _USUAL.encoder_depth,
        encoder_heads: int = _USUAL.encoder_heads,
        decoder_dim: int = _USUAL.decoder_dim,
        decoder_depth: int = _USUAL.decoder_depth,
        decoder_heads: int = _USUAL.decoder_heads,
        mlp_ratio: float = _USUAL.mlp_ratio,
        stream: str = _USUAL.stream,
    ) -> None:
        super().__init__()
        _check_sizes(stream, encoder=(encoder_dim, encoder_heads), decoder=(decoder_dim, decoder_heads))
        self.feature_dim = feature_dim
        self.frames = frames
        projected = stream == "projected"
        encoder_width = encoder_dim if projected else feature_dim  # E
        decoder_width = decoder_dim if projected else feature_dim  # C

        self.register_buffer("feature_mean", torch.zeros(feature_dim))
        self.register_buffer("feature_scale", torch.ones(feature_dim))
        self.register_buffer("encoder_positions", sinusoidal_positions(frames, encoder_width), persistent=False)
        self.register_buffer("decoder_positions", sinusoidal_positions(frames, decoder_width), persistent=False)

        self.embed = nn.Linear(feature_dim, encoder_width) if projected else nn.Identity()
        self.encoder = nn.ModuleList(
            Block(encoder_width, encoder_dim, encoder_heads, mlp_ratio) for _ in range(encoder_depth)
        )
        self.encoder_norm = nn.LayerNorm(encoder_width, eps=1e-6)

        self.bridge = nn.Linear(encoder_width, decoder_width) if projected else nn.Identity()
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder_width))
        self.decoder = nn.ModuleList(
            Block(decoder_width, decoder_dim, decoder_heads, mlp_ratio) for _ in range(decoder_depth)
        )
        self.decoder_norm = nn.LayerNorm(decoder_width, eps=1e-6) if projected else nn.Identity()
        self.head = nn.Linear(decoder_width, feature_dim) if projected else nn.Identity()

        self.apply(initialise)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(
        self, frames: Tensor, mask: Tensor, positions: Tensor | None = None, num_masked: int | None = None
    ) -> Tensor:
        """Reconstruct every frame of every clip; only the masked ones are predictions.

        Args:
            frames: [B, T, D] float. The values of masked frames are never read.
            mask: [B, T] bool, True = masked, the same number in every row.
            positions: [B, T] int64 in [0, self.frames); None = 0 .. T - 1.
            num_masked: number of masked frames in each row, if known: this saves reading the mask back from the device.

        Returns:
            reconstruction [B, T, D], in the units of `frames`.

        Raises:
            MaesumError: shapes that do not fit, or rows with different numbers of masked frames.
        """
        order, num_visible = self._order(frames, mask, num_masked)
        visible = take(frames, order[:, :num_visible])  # [B, K, D]
        positions = order if positions is None else positions.gather(1, order)
        reconstruction = self.reconstruct(self.tokens(visible), positions, only_masked=False)
        return take(reconstruction, order.argsort(dim=1))

    def reconstruct_masked(self, frames: Tensor, mask: Tensor, num_masked: int) -> tuple[Tensor, Tensor]:
        """Return the reconstructions and the originals of the masked frames for a loss, [B, num_masked, D] each.

        The arguments are those of `forward`; nothing is computed that only visible frames would need.
        """
        order, num_visible = self._order(frames, mask, num_masked)
        visible, masked = take(frames, order[:, :num_visible]), take(frames, order[:, num_visible:])
        return self.reconstruct(self.tokens(visible), order), masked

    def reconstruct(self, tokens: Tensor, positions: Tensor, only_masked: bool = True) -> Tensor:
        """Reconstruct frames from the tokens of the visible frames.

        Attention does not depend on the order of tokens, so they are not sorted by time: the visible ones come first,
        and `positions` gives their places in the clip.

        Args:
            tokens: [B, K, E], tokens of the visible frames.
            positions: [B, T] int64, positions of the visible frames, then of the masked ones.

        Returns:
            [B, T - K, D], the masked frames; with only_masked=False [B, T, D], the visible ones first.
        """
        visible, masked = positions.tensor_split([tokens.shape[1]], dim=1)
        return self.decode(self.encode(tokens, visible), visible, masked, only_masked)

    def tokens(self, frames: Tensor) -> Tensor:
        """Return the encoder's input tokens of frames, before positions are added: [..., D] -> [..., E].

        Raises:
            MaesumError: the features have another width than the model's.
        """
        if frames.shape[-1] != self.feature_dim:
            raise MaesumError(
                f"features are {frames.shape[-1]} wide, but the model was built for {self.feature_dim}; use features "
                "of the backbone that it was trained on."
            )
        return self.embed(self.standardize(frames))

    def encode(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Encode visible tokens [B, K, E] at positions [B, K] -> latent [B, K, E]."""
        x = tokens + self.encoder_positions[positions]
        for block in self.encoder:
            x = block(x)
        return self.encoder_norm(x)

    def decode(self, latent: Tensor, visible: Tensor, masked: Tensor, only_masked: bool = True) -> Tensor:
        """Decode a latent [B, K, E] into frames: append mask tokens, add positions, decode, project.

        Args:
            visible, masked: positions [B, K] and [B, M].

        Returns:
            [B, M, D], the masked frames; with only_masked=False [B, K + M, D], the visible ones first.
        """
        x = self.bridge(latent)  # [B, K, C]
        x = torch.cat([x, self.mask_token.to(x.dtype).expand(*masked.shape, -1)], dim=1)  # [B, K + M, C]
        x = x + self.decoder_positions[torch.cat([visible, masked], dim=1)]
        for block in self.decoder[:-1]:
            x = block(x)
        x = self.decoder[-1](x, masked.shape[1] if only_masked else None)  # the other outputs are not needed
        return self.head(self.decoder_norm(x)) * self.feature_scale + self.feature_mean

    def forward_operations(self, visible: int, masked: int) -> float:
        """Count the floating-point operations of `reconstruct_masked` for one clip; training takes three times as many.

        Counted are products with weights, 2 for each weight and token. Attention itself is left out: it is small at 30
        tokens.

        Args:
            visible, masked: frames of the clip.
        """

        def weights(*parts: nn.Module) -> int:
            return sum(p.numel() for part in parts for p in part.parameters() if p.dim() >= 2)

        last: Block = self.decoder[-1]  # type: ignore[assignment]
        for_all_tokens = 2 * weights(last.attention.qkv) // 3  # keys and values; the rest only for the targets
        encoded = weights(self.embed, self.encoder, self.bridge)
        decoded = weights(self.decoder) - weights(last) + for_all_tokens
        targeted = weights(last) - for_all_tokens + weights(self.head)
        return 2.0 * (visible * encoded + (visible + masked) * decoded + masked * targeted)

    def standardize(self, frames: Tensor) -> Tensor:
        """Map frames [..., D] into the space where errors are measured: the identity unless statistics were set."""
        return (frames - self.feature_mean) / self.feature_scale

    def set_statistics(self, mean: Tensor, scale: Tensor) -> None:
        """Standardise features by mean and scale, [D] each, saved with the weights; a scale of 0 becomes 1."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(torch.where(scale > 0, scale, torch.ones_like(scale)))

    def _order(self, frames: Tensor, mask: Tensor, num_masked: int | None) -> tuple[Tensor, int]:
        """Return the positions of the visible frames, then of the masked ones [B, T], and the count of the visible."""
        if num_masked is None:
            num_masked = _count_masked(mask)
        self._check_shapes(frames, mask)
        return visible_first(mask), mask.shape[1] - num_masked

    def _check_shapes(self, frames: Tensor, mask: Tensor) -> None:
        if frames.shape[1] > self.frames or mask.shape != frames.shape[:2]:
            raise MaesumError(
                f"frames {tuple(frames.shape)} and mask {tuple(mask.shape)} do not fit, wanted [B, T, D] and [B, T] "
                f"with T at most {self.frames}."
            )


def take(tokens: Tensor, index: Tensor) -> Tensor:
    """Return the tokens at an index: tokens [B, T, W], index [B, K] -> [B, K, W]."""
    return tokens.gather(1, index[:, :, None].expand(-1, -1, tokens.shape[2]))


def _count_masked(mask: Tensor) -> int:
    counts = mask.sum(dim=1)
    if mask.shape[0] == 0 or bool((counts != counts[0]).any()) or not 0 < int(counts[0]) < mask.shape[1]:
        raise MaesumError("every row of mask must hide the same number of frames, at least one and not all of them.")
    return int(counts[0])


def _check_sizes(stream: str, **parts: tuple[int, int]) -> None:
    if stream not in STREAMS:
        raise MaesumError(f"model.stream is {stream!r}, wanted one of {', '.join(STREAMS)}.")
    for part, (width, heads) in parts.items():
        if width < 1 or heads < 1 or width % heads:
            raise MaesumError(f"model.{part}_dim is {width}, wanted a multiple of model.{part}_heads = {heads}.")
