"""Every command refuses one bad value of every setting at once: one sentence, status 2, nothing loaded, nothing left.

A bad value is made from the declaration of its setting: below or above its range, not among its choices, of another
type. One process asks the functions of all commands, since what matters includes that nothing heavy is imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints

import pytest
from omegaconf import MISSING

from maesum.config.backbones import BACKBONE_SCHEMAS
from maesum.config.evaluation import EvaluateConfig
from maesum.config.fields import choices_of, range_of
from maesum.config.scoring import PredictConfig
from maesum.config.sharing import DashboardConfig, ExportConfig
from maesum.config.tables import ReportConfig, SweepConfig
from maesum.config.training import TrainConfig
from maesum.config.videos import ExtractConfig, SummarizeConfig
from maesum.data.sources import source_schemas
from tests.commands import maesum_here, user_error

#: What each command needs besides the value that is wrong, and its schema.
COMMANDS: dict[str, tuple[list[str], type]] = {
    "train": (["+experiment=rand_stride", "+scale=demo"], TrainConfig),
    "predict": (["scorer=uniform", "benchmark=demo"], PredictConfig),
    "evaluate": (["scores=x.h5", "benchmark=demo"], EvaluateConfig),
    "extract": (["videos=x", "out=y.h5"], ExtractConfig),
    "summarize": (["video=x"], SummarizeConfig),
    "sweep": (["sweep=table1c", "benchmark=demo"], SweepConfig),
    "report": (["sweep=table1c", "benchmark=demo"], ReportConfig),
    "export": (["ckpt=x.ckpt", "out=y"], ExportConfig),
    "dashboard": (["entity=me"], DashboardConfig),
}

#: What no declaration describes: rules beside the dataclasses, and files that are not there. What is set, and a word
#: that the answer holds.
RULES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "train": [
        ({"stride": 0}, "stride"),
        ({"stride": [8, 1]}, "stride"),
        ({"stride": "fast"}, "stride"),
        ({"mask_ratio": 0.01}, "mask_ratio"),
        ({"warmup_epochs": 100_000}, "warmup_epochs"),
        ({"optim.betas": [0.9]}, "optim.betas"),
        ({"optim.betas": [0.9, 1.0]}, "optim.betas"),
        ({"model.encoder_heads": 7}, "model.encoder_heads"),
        ({"model.decoder_heads": 7}, "model.decoder_heads"),
        ({"scoring.target_position": 30}, "scoring.target_position"),
        ({"trainer.devices": 0}, "trainer.devices"),
        ({"trainer.devices": "two"}, "trainer.devices"),
        ({"trainer.devices": []}, "trainer.devices"),
    ],
    "predict": [
        ({"devices": 0}, "devices"),
        ({"devices": "two"}, "devices"),
        ({"scorer": "model"}, "ckpt="),
        ({"ckpt": "missing.ckpt"}, "scorer="),
        ({"ckpt": "missing.ckpt", "scorer": "model"}, "missing.ckpt: no such checkpoint file"),
        ({"ckpt": "damaged.ckpt", "scorer": "model"}, "damaged.ckpt: not a readable checkpoint"),
        ({"scorer": "neighbour", "scoring.target_position": 30}, "scoring.target_position"),
        ({"benchmarks": {}}, "benchmark="),
    ],
    "evaluate": [({"benchmarks": {}}, "benchmark=")],
    "extract": [
        ({"shard": "0/2"}, "shard"),
        ({"shard": "half"}, "shard"),
        ({"device": "tpu"}, "device"),
        ({"classes": "x.txt"}, "classes"),
    ],
    "summarize": [
        ({"device": "tpu"}, "device"),
        ({"scoring.target_position": 30}, "scoring.target_position"),
        ({"ckpt": "missing.ckpt"}, "missing.ckpt: no such checkpoint file"),
        ({"ckpt": "damaged.ckpt"}, "damaged.ckpt: not a readable checkpoint"),
    ],
    "export": [
        ({"ckpt": "missing.ckpt"}, "missing.ckpt: no such checkpoint file"),
        ({"ckpt": "damaged.ckpt"}, "damaged.ckpt: not a readable checkpoint"),
        ({"out": "damaged.ckpt"}, "is there already"),
    ],
}

#: Asks every command function in turn, each with its own config changed at a few keys, and answers in JSON.
_ASK = """
import contextlib, copy, importlib, io, json, math, os, sys
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict
from maesum.cli.entry import explain
from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR

HEAVY = {"torch", "lightning", "av", "scipy", "h5py"}

def answer(function, config, changes):
    undo = []
    try:
        for key, value in changes.items():
            node = config
            *path, last = key.split(".")
            for name in path:
                node = node[name]
            undo.append((node, last, copy.deepcopy(node._get_node(last))))
            value = {"nan": math.nan, "inf": math.inf}.get(value, value) if isinstance(value, str) else value
            node[last] = value
        function(config)
    except Exception as error:
        kind = type(error).__mro__
        known = any(each.__name__ in ("MaesumError", "OmegaConfBaseException") for each in kind)
        return explain(error) if known else repr(error)
    finally:
        for node, last, before in reversed(undo):
            node._content[last] = before
    return "not refused"

answers = []
with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
    for command, given, asked in json.load(sys.stdin):
        register_schemas(command)
        if command == "prepare":
            HEAVY.discard("h5py")  # comes with the importers, each of which declares its options in its file
        function = getattr(importlib.import_module(f"maesum.{command}"), command)
        config = compose(command, given, return_hydra_config=True)
        with open_dict(config):
            config.hydra.runtime.output_dir = "."
        HydraConfig.instance().set_config(config)
        with open_dict(config):
            del config["hydra"]
        for changes in asked:
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                sentence = answer(function, config, changes)
            files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names)
            answers.append([sentence, said.getvalue(), sorted(HEAVY & sys.modules.keys()), files])
json.dump(answers, sys.stdout)
"""


def bad_values(schema: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A key and a value for everything that the settings of a dataclass may not be, those within included."""
    hints = get_type_hints(schema)
    for each in fields(schema):
        hint, key = hints[each.name], f"{prefix}{each.name}"
        if is_dataclass(hint):
            yield from bad_values(cast(type, hint), f"{key}.")
        elif get_origin(hint) is dict and is_dataclass(get_args(hint)[1]):
            yield from bad_values(get_args(hint)[1], f"{key}.demo.")
        elif each.name != "_target_":
            yield from ((key, value) for value in bad_values_of(schema, each.name, hint))


def bad_values_of(schema: type, name: str, hint: Any) -> Iterator[Any]:
    """Values of one setting: outside its range, not among its choices, of another type."""
    kinds, allowed = {hint, *get_args(hint)}, range_of(schema, name)
    if allowed is not None and allowed.above is not None:
        yield allowed.above
    if allowed is not None and allowed.at_least is not None:
        yield allowed.at_least - 1
    if allowed is not None:
        yield (allowed.at_most + 1) if allowed.at_most is not None else 2**31 if int in kinds else "inf"
    if float in kinds:
        yield "nan"
    if choices_of(schema, name):
        yield "surely-not"
    if get_origin(hint) in (list, dict):
        yield 5
    elif kinds & {int, float, bool}:
        yield "some"
    elif hint is not Any:
        yield [1, 2]


def requests() -> list[tuple[str, list[str], list[tuple[dict[str, Any], str]]]]:
    """Command, its command line, and what is asked of it: changed keys, and a word that the answer holds."""
    found = []
    for command, (given, schema) in COMMANDS.items():
        own = [({key: value}, key) for key, value in bad_values(schema)]
        found.append((command, given, own + RULES.get(command, [])))
    for name, schema in BACKBONE_SCHEMAS.items():
        own = [({key: value}, key) for key, value in bad_values(schema, "backbone.")]
        found.append(("extract", ["videos=x", "out=y.h5", f"backbone={name}"], own))
    for name, schema in source_schemas().items():  # last: these load h5py
        required = [f"source.{each.name}=z" for each in fields(schema) if each.default == MISSING]
        given = [f"source={name}", *["input=x"] * (name != "demo"), "out=y", *required]
        own = [({key: value}, key) for key, value in bad_values(schema, "source.")]
        found.append(("prepare", given, own))
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, list[Any]]]:
    """What every command answers to every bad value: what was asked, the word wanted, and the answer."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "damaged.ckpt").write_bytes(b"PK no checkpoint")
    asked = requests()
    content = [(command, given, [changes for changes, _ in each]) for command, given, each in asked]
    done = subprocess.run(
        [sys.executable, "-c", _ASK], input=json.dumps(content), cwd=folder, text=True, capture_output=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    flat = [(f"{command} {changes}", word) for command, _, each in asked for changes, word in each]
    return [(what, word, reply) for (what, word), reply in zip(flat, json.loads(done.stdout), strict=True)]


def test_a_bad_value_of_any_setting_is_refused_in_one_sentence(answers: list[tuple[str, str, list[Any]]]) -> None:
    assert len(answers) > 500
    assert [
        f"{asked}: {sentence}"
        for asked, word, (sentence, _, _, _) in answers
        if word not in sentence or "\n" in sentence.strip()
    ] == []


def test_nothing_is_loaded_printed_or_written_for_it(answers: list[tuple[str, str, list[Any]]]) -> None:
    for asked, _, (sentence, said, heavy, files) in answers:
        assert (heavy, said, files) == ([], "", ["./damaged.ckpt"]), f"{asked}: {sentence}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_with_a_bad_value_ends_with_status_2(command: str, tmp_path: Path) -> None:
    given, schema = COMMANDS[command]
    key, value = next(bad for bad in bad_values(schema) if bad[1] != "some")
    value = str(value).replace(" ", "")
    done = maesum_here(
        command, *(each for each in given if not each.startswith(f"{key}=")), f"{key}={value}", folder=tmp_path
    )
    assert key in user_error(done)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
