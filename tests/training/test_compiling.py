"""Compiled training steps: the same losses, and a sentence where a machine cannot compile."""

import shutil
from functools import partial

import pytest
import torch
from torch._inductor.exc import TritonMissing

from maesum.methods.pretraining import Pretraining
from maesum.system.errors import MaesumError
from maesum.training.compiling import check_mode, compiled
from tests.methods.test_pretraining import MODEL, clip_data, fit


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="no C++ compiler")
def test_a_compiled_training_has_the_losses_of_an_eager_one(make_features, monkeypatch):
    """Float32 over a whole training: fused kernels sum in another order, and each step starts from the last one's."""
    path = make_features()
    eager, losses, _ = fit(clip_data(path), epochs=5)
    monkeypatch.setattr(Pretraining, "on_fit_start", lambda task: task.compile_step("default"), raising=False)
    fused, fused_losses, _ = fit(clip_data(path), epochs=5)
    assert len(losses.values) == 20
    assert fused_losses.values == pytest.approx(losses.values, rel=1e-4)
    assert eager.state_dict().keys() == fused.state_dict().keys()
    assert fused_losses.logged["train/error_interpolation"] == losses.logged["train/error_interpolation"]


def test_nothing_that_a_step_computed_is_used_in_the_next(make_features, monkeypatch):
    """CUDA graphs write each step's results where the last one's are; here the last loss becomes NaN instead."""
    path = make_features()
    _, losses, trainer = fit(clip_data(path))
    last = []

    def replayed(task, *arguments):
        for loss in last:
            loss.data.fill_(float("nan"))
        last[:] = [task.loss_of(*arguments)]
        return last[0]

    monkeypatch.setattr(Pretraining, "on_fit_start", lambda task: setattr(task, "training_loss", partial(replayed, task)), raising=False)  # fmt: skip
    _, replayed_losses, again = fit(clip_data(path))
    assert replayed_losses.values == losses.values
    assert replayed_losses.logged.keys() == losses.logged.keys()
    assert float(again.callback_metrics["train/loss"]) == float(trainer.callback_metrics["train/loss"])


@pytest.mark.parametrize("reason", [RuntimeError("no compiler at all"), TritonMissing(None)])
def test_a_machine_without_a_compiler_is_told_so(monkeypatch, reason):
    def broken(*_):
        raise reason

    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **_: real(function, backend=broken))
    fast = compiled(Pretraining(MODEL).loss_of, "default")
    with pytest.raises(MaesumError, match=r"compile=default: this machine cannot compile the model .*leave compile="):
        fast(torch.zeros(2, 30, 8), torch.rand(2, 30))


def test_modes_that_cannot_work_are_named():
    with pytest.raises(MaesumError, match="compile is 'fast', wanted null or one of default, reduce-overhead"):
        check_mode("fast")
    with pytest.raises(MaesumError, match=r"compile=reduce-overhead .* trainer.accumulate_grad_batches=4; use compile"):
        check_mode("reduce-overhead", 4)
    check_mode("default", 4)
    check_mode(None, 4)
