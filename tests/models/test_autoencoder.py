"""The masked autoencoder: shapes, sizes, initialisation, and what may not reach the output."""

import math

import pytest
import torch

from maesum.models import MaskedAutoencoder, random_mask, target_mask
from maesum.models.layers import sinusoidal_positions
from maesum.system.errors import MaesumError

TINY = dict(encoder_dim=32, encoder_depth=2, encoder_heads=4, decoder_dim=16, decoder_depth=1, decoder_heads=2)
BASE = dict(encoder_dim=768, encoder_depth=12, encoder_heads=12, decoder_dim=384, decoder_depth=4, decoder_heads=6)


@pytest.fixture(params=["projected", "feature"])
def model(request):
    torch.manual_seed(0)
    return MaskedAutoencoder(10, stream=request.param, **TINY).eval()


def _batch(seed=1, clips=3, frames=30, dim=10, ratio=0.5):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(clips, frames, dim, generator=generator)
    return x, random_mask(torch.rand(clips, frames, generator=generator), ratio)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("frames", [30, 12])
def test_reconstructs_every_frame(model, ratio, frames):
    x, mask = _batch(frames=frames, ratio=ratio)
    reconstruction = model(x, mask)
    assert reconstruction.shape == x.shape
    assert reconstruction.isfinite().all()
    assert torch.equal(reconstruction, model(x, mask, num_masked=int(mask[0].sum())))


@pytest.mark.parametrize("ratio", [0.04, 0.5, 0.9])
def test_what_a_loss_needs_is_what_the_whole_reconstruction_says(model, ratio):
    """Values and gradients, though the last block and the head then see the masked frames only."""
    x, mask = _batch(ratio=ratio)
    weight = torch.randn(3, int(mask[0].sum()), 10, generator=torch.Generator().manual_seed(2))
    whole = model(x, mask)[mask].view_as(weight)
    (whole * weight).sum().backward()
    expected = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    masked, original = model.reconstruct_masked(x, mask, int(mask[0].sum()))
    torch.testing.assert_close(masked, whole, atol=1e-5, rtol=1e-5)
    assert torch.equal(original, x[mask].view_as(weight))
    (masked * weight).sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_values_of_masked_frames_never_reach_the_output(model):
    x, mask = _batch()
    before = model(x, mask)
    changed = torch.where(mask[:, :, None], torch.full_like(x, float("nan")), x)
    assert torch.equal(before, model(changed, mask))


@torch.no_grad()
def test_visible_frames_do_reach_the_output(model):
    x, mask = _batch()
    for frame in range(30):
        if not mask[0, frame]:
            changed = x.clone()
            changed[0, frame] = torch.randn(10)
            difference = (model(changed, mask) - model(x, mask)).abs().amax(dim=(1, 2))
            assert difference[0] > 1e-6
            assert (difference[1:] == 0).all()  # clips of a batch do not see each other


@torch.no_grad()
def test_permuting_frames_with_their_positions_permutes_reconstructions(model):
    x, mask = _batch()
    order = torch.stack([torch.randperm(30, generator=torch.Generator().manual_seed(i)) for i in range(3)])
    shuffled = model(x.gather(1, order[:, :, None].expand_as(x)), mask.gather(1, order), positions=order)
    expected = model(x, mask).gather(1, order[:, :, None].expand_as(x))
    torch.testing.assert_close(shuffled, expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_positions_matter(model):
    x, mask = _batch()
    moved = (torch.arange(30) + 1) % 30
    assert (model(x, mask) - model(x, mask, positions=moved.expand(3, 30))).abs().max() > 1e-4


@torch.no_grad()
def test_equals_a_plain_forward_written_out(model):
    """Encoder on the visible tokens alone, mask tokens filled in by a loop, one clip at a time."""
    x, mask = _batch()
    for clip in range(3):
        visible = [t for t in range(30) if not mask[clip, t]]
        tokens = model.embed(x[clip, visible]) + sinusoidal_positions(30, model.encoder_positions.shape[1])[visible]
        tokens = tokens[None]
        for block in model.encoder:
            tokens = block(tokens)
        latent = model.bridge(model.encoder_norm(tokens))[0]
        full = [latent[visible.index(t)] if t in visible else model.mask_token[0, 0] for t in range(30)]
        y = (torch.stack(full) + sinusoidal_positions(30, model.decoder_positions.shape[1]))[None]
        for block in model.decoder:
            y = block(y)
        expected = model.head(model.decoder_norm(y))[0]
        torch.testing.assert_close(model(x, mask)[clip], expected, atol=1e-5, rtol=1e-5)


def test_the_two_readings_of_the_projection():
    projected = MaskedAutoencoder(1024, **BASE)
    literal = MaskedAutoencoder(1024, stream="feature", **BASE)
    # Per block: qkv, output, two MLP layers with their biases, two norms.
    block = lambda width, inner: (
        width * 3 * inner + 3 * inner + inner * width + width + width * 4 * inner + 4 * inner + 4 * inner * width + width
        + 4 * width
    )  # fmt: skip
    count = lambda module: sum(p.numel() for p in module.parameters())
    assert count(literal) == 12 * block(1024, 768) + 4 * block(1024, 384) + 2 * 1024 + 1024
    ends = (1024 * 768 + 768) + (768 * 384 + 384) + (384 * 1024 + 1024)
    assert count(projected) == 12 * block(768, 768) + 4 * block(384, 384) + ends + 2 * 768 + 2 * 384 + 384
    assert not any(isinstance(getattr(literal, name), torch.nn.Linear) for name in ("embed", "bridge", "head"))


@pytest.mark.parametrize("stream", ["projected", "feature"])
def test_operations_are_those_that_the_profiler_counts(stream):
    """But for attention's own products."""
    from torch.utils.flop_counter import FlopCounterMode

    model = MaskedAutoencoder(64, stream=stream, **{**BASE, "encoder_depth": 2})
    x, mask = _batch(clips=2, dim=64)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.reconstruct_masked(x, mask, 15)
    counts = counter.get_flop_counts()["Global"]
    products = sum(n for op, n in counts.items() if "mm" in str(op) and "bmm" not in str(op))
    assert products / 2 == pytest.approx(model.forward_operations(15, 15), rel=1e-6)


def test_every_linear_layer_is_xavier_uniform_seen_from_the_root():
    torch.manual_seed(0)
    model = MaskedAutoencoder(256, **BASE)
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            bound = math.sqrt(6 / (module.in_features + module.out_features))
            assert module.bias.abs().max() == 0, name
            assert 0.99 * bound < module.weight.abs().max() <= bound, name
            assert abs(module.weight.std() - bound / math.sqrt(3)) < 0.02 * bound, name
    assert 0.01 < model.mask_token.std() < 0.03


def test_positions_are_fixed_and_not_saved():
    model = MaskedAutoencoder(10, **TINY)
    assert not any("positions" in name for name, _ in model.named_parameters())
    assert not any("positions" in name for name in model.state_dict())
    table = sinusoidal_positions(30, 6)
    for t in (0, 7, 29):
        expected = [f(t / 10_000 ** (2 * i / 6)) for i in range(3) for f in (math.sin, math.cos)]
        torch.testing.assert_close(table[t], torch.tensor(expected), atol=1e-6, rtol=0)


@torch.no_grad()
def test_statistics_standardise_in_and_out():
    torch.manual_seed(0)
    model = MaskedAutoencoder(10, **TINY).eval()
    x, mask = _batch()
    mean, std = torch.randn(10), torch.rand(10) + 0.5
    plain = model(x, mask)
    model.set_statistics(mean, std)
    torch.testing.assert_close(model(x * std + mean, mask), plain * std + mean, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(model.standardize(x * std + mean), x, atol=1e-5, rtol=1e-5)
    model.set_statistics(mean, torch.zeros(10))
    assert model.standardize(x).isfinite().all()


def test_one_target_is_scored_like_any_other_mask(model):
    x, _ = _batch()
    mask = target_mask(torch.tensor([15, 0, 29]), 30)
    assert model(x, mask).shape == x.shape


def test_what_does_not_fit_is_named(model):
    x, mask = _batch()
    with pytest.raises(MaesumError, match="features are 11 wide, but the model was built for 10"):
        model(torch.zeros(3, 30, 11), mask)
    with pytest.raises(MaesumError, match="with T at most 30"):
        model(torch.zeros(3, 31, 10), torch.ones(3, 31, dtype=torch.bool).tril(-20), num_masked=10)
    uneven = mask.clone()
    uneven[0] = False
    for bad in (uneven, torch.zeros_like(mask), torch.ones_like(mask)):
        with pytest.raises(MaesumError, match="the same number of frames"):
            model(x, bad)
    with pytest.raises(MaesumError, match=r"model.stream is 'other'"):
        MaskedAutoencoder(10, stream="other")
    with pytest.raises(MaesumError, match=r"model.encoder_dim is 100, wanted a multiple of model.encoder_heads = 12"):
        MaskedAutoencoder(10, encoder_dim=100)
