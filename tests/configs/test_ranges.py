"""Which numbers a training refuses before it starts, and that none is forgotten."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from maesum.config import CONF_DIR, register_schemas
from maesum.config.ranges import check_ranges, numeric_fields, range_of
from maesum.config.training import TrainConfig
from maesum.errors import MaesumError


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


def test_every_number_of_a_training_has_a_range():
    checked = [
        (schema.__name__, name, range_of(schema, name))
        for schema in schemas_within(TrainConfig)
        for name in numeric_fields(schema)
    ]
    assert len(checked) > 40
    assert [(schema, name) for schema, name, allowed in checked if allowed is None] == []


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("evaluator.videos=0", "evaluator.videos is 0, wanted at least 1."),
        ("evaluator.every_n_epochs=-1", "evaluator.every_n_epochs is -1, wanted at least 0."),
        ("evaluator.every_frame=0", "evaluator.every_frame is 0, wanted at least 1."),
        ("recognition.test_clips=0", "recognition.test_clips is 0, wanted at least 1."),
        ("dr_dsn.every=0", "dr_dsn.every is 0, wanted at least 1."),
        ("dr_dsn.selected_share=1.5", "dr_dsn.selected_share is 1.5, wanted at least 0 and at most 1."),
        ("model.mlp_ratio=0", "model.mlp_ratio is 0, wanted more than 0."),
        ("model.mlp_ratio=nan", "model.mlp_ratio is nan, wanted more than 0."),
        ("checkpoint_every_n_steps=0", "checkpoint_every_n_steps is 0, wanted at least 1."),
        ("benchmarks.demo.stride=0", "benchmarks.demo.stride is 0, wanted at least 1."),
    ],
)
def test_a_number_out_of_range_is_refused(config, setting, sentence):
    plain = OmegaConf.to_container(config)
    check_ranges(TrainConfig, plain)
    *path, last = setting.partition("=")[0].split(".")
    node = plain
    for part in path:
        node = node[part]
    assert last in node
    value = setting.partition("=")[2]
    node[last] = float(value) if value in ("nan", "1.5") else int(value)
    with pytest.raises(MaesumError) as error:
        check_ranges(TrainConfig, plain)
    assert str(error.value) == sentence
