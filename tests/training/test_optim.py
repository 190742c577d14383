"""Learning rates and decay groups as appendix A1 sets them."""

import math

import pytest
import torch

from maesum.models import MaskedAutoencoder
from maesum.system.errors import MaesumError
from maesum.training.optim import OptimSettings, adamw, schedule, warmup_cosine


def test_linear_scale_rule():
    assert OptimSettings().learning_rate(128) == pytest.approx(2e-4)  # the paper's practical rate (A1)
    assert OptimSettings(base_lr=4e-5).learning_rate(128) == pytest.approx(2e-5)
    assert OptimSettings(base_lr=1e-3, scale_lr=False).learning_rate(128) == 1e-3


def test_schedule_warms_up_and_ends_at_min_lr():
    total, warm, peak, low = 1000, 200, 2e-4, 1e-6
    rates = [peak * warmup_cosine(step, total, warm, peak, low) for step in range(total)]
    assert rates[0] == pytest.approx(peak / warm)
    assert rates[warm - 1] == pytest.approx(peak)
    assert max(rates) == pytest.approx(peak)
    assert rates[-1] == pytest.approx(low)
    half = warm + (total - 1 - warm) / 2
    assert rates[int(half)] == pytest.approx(low + (peak - low) / 2, rel=0.01)
    assert rates[:warm] == sorted(rates[:warm])
    assert rates[warm:] == sorted(rates[warm:], reverse=True)


def test_the_scheduler_sets_these_rates():
    settings = OptimSettings()
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=settings.learning_rate(128))
    scheduler = schedule(optimizer, settings, 128, total_steps=50, warmup_steps=10)
    for step in range(50):
        expected = 2e-4 * warmup_cosine(step, 50, 10, 2e-4, 1e-6)
        assert math.isclose(optimizer.param_groups[0]["lr"], expected, rel_tol=1e-9)
        optimizer.step()
        scheduler.step()


def test_a_warmup_that_fills_the_run_is_refused():
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    with pytest.raises(MaesumError, match="lower warmup_epochs below epochs"):
        schedule(optimizer, OptimSettings(), 128, total_steps=10, warmup_steps=10)


def test_only_matrices_decay():
    model = MaskedAutoencoder(8, encoder_dim=8, encoder_depth=1, encoder_heads=2, decoder_dim=8, decoder_depth=1, decoder_heads=2)  # fmt: skip
    decayed, free = adamw(model, OptimSettings(), 128).param_groups
    names = {id(p): n for n, p in model.named_parameters()}
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.05, 0.0)
    assert decayed["betas"] == (0.9, 0.95)
    assert all(names[id(p)].endswith("weight") and p.dim() == 2 for p in decayed["params"])
    assert {names[id(p)].rsplit(".", 1)[-1] for p in free["params"]} == {"bias", "weight", "mask_token"}
    assert all(p.dim() == 1 or names[id(p)] == "mask_token" for p in free["params"])
    assert len(decayed["params"]) + len(free["params"]) == len(names)
