"""Pretraining: what the loss is made of, that it can learn, that nothing but the seed decides the result."""

import lightning as L
import pytest
import torch

from maesum.data.clips import ClipBatch
from maesum.data.datamodule import ClipDataModule
from maesum.methods.pretraining import Pretraining
from maesum.models import random_mask
from maesum.models.trivial import interpolation, visible_mean
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_autoencoder

MODEL = dict(feature_dim=8, encoder_dim=16, encoder_depth=1, encoder_heads=2, decoder_dim=16, decoder_depth=1, decoder_heads=2)  # fmt: skip


class Losses(L.Callback):
    def __init__(self):
        self.values, self.logged = [], {}

    def on_train_batch_end(self, trainer, module, outputs, *_):
        self.values.append(outputs["loss"].item())
        self.logged |= {key: float(value) for key, value in trainer.callback_metrics.items()}


def fit(data, epochs=3, **task):
    L.seed_everything(0, verbose=False)
    module = Pretraining(MODEL, **{"warmup_epochs": 0, "batch_size": data.batch_size, **task})
    losses = Losses()
    trainer = L.Trainer(
        max_epochs=epochs, accelerator="cpu", devices=1, logger=False, callbacks=[losses], log_every_n_steps=1,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        use_distributed_sampler=False, deterministic=True, limit_val_batches=1.0 if data.held_out else 0,
    )  # fmt: skip
    trainer.fit(module, data)
    return module, losses, trainer


def clip_data(path, **kwargs):
    return ClipDataModule(path, **{"batch_size": 8, "clips_per_video": 10, "stride": (1, 3), **kwargs})


def test_the_loss_is_the_squared_error_on_masked_frames_only(make_features):
    batch = next(iter(clip_data(make_features()).train_dataloader()))
    module = Pretraining(MODEL, mask_ratio=0.3)
    mask = random_mask(batch.mask_noise, 0.3)
    frames = batch.frames.float()
    expected = (module.model(frames, mask) - frames)[mask].square().mean()
    torch.testing.assert_close(module.loss_of(batch.frames, batch.mask_noise), expected)


def test_it_logs_the_trivial_errors_of_the_same_frames(make_features):
    data = clip_data(make_features(), held_out=str(make_features("held.h5", lengths=(50, 60))))
    _, losses, trainer = fit(data, epochs=1)
    loader = data.train_dataloader()
    last = list(loader)[-1]
    mask = random_mask(last.mask_noise, 0.5)
    frames = last.frames.float()
    for name, trivial in (("error_visible_mean", visible_mean), ("error_interpolation", interpolation)):
        expected = (trivial(frames, mask) - frames)[mask].square().mean()
        assert losses.logged[f"train/{name}"] == pytest.approx(float(expected), rel=1e-5)
    for key in ("train/loss", "train/lr", "train/clips_per_second", "train/teraflop_per_second"):
        assert key in losses.logged
    for key in ("val/loss", "val/error_visible_mean", "val/error_interpolation"):
        assert key in trainer.callback_metrics


def test_held_out_errors_are_the_mean_over_all_held_out_clips(make_features):
    data = clip_data(make_features(), held_out=str(make_features("held.h5", lengths=(50, 60, 70))))
    module, _, trainer = fit(data, epochs=1)
    errors = []
    for batch in data.val_dataloader():
        mask = random_mask(batch.mask_noise, 0.5)
        with torch.no_grad():
            difference = module.model(batch.frames.float(), mask) - batch.frames.float()
        errors.append(difference.square().mean(2)[mask])
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(float(torch.cat(errors).mean()), rel=1e-5)


def test_same_seed_gives_the_same_losses_to_the_bit_with_0_or_2_workers(make_features):
    path = make_features()
    first, losses, _ = fit(clip_data(path))
    again, again_losses, _ = fit(clip_data(path, workers=2))
    assert losses.values == again_losses.values
    assert len(losses.values) == 12
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    other_seed = fit(clip_data(path, seed=1))[1]
    assert losses.values != other_seed.values
    epoch = lambda number: losses.values[number * 4 : number * 4 + 4]
    assert epoch(0) != epoch(1)


def test_accumulation_does_not_change_what_is_learnt(make_features):
    path = make_features()
    whole, _, _ = fit(clip_data(path), epochs=2)

    data = clip_data(path)
    L.seed_everything(0, verbose=False)
    module = Pretraining(MODEL, warmup_epochs=0, batch_size=8)
    trainer = L.Trainer(
        max_epochs=2, accelerator="cpu", devices=1, logger=False, accumulate_grad_batches=4, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False, limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(module, data)
    assert trainer.global_step == 8
    for one, other in zip(whole.parameters(), module.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-3)


def test_it_learns_what_can_be_learnt(tmp_path):
    """Sinusoids of random phase: linear interpolation cuts their peaks, a model that learns does not."""
    import numpy as np

    from maesum.data import write_features

    rng = np.random.default_rng(0)
    time = np.arange(60)[:, None]
    channel_phase = rng.uniform(0, 2 * np.pi, 8)
    videos = [np.sin(2 * np.pi * time / 9 + rng.uniform(0, 2 * np.pi) + channel_phase) for _ in range(64)]
    write_features(tmp_path / "waves.h5", [f"v{i}" for i in range(64)], [60] * 64, videos)
    data = ClipDataModule(str(tmp_path / "waves.h5"), batch_size=32, stride=(1, 1), clips_per_video=4)
    _, losses, _ = fit(data, epochs=40, warmup_epochs=4, optim=dict(base_lr=5e-2))
    assert losses.logged["train/loss"] < 0.5 * losses.logged["train/error_interpolation"]
    assert losses.logged["train/loss"] < 0.2 * losses.logged["train/error_visible_mean"]


def test_nan_features_are_named_when_a_clip_meets_them(make_features):
    import h5py

    path = make_features()
    with h5py.File(path, "r+") as file:
        file["features"][40 + 55, 3] = float("nan")
    with pytest.raises(MaesumError, match=r"features.h5: video 'features_1', frame 55 holds NaN or infinite features"):
        fit(clip_data(path), epochs=20)


def test_a_loss_that_diverges_names_step_rate_and_batch(make_features):
    module = Pretraining(MODEL)
    module.trainer = type("T", (), {"optimizers": [type("O", (), {"param_groups": [{"lr": 1e-3}]})], "global_step": 7,
                                    "current_epoch": 1, "log_every_n_steps": 50})()  # fmt: skip
    batch = ClipBatch(torch.zeros(2, 30, 8), torch.zeros(2, 30), torch.arange(60).view(2, 30))
    module._finite.watch(torch.tensor(float("nan")), batch)
    with pytest.raises(MaesumError, match=r"loss is nan at step 7 \(epoch 1, learning rate 0.001, rows 0 to 59\)"):
        module._finite.check()


def test_statistics_travel_with_the_checkpoint(make_features, tmp_path):
    data = clip_data(make_features())
    module, _, trainer = fit(data, epochs=1)
    module.model.set_statistics(torch.arange(8.0), torch.full((8,), 2.0))
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    model = load_autoencoder(tmp_path / "a.ckpt")
    assert torch.equal(model.feature_mean, torch.arange(8.0))
    assert torch.equal(model.feature_scale, torch.full((8,), 2.0))
