"""Which of Lightning's remarks reach a user."""

from __future__ import annotations

import logging
import warnings

from maesum.training.remarks import leave_out_remarks, without_remarks


def test_useless_remarks_are_left_out_and_other_warnings_stay() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.resetwarnings()
        leave_out_remarks()
        for text in (
            "The `srun` command is available on your system",
            "The 'train_dataloader' does not have many workers",
            "Experiment logs directory x exists",
            "the loss is not finite",
        ):
            warnings.warn(text, stacklevel=1)
    assert [str(each.message) for each in said] == ["the loss is not finite"]
    assert not logging.getLogger("lightning.pytorch").isEnabledFor(logging.INFO)


def test_a_block_without_remarks_leaves_loggers_as_they_were() -> None:
    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    with warnings.catch_warnings(record=True) as said:
        warnings.resetwarnings()
        with without_remarks():
            warnings.warn("anything", stacklevel=1)
            assert not logger.isEnabledFor(logging.WARNING)
        warnings.warn("behind it", stacklevel=1)
    assert [str(each.message) for each in said] == ["behind it"]
    assert logger.level == before
