"""The three steps that train SUM-GAN and its relatives on one video (networks: maesum/models/sum_gan.py).

On every video, in this order and each on the weights that the step before left:
1. scorer, encoder and compression: reconstruction + prior (where there is a latent variable) + sparsity
2. decoder and compression: reconstruction + how little the discriminator is deceived
3. discriminator and compression: how little it tells original from summary
The `form` says what steps 2 and 3 take: "label", the squared labels of SUM-GAN-sl and SUM-GAN-AAE, or "log", the
logarithms of SUM-GAN with its third, random summary. In the label form, step 3 takes the summary as given; in the log
form, as in j-min's code, the compression is trained through the making of it too.

Gradients are clipped as the released codes do it: by the norm over all weights of the network, among them gradients
that the step computes for weights that it does not train, and on top of what the video's earlier steps left there. The
one difference: the codes carry these leftovers over from one video to the next. Here each video starts without, so that
a training continues from weights and optimisers alone. It shows only in steps whose norm exceeds `clip`.

Random numbers come in as `Draws`; nothing here draws any but `draw`, from the generator that it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from maesum.models import sum_gan_losses as losses
from maesum.models.sum_gan import Reconstruction, SumGan

Form = Literal["label", "log"]
STEPS = ("scorer", "decoder", "discriminator")


@dataclass(frozen=True)
class Draws:
    """The random numbers of one step on one video.

    Attributes:
        noise: standard normal, of the reconstructor's `noise_shape`, for the summary; None where it takes none.
        random_noise: the same for the random summary.
        random_importance: [n] of the frames of the random summary: uniform in the paper, ones in j-min's code.
    """

    noise: Tensor | None = None
    random_noise: Tensor | None = None
    random_importance: Tensor | None = None


def draw(network: SumGan, frames: int, generator: torch.Generator) -> Draws:
    """Draw what one step takes, with the uniform importance of the paper, on the generator's device."""
    shape, device = network.reconstructor.noise_shape, generator.device
    noise, random_noise = (
        None if shape is None else torch.randn(shape, generator=generator, device=device) for _ in range(2)
    )
    return Draws(noise, random_noise, torch.rand(frames, generator=generator, device=device))


def trained_by(network: SumGan) -> dict[str, list[nn.Parameter]]:
    """The weights that each of the three steps trains, by its name in `STEPS`: one optimiser for each."""
    parts: dict[str, list[nn.Module]] = {
        "scorer": [network.scorer, network.reconstructor.encoder, network.compress],
        "decoder": [network.reconstructor.decoder, network.compress],
        "discriminator": [network.discriminator, network.compress],
    }
    return {step: [weight for part in parts[step] for weight in part.parameters()] for step in STEPS}


def no_terms(importance: Tensor) -> dict[str, Tensor]:
    """What SUM-GAN adds to the loss of step 1 for the importance [n] of frames: nothing."""
    return {}


def scorer_losses(
    network: SumGan,
    features: Tensor,
    draws: Draws,
    sigma: float,
    more: Callable[[Tensor], dict[str, Tensor]] = no_terms,
) -> dict[str, Tensor]:
    """The terms of step 1 for features [n, D], and those that `more` makes of the importance; their sum is the loss."""
    original = network.compress(features)  # [n, H]
    importance = network.scorer(original)
    made = network.reconstructor(original * importance[:, None], draws.noise)
    terms = {"reconstruction": _distance(network, original, made)}
    if made.mean is not None and made.log_variance is not None:
        terms["prior"] = losses.prior(made.mean, made.log_variance)
    return {**terms, "sparsity": losses.sparsity(importance, sigma), **more(importance)}


def decoder_losses(network: SumGan, features: Tensor, draws: Draws, form: Form) -> dict[str, Tensor]:
    """The terms of step 2 for features [n, D]; their sum is the loss."""
    original = network.compress(features)
    made = _summary(network, original, draws)
    state, original_logit = network.discriminator(original)
    made_state, made_logit = network.discriminator(made.frames)
    terms = {"reconstruction": losses.reconstruction(state, made_state)}
    if form == "label":
        return {**terms, "generator": losses.looks_original(made_logit)}
    random_logit = _random_logit(network, original, draws)
    log_likelihood = losses.log_original(original_logit) + losses.log_made(made_logit) + losses.log_made(random_logit)
    return {**terms, "generator": log_likelihood}


def discriminator_losses(network: SumGan, features: Tensor, draws: Draws, form: Form) -> dict[str, Tensor]:
    """The terms of step 3 for features [n, D]; their sum is the loss."""
    original = network.compress(features)
    _, original_logit = network.discriminator(original)
    if form == "label":
        with torch.no_grad():
            made = _summary(network, original, draws)
        _, made_logit = network.discriminator(made.frames)
        return {"original": losses.looks_original(original_logit), "summary": losses.looks_made(made_logit)}
    _, made_logit = network.discriminator(_summary(network, original, draws).frames)
    return {
        "original": -losses.log_original(original_logit),
        "summary": -losses.log_made(made_logit),
        "random": -losses.log_made(_random_logit(network, original, draws)),
    }


def _summary(network: SumGan, original: Tensor, draws: Draws) -> Reconstruction:
    return network.reconstructor(original * network.scorer(original)[:, None], draws.noise)


def _random_logit(network: SumGan, original: Tensor, draws: Draws) -> Tensor:
    """The discriminator's logit [] on a video made with random importance."""
    if draws.random_importance is None:
        raise ValueError("draws.random_importance is None, wanted numbers [n] from 0 to 1 for the log form.")
    made = network.reconstructor(original * draws.random_importance[:, None], draws.random_noise)
    return network.discriminator(made.frames)[1]


def _distance(network: SumGan, original: Tensor, made: Reconstruction) -> Tensor:
    return losses.reconstruction(network.discriminator(original)[0], network.discriminator(made.frames)[0])


def train_on_video(
    network: SumGan,
    optimizers: dict[str, torch.optim.Optimizer],
    features: Tensor,
    draws: dict[str, Draws],
    sigma: float,
    form: Form = "label",
    clip: float = 5.0,
    train_discriminator: bool = True,
    backward: Callable[[Tensor], None] = Tensor.backward,
    more: Callable[[Tensor], dict[str, Tensor]] = no_terms,
) -> dict[str, Tensor]:
    """Take the three steps on one video.

    Args:
        optimizers: one for each of `STEPS`, on the weights of `trained_by`.
        features: [n, D] float.
        draws: what is random in each of `STEPS`.
        sigma: mean importance that sparsity pulls towards.
        clip: the greatest norm of a step's gradients.
        train_discriminator: False leaves out step 3, as j-min's code does on the first 16 videos of an epoch.
        backward: computes gradients of a loss, e.g. a trainer's own.
        more: further terms of step 1, made of the importance [n], as CSNet's variance.

    Returns:
        The terms of the losses without gradient, named "step/term", e.g. "scorer/sparsity".
    """
    network.zero_grad()
    terms_of: dict[str, Callable[[Draws], dict[str, Tensor]]] = {
        "scorer": lambda drawn: scorer_losses(network, features, drawn, sigma, more),
        "decoder": lambda drawn: decoder_losses(network, features, drawn, form),
        "discriminator": lambda drawn: discriminator_losses(network, features, drawn, form),
    }
    logged = {}
    for step in STEPS if train_discriminator else STEPS[:2]:
        terms = terms_of[step](draws[step])
        optimizers[step].zero_grad()  # of what this step trains; the rest goes into the norm
        backward(torch.stack(list(terms.values())).sum())
        torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizers[step].step()
        logged.update({f"{step}/{name}": value.detach() for name, value in terms.items()})
    return logged
