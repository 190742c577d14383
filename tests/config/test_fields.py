"""Which numbers a training refuses before it starts, and that none is forgotten."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.config.checking import check_settings
from maesum.config.evaluation import EvaluateConfig
from maesum.config.fields import numeric_fields, range_of
from maesum.config.scoring import PredictConfig
from maesum.config.tables import SweepConfig
from maesum.config.training import TrainConfig
from maesum.config.values import parse_stride
from maesum.config.videos import ExtractConfig, SummarizeConfig
from maesum.data.sources import source_schemas
from maesum.system.errors import MaesumError
from tests.commands import maesum_here, user_error


def schemas_within(schema):
    yield schema
    hints = get_type_hints(schema)
    for field in fields(schema):
        for hint in (hints[field.name], *get_args(hints[field.name])):
            if is_dataclass(hint):
                yield from schemas_within(hint)


@pytest.fixture(scope="module")
def config():
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return compose("train", ["+experiment=rand_stride", "+scale=demo"])


def test_every_number_of_a_command_has_a_range():
    commands = (TrainConfig, PredictConfig, EvaluateConfig, SummarizeConfig, ExtractConfig, SweepConfig)
    commands = (*commands, *source_schemas().values())
    checked = [
        (schema.__name__, name, range_of(schema, name))
        for command in commands
        for schema in schemas_within(command)
        for name in numeric_fields(schema)
    ]
    assert len(checked) > 80
    assert [(schema, name) for schema, name, allowed in checked if allowed is None] == []


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("evaluator.videos=0", "evaluator.videos is 0, wanted at least 1."),
        ("evaluator.every_n_epochs=-1", "evaluator.every_n_epochs is -1, wanted at least 0."),
        ("evaluator.every_frame=0", "evaluator.every_frame is 0, wanted at least 1."),
        ("labelled.test_clips=0", "labelled.test_clips is 0, wanted at least 1."),
        ("model.mlp_ratio=0", "model.mlp_ratio is 0.0, wanted more than 0."),
        ("model.mlp_ratio=nan", "model.mlp_ratio is nan, wanted more than 0."),
        ("checkpoint_every_n_steps=0", "checkpoint_every_n_steps is 0, wanted at least 1."),
        ("benchmarks.demo.stride=0", "benchmarks.demo.stride is 0, wanted at least 1."),
        ("seed=-1", "seed is -1, wanted at least 0 and at most 4294967295."),
        ("seed=4294967296", "seed is 4294967296, wanted at least 0 and at most 4294967295."),
        (
            "epochs=100000000000000000000000",
            "epochs is 100000000000000000000000, wanted at least 1 and at most 2147483647.",
        ),
        (
            "benchmarks.demo.stride=1000000000000",
            "benchmarks.demo.stride is 1000000000000, wanted at least 1 and at most 2147483647.",
        ),
        ("optim.base_lr=inf", "optim.base_lr is inf, wanted more than 0."),
        ("trainer.precision=16-true", "trainer.precision is '16-true', wanted one of 32-true, bf16-mixed, 64-true."),
        ("trainer.precision=16-mixed", "trainer.precision is '16-mixed', wanted one of 32-true, bf16-mixed, 64-true."),
        ("trainer.precision=transformer-engine", "trainer.precision is 'transformer-engine', wanted one of"),
        ("trainer.accelerator=tpu", "trainer.accelerator is 'tpu', wanted one of auto, cpu, gpu, cuda, mps."),
        ("trainer.strategy=deepspeed", "trainer.strategy is 'deepspeed', wanted one of auto, ddp."),
    ],
)
def test_a_number_out_of_range_is_refused(config, setting, sentence):
    changed = copy.deepcopy(config)
    check_settings(changed)
    key, _, value = setting.partition("=")
    OmegaConf.update(changed, key, yaml.safe_load(value) if value not in ("nan", "inf") else float(value))
    with pytest.raises(MaesumError) as error:
        check_settings(changed)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("predict", ["benchmark=demo", "scorer=uniform"]),
        ("evaluate", ["benchmark=demo", "scores=x.json"]),
        ("summarize", ["video=x.mp4"]),
    ],
)
def test_every_command_refuses_a_seed_beyond_its_generators(command, arguments, tmp_path):
    for seed in (-1, 2**32):
        sentence = user_error(maesum_here(command, *arguments, f"seed={seed}", folder=tmp_path))
        assert sentence == f"error: seed is {seed}, wanted at least 0 and at most 4294967295."


@pytest.mark.parametrize("stride", [0, 2**31, [1, 10**20], [8, 1], "2", True])
def test_a_stride_is_a_whole_number_of_reasonable_size(stride):
    with pytest.raises(MaesumError, match="wanted a whole number such as 2 or a range such as"):
        parse_stride(stride)
