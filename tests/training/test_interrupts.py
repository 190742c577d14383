"""Ctrl-C while Lightning trains."""

import os
import signal

import lightning as L
import pytest
import torch

from maesum.summaries import training
from maesum.training.interrupts import interrupts_raised


class _Interrupted(L.LightningModule):
    """Gets Ctrl-C in its first step."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, batch_idx):
        os.kill(os.getpid(), signal.SIGINT)
        return self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_ctrl_c_in_a_fit_is_an_interrupt(tmp_path):
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts_raised():
        trainer.fit(_Interrupted(), torch.utils.data.DataLoader(torch.ones(4, 2)))
    assert signal.getsignal(signal.SIGINT) is before  # which Lightning has it ignored


def test_another_end_stays_what_it_is():
    with pytest.raises(SystemExit) as end, interrupts_raised():
        raise SystemExit(3)
    assert end.value.code == 3


def test_ctrl_c_in_the_training_of_a_summary_is_an_interrupt(make_features, monkeypatch):
    def interrupt(*arguments, **keywords):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(training._Steps, "on_train_batch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        training.train_on(make_features(lengths=(200, 200)), "fast", 0, "cpu")
