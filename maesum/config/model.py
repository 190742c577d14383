"""Define the sizes of the masked autoencoder: `model`."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting
from maesum.config.scoring import USUAL_FRAMES
from maesum.system.errors import MaesumError

#: The two readings of "the linear projection is not needed" (section 3.2).
STREAMS = ("projected", "feature")


@dataclass
class ModelConfig:
    """Sizes of the masked autoencoder (conf/model); the feature width is read from the features file."""

    frames: int = setting(USUAL_FRAMES, "frames of a clip and of a scoring window", at_least=2)
    encoder_dim: int = setting(768, "width of the encoder; its heads must divide it", at_least=1)
    encoder_depth: int = setting(12, "blocks of the encoder", at_least=1)
    encoder_heads: int = setting(12, "attention heads of the encoder", at_least=1)
    decoder_dim: int = setting(384, "width of the decoder; its heads must divide it", at_least=1)
    decoder_depth: int = setting(4, "blocks of the decoder", at_least=1)
    decoder_heads: int = setting(6, "attention heads of the decoder", at_least=1)
    mlp_ratio: float = setting(4.0, "width of the MLPs, relative to encoder_dim and decoder_dim", above=0)
    stream: str = setting(
        "projected",
        "how feature width and model width are joined (two readings of section 3.2): projected puts linear layers "
        "between them; feature uses the feature width throughout",
        choices=STREAMS,
    )

    def check_rules(self, prefix: str) -> None:
        """Refuse heads that do not divide their width.

        Raises:
            MaesumError: naming the settings.
        """
        for part in ("encoder", "decoder"):
            width, heads = getattr(self, f"{part}_dim"), getattr(self, f"{part}_heads")
            if width % heads:
                raise MaesumError(
                    f"{prefix}{part}_dim is {width}, wanted a multiple of {prefix}{part}_heads = {heads}."
                )
