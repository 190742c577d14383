"""The trainer that a config gives, as far as it can be seen without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.config.checking import checked
from maesum.config.training import TrainConfig
from maesum.methods import job as training


def test_ddp_is_set_up_on_the_stream_that_steps_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Lightning that sets it up by another method than the one replaced has to be looked at."""
    assert callable(DDPStrategy._setup_model)
    strategy = training._ddp()
    strategy.parallel_devices = [torch.device("cuda", 0)]
    strategy.cluster_environment = LightningEnvironment()
    made = []
    monkeypatch.setattr(training, "DistributedDataParallel", lambda module, **options: made.append(options))
    monkeypatch.setattr(torch.cuda, "Stream", None)  # would fail
    strategy._setup_model(torch.nn.Linear(1, 1))
    (options,) = made
    assert options["device_ids"] == [0]
    assert options["gradient_as_bucket_view"]
    assert False in options.values()  # buffers are not sent round


def test_a_deterministic_training_fills_no_memory_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.are_deterministic_algorithms_enabled(), torch.utils.deterministic.fill_uninitialized_memory
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what Lightning sets is taken back with it
    register_schemas()
    try:
        torch.utils.deterministic.fill_uninitialized_memory = True
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            config = compose("train", ["+scale=demo", "logger=[]", "benchmark=[]"])
            training.build_trainer(checked(config, TrainConfig), tmp_path)
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.utils.deterministic.fill_uninitialized_memory
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.utils.deterministic.fill_uninitialized_memory = before[1]
