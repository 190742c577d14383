"""SUM-GAN, SUM-GAN-sl and SUM-GAN-AAE against their equations as plain loops (plain_sum_gan.py)."""

import copy
import dataclasses
import math

import pytest
import torch

from maesum.models import sum_gan_losses as losses
from maesum.models.gl_rpe import GlobalLocalScorer
from maesum.models.recurrent import LstmScorer
from maesum.models.sum_gan import SumGan, VariationalAutoencoder
from maesum.models.sum_gan_aae import AttentionAutoencoder
from maesum.models.sum_gan_training import (
    STEPS,
    Draws,
    decoder_losses,
    discriminator_losses,
    draw,
    scorer_losses,
    train_on_video,
    trained_by,
)
from tests.models import plain_sum_gan as plain

FRAMES, DIM, HIDDEN, LAYERS, SIGMA = 7, 6, 5, 2, 0.3
KINDS = ("vae", "aae")
FORMS = ("label", "log")


def make(kind, scorer=None, scale=1.0, seed=3):
    torch.manual_seed(seed)
    reconstructor = {"vae": VariationalAutoencoder, "aae": AttentionAutoencoder}[kind](HIDDEN, LAYERS)
    network = SumGan(DIM, scorer or LstmScorer(HIDDEN, 4, LAYERS), reconstructor, HIDDEN, LAYERS).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(scale)
    return network


def video(seed=0, frames=FRAMES):
    return torch.randn(frames, DIM, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def drawn(network, seed=1, frames=FRAMES):
    generator = torch.Generator().manual_seed(seed)
    draws = draw(network, frames, generator)
    return Draws(*(None if value is None else value.double() for value in dataclasses.astuple(draws)))


def all_draws(network):
    return {step: drawn(network, seed) for seed, step in enumerate(STEPS)}


def step_losses(network, step, form, draws):
    if step == "scorer":
        return scorer_losses(network, video(), draws, SIGMA)
    return {"decoder": decoder_losses, "discriminator": discriminator_losses}[step](network, video(), draws, form)


def optimizers_of(network, rates):
    weights = trained_by(network)
    return {step: torch.optim.Adam(weights[step], lr=rates[step]) for step in STEPS}


@pytest.mark.parametrize("kind", KINDS)
def test_importance_is_the_scorers_on_compressed_features(kind):
    network = make(kind)
    w = network.state_dict()
    expected = plain.scores(w, plain.linear(w, "compress", video()))
    torch.testing.assert_close(network(video()), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reconstruction_equals_the_loop_over_cells(kind):
    network = make(kind, scale=2)
    frames = torch.randn(FRAMES, HIDDEN, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    noise = drawn(network).noise
    made = network.reconstructor(frames, noise)
    expected = {"vae": plain.vae, "aae": plain.aae}[kind](network.state_dict(), frames, noise)
    for value, wanted in zip(made, expected, strict=True):
        assert (value is None) == (wanted is None)
        if value is not None:
            torch.testing.assert_close(value, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", STEPS)
def test_every_loss_equals_its_equation(kind, form, step):
    network = make(kind, scale=2)
    draws = drawn(network)
    terms = step_losses(network, step, form, draws)
    expected = plain.step_terms(network.state_dict(), step, kind, form, video(), draws, SIGMA)
    assert list(terms) == list(expected)
    for name, value in terms.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-10, atol=1e-13, msg=name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("clip", [1e3, 0.01])
def test_the_three_steps_on_a_video_equal_those_by_hand(kind, form, clip):
    network = make(kind, scale=2)
    rates = {"scorer": 1e-2, "decoder": 2e-2, "discriminator": 5e-3}
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    draws = all_draws(network)
    expected = plain.train(before, kind, form, video(), draws, SIGMA, clip, rates)
    train_on_video(network, optimizers_of(network, rates), video(), draws, SIGMA, form, clip)
    after = network.state_dict()
    assert max((after[name] - before[name]).abs().max() for name in after) > 1e-3
    for name, weight in after.items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-7, msg=name)


def test_a_video_starts_without_gradients_of_the_video_before():
    network = make("vae")
    other = copy.deepcopy(network)
    for weight in other.parameters():
        weight.grad = torch.full_like(weight, 9.0)
    for each in (network, other):
        train_on_video(each, optimizers_of(each, dict.fromkeys(STEPS, 1e-2)), video(), all_draws(each), SIGMA, clip=1.0)
    for a, b in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_is_logged_is_every_term_by_its_step():
    network = make("vae")
    logged = train_on_video(
        network, optimizers_of(network, dict.fromkeys(STEPS, 0.0)), video(), all_draws(network), SIGMA
    )
    assert list(logged) == [
        "scorer/reconstruction", "scorer/prior", "scorer/sparsity", "decoder/reconstruction", "decoder/generator",
        "discriminator/original", "discriminator/summary",
    ]  # fmt: skip
    assert not any(value.requires_grad for value in logged.values())
    draws = all_draws(network)["scorer"]
    assert logged["scorer/prior"] == scorer_losses(network, video(), draws, SIGMA)["prior"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", STEPS)
def test_gradients_reach_what_the_step_trains(kind, form, step):
    network = make(kind, scale=2)
    sum(step_losses(network, step, form, drawn(network)).values()).backward()
    trained = {id(weight) for weight in trained_by(network)[step]}
    for name, weight in network.named_parameters():
        if id(weight) in trained:
            assert weight.grad is not None, name
            assert weight.grad.abs().max() > 0, name
    if step == "discriminator" and form == "label":  # the summary is taken as given
        assert {id(weight) for weight in network.parameters() if weight.grad is not None} == trained


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_changes_its_own_weights_and_no_other(kind, form, step):
    network = make(kind, scale=2)
    before = copy.deepcopy(network)
    rates = {other: 1e-2 if other == step else 0.0 for other in STEPS}
    train_on_video(network, optimizers_of(network, rates), video(), all_draws(network), SIGMA, form)
    old = dict(before.named_parameters())
    changed = {name for name, weight in network.named_parameters() if not torch.equal(weight, old[name])}
    assert changed == {name for name in old if name.startswith(plain.GROUPS[step])}


def test_all_weights_are_trained_and_only_the_compression_by_all_steps():
    network = make("vae")
    groups = {step: {id(weight) for weight in weights} for step, weights in trained_by(network).items()}
    assert set.union(*groups.values()) == {id(weight) for weight in network.parameters()}
    shared = {id(weight) for weight in network.compress.parameters()}
    for one, other in (("scorer", "decoder"), ("decoder", "discriminator"), ("scorer", "discriminator")):
        assert groups[one] & groups[other] == shared


def test_the_discriminator_can_wait():
    network = make("vae")
    before = copy.deepcopy(network.discriminator)
    rates = dict.fromkeys(STEPS, 1e-2)
    logged = train_on_video(
        network, optimizers_of(network, rates), video(), all_draws(network), SIGMA, train_discriminator=False
    )
    assert not any(name.startswith("discriminator/") for name in logged)
    for a, b in zip(network.discriminator.parameters(), before.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_global_random_numbers_are_neither_used_nor_moved(kind, form):
    results = []
    for seed in (0, 1):
        network = make(kind)
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        train_on_video(
            network, optimizers_of(network, dict.fromkeys(STEPS, 1e-2)), video(), all_draws(network), SIGMA, form
        )
        assert torch.equal(torch.get_rng_state(), state)
        results.append(torch.cat([weight.flatten() for weight in network.parameters()]))
    assert torch.equal(*results)


def test_draws_follow_the_generator():
    network = make("vae")
    first, again, other = (draw(network, 50, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    for field in ("noise", "random_noise", "random_importance"):
        assert torch.equal(getattr(first, field), getattr(again, field))
        assert not torch.equal(getattr(first, field), getattr(other, field))
    assert first.noise.shape == first.random_noise.shape == (LAYERS, HIDDEN)
    assert not torch.equal(first.noise, first.random_noise)
    assert first.random_importance.shape == (50,)
    assert 0 <= first.random_importance.min() < first.random_importance.max() <= 1
    assert draw(make("aae"), 50, torch.Generator()).noise is None


def test_a_scorer_with_attention_fills_the_slot():
    network = make("vae", GlobalLocalScorer(HIDDEN, 4, pieces=2))
    before = copy.deepcopy(network.scorer)
    train_on_video(network, optimizers_of(network, dict.fromkeys(STEPS, 1e-2)), video(), all_draws(network), SIGMA)
    for (name, a), b in zip(network.scorer.named_parameters(), before.parameters(), strict=True):
        assert not torch.equal(a, b), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_a_video_of_one_frame_trains(kind, form):
    network = make(kind)
    draws = {step: drawn(network, frames=1) for step in STEPS}
    logged = train_on_video(
        network, optimizers_of(network, dict.fromkeys(STEPS, 1e-2)), video(frames=1), draws, SIGMA, form
    )
    assert all(value.isfinite() for value in logged.values())


def test_missing_random_numbers_are_named():
    network = make("vae")
    with pytest.raises(ValueError, match="noise is None"):
        scorer_losses(network, video(), Draws(), SIGMA)
    with pytest.raises(ValueError, match="random_importance is None"):
        decoder_losses(network, video(), Draws(noise=drawn(network).noise), "log")


def test_losses_worked_by_hand():
    tensor = lambda *values: torch.tensor(values, dtype=torch.float64)
    assert losses.reconstruction(tensor(1, 2, 3), tensor(1, 5, 7)) == 5  # sqrt(0 + 9 + 16)
    assert losses.prior(tensor(0, 0), tensor(0, 0)) == 0
    # mean 2, variance e: (e + 4 - 1 - 1) / 2
    assert losses.prior(tensor(2), tensor(1)).item() == pytest.approx((math.e + 2) / 2)
    assert losses.sparsity(tensor(0.1, 0.2, 0.9), 0.3).item() == pytest.approx(0.1)
    assert losses.sparsity(tensor(0.1, 0.1, 0.1), 0.3).item() == pytest.approx(0.2)
    three_to_one = tensor(math.log(3))  # p = .75
    assert losses.looks_original(three_to_one).item() == pytest.approx(0.0625)
    assert losses.looks_made(three_to_one).item() == pytest.approx(0.5625)
    assert losses.log_original(three_to_one).item() == pytest.approx(math.log(0.75))
    assert losses.log_made(three_to_one).item() == pytest.approx(math.log(0.25))


def test_losses_are_finite_where_a_probability_rounds_to_its_end():
    logit = torch.tensor([-200.0, 200.0])
    assert losses.log_original(logit).tolist() == [-200, 0]
    assert losses.log_made(logit).tolist() == [0, -200]


def test_training_pulls_the_mean_importance_to_sigma():
    network = make("aae").float()
    optimizers = optimizers_of(network, {"scorer": 1e-2, "decoder": 1e-2, "discriminator": 1e-3})
    first = network(video().float()).mean()
    for _ in range(40):
        logged = train_on_video(network, optimizers, video().float(), dict.fromkeys(STEPS, Draws()), 0.15)
    assert abs(network(video().float()).mean() - 0.15) < 0.05 < abs(first - 0.15)
    assert logged["scorer/sparsity"] < 0.05
