"""Define the settings that several methods share; those of a single method are in maesum/methods/<name>.py."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting


@dataclass
class VideoSettings:
    """Settings of every method on whole videos."""

    every: int = setting(
        15,
        "keep every k-th frame of a video, counted in frames of the video: 15 keeps 2 of 30 frames per second",
        at_least=1,
    )


@dataclass
class AdversarialSettings(VideoSettings):
    """What SUM-GAN and its relatives take; a method of theirs may have other defaults, and more."""

    form: str = setting(
        "log",
        "what decoder and discriminator minimise: logarithms, with a third, random summary, as in SUM-GAN's paper; or "
        "squared distances to labels, as in SUM-GAN-sl",
        choices=("log", "label"),
    )
    hidden: int = setting(500, "width that features are compressed to, and LSTM units a direction", at_least=1)
    layers: int = setting(2, "of the autoencoder's and the discriminator's LSTMs", at_least=1)
    sigma: float = setting(0.3, "mean importance that sparsity pulls towards", at_least=0, at_most=1)
    learning_rate: float = setting(1e-4, "of the Adams of scorer and decoder", above=0)
    discriminator_rate: float = setting(1e-5, "learning rate of the discriminator's Adam", above=0)
    discriminator_waits: int = setting(
        0, "how many videos of every epoch pass before the discriminator is trained", at_least=0
    )
    clip: float = setting(5.0, "the greatest norm of the gradients of a step", above=0)
    unit_length: bool = setting(
        True, "scale the features of every frame to length 1, which the released feature files hold"
    )


@dataclass
class CsnetSettings(AdversarialSettings):
    """What CSNet takes, whatever its scorer; defaults are its paper's where it says them, else SUM-GAN's."""

    hidden: int = setting(256, "width that features are compressed to, and LSTM units a direction", at_least=1)
    discriminator_rate: float = setting(1e-4, "learning rate of the discriminator's Adam", above=0)
    variance_weight: float = setting(1.0, "weight of the variance loss", at_least=0)
    lower_after: int = setting(10, "epochs after which learning rates fall to a tenth", at_least=1)


@dataclass
class GlobalLocalSettings:
    """What the scorer of GL+RPE takes; defaults are its paper's where it says them."""

    scorer_hidden: int = setting(
        256, "LSTM units of the scorer in each direction; its attention is twice as wide", at_least=1
    )
    pieces: int = setting(8, "local pieces, and as many global ones, that a video is cut into", at_least=1)
