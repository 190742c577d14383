"""When checkpoints are written."""

import lightning as L

from maesum.methods.pretraining import Pretraining
from maesum.training.checkpointing import LastCheckpoint
from tests.methods.test_pretraining import MODEL, clip_data


def test_writing_after_epochs_takes_a_fiftieth_of_the_time_at_most(make_features, tmp_path, monkeypatch):
    """By a clock that an epoch moves on by 20 s and a file by 1 s: after the first epoch, every third, and the last."""
    now, written = 0.0, []

    class Epochs(L.Callback):
        def on_train_epoch_start(self, trainer, module):
            nonlocal now
            now += 20

    save = L.Trainer.save_checkpoint

    def slow(trainer, path, **kwargs):
        nonlocal now
        now += 1
        written.append(trainer.current_epoch)
        save(trainer, path, **kwargs)

    monkeypatch.setattr("maesum.training.checkpointing.time.monotonic", lambda: now)
    monkeypatch.setattr(L.Trainer, "save_checkpoint", slow)
    trainer = L.Trainer(
        max_epochs=9, accelerator="cpu", devices=1, logger=False, num_sanity_val_steps=0, limit_val_batches=0,
        callbacks=[Epochs(), LastCheckpoint(tmp_path / "last.ckpt")], enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Pretraining(MODEL, warmup_epochs=0, batch_size=8), clip_data(make_features()))
    assert written == [0, 3, 6, 8]
