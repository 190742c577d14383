"""`--help` of every command: what it does, its ready-made settings, and each key with its value and meaning."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import pytest
from omegaconf import OmegaConf

from maesum.config.evaluation import EvaluateConfig
from maesum.config.fields import heading, meanings, setting
from maesum.config.preparation import PrepareConfig
from maesum.config.scoring import PredictConfig
from maesum.config.sharing import DashboardConfig, ExportConfig
from maesum.config.tables import ReportConfig, SweepConfig
from maesum.config.training import TrainConfig
from maesum.config.videos import ExtractConfig, SummarizeConfig
from tests.commands import maesum_here, user_error

SCHEMAS: dict[str, type] = {
    "prepare": PrepareConfig, "train": TrainConfig, "predict": PredictConfig, "evaluate": EvaluateConfig,
    "sweep": SweepConfig, "report": ReportConfig, "extract": ExtractConfig, "summarize": SummarizeConfig,
    "export": ExportConfig, "dashboard": DashboardConfig,
}  # fmt: skip


def help_of(command: str, *arguments: str, folder: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "100")
    done = maesum_here(command, *arguments, "--help", folder=folder)
    assert done.returncode == 0, done.stderr
    assert not list(folder.iterdir())
    return done.stdout


def explained_keys(schema: type, prefix: str = "") -> dict[str, str]:
    """Every key of a schema that is not chosen by a config group, under its full name."""
    found: dict[str, str] = {}
    config = OmegaConf.structured(schema)
    for field in fields(schema):
        value = OmegaConf.get_type(config, field.name)
        if value is not None and is_dataclass(value):
            found |= explained_keys(value, f"{prefix}{field.name}.")
        elif field.type == "dict[str, BenchmarkConfig]" or field.name in ("source", "backbone"):
            continue
        else:
            found[f"{prefix}{field.name}"] = meanings(schema)[field.name]
    return found


@pytest.mark.parametrize("command", SCHEMAS)
def test_help_explains_every_key_within_100_columns(command, tmp_path, monkeypatch):
    text = help_of(command, folder=tmp_path, monkeypatch=monkeypatch)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"usage: python -m maesum.{command} [key=value ...]"
    assert any(line.startswith(f"    python -m maesum.{command} ") for line in lines)  # an example
    words = " ".join(text.split())
    for key, meaning in explained_keys(SCHEMAS[command]).items():
        assert any(line.startswith((f"  {key}=", f"  {key}.NAME.KEY")) for line in lines), key
        assert meaning
        assert meaning in words


def test_values_are_those_of_the_arguments_beside_it(tmp_path, monkeypatch):
    plain = help_of("train", folder=tmp_path, monkeypatch=monkeypatch)
    assert "  epochs=200 " in plain
    assert "  data=mini_kinetics200 " in plain
    assert "  benchmark=[tvsum,summe,finegym]\n" in plain
    assert "  benchmarks.NAME.stride " in plain
    recipe = help_of(
        "train", "+experiment=ssl_tvsum", "seed=7", "benchmark=[summe]", folder=tmp_path, monkeypatch=monkeypatch
    )
    for shown in ("epochs=800", "data=tvsum", "data.clips_per_video=10", "seed=7", "benchmark=[summe]"):
        assert f"  {shown} " in recipe
    own = help_of("train", "data=features", folder=tmp_path, monkeypatch=monkeypatch)
    assert "  data.features=                  required; features to train on: a file" in own


def test_only_the_groups_of_the_command_are_listed(tmp_path, monkeypatch):
    train, evaluate, sweep, export = (
        help_of(command, folder=tmp_path, monkeypatch=monkeypatch)
        for command in ("train", "evaluate", "sweep", "export")
    )
    assert "  +experiment=NAME " in train
    assert "rand_stride_4" in train
    assert "  +scale=NAME " in train
    assert "  +scale=NAME " in sweep
    assert "  sweep=[]                        any of a1, a2" in sweep
    assert "experiment" not in evaluate
    assert "trainer" not in evaluate
    assert "conf/" not in export


def test_prepare_explains_every_source_before_one_is_chosen(tmp_path, monkeypatch):
    text = help_of("prepare", folder=tmp_path, monkeypatch=monkeypatch)
    assert "  source=                         required; one of demo, eccv16, finegym, npy, summe, tvsum" in text
    assert "source=finegym: FineGym event tracks" in text
    assert "  source.videos=                  required; CSV with video_id,fps,n_frames" in text
    chosen = help_of("prepare", "source=npy", folder=tmp_path, monkeypatch=monkeypatch)
    assert "  source=npy " in chosen
    assert "  source.exclude=null " in chosen
    assert "source.videos" not in chosen


def test_help_of_what_does_not_compose_is_one_sentence(tmp_path):
    assert "did you mean 'epochs'" in user_error(maesum_here("train", "epocs=1", "--help", folder=tmp_path))


def test_a_required_key_is_named_with_its_meaning(tmp_path):
    message = user_error(maesum_here("evaluate", folder=tmp_path))
    assert message.startswith("error: scores= is required (the scores to evaluate: a scores file or JSON")


@pytest.mark.parametrize(("flag", "wanted"), [("--hydra-help", "== Flags =="), ("--info", "Hydra 1."), ("--cfg", "mask_ratio: 0.5")])  # fmt: skip
def test_hydras_own_flags_still_work(flag, wanted, tmp_path):
    done = maesum_here("train", flag, *(["job"] if flag == "--cfg" else []), folder=tmp_path)
    assert done.returncode == 0
    assert wanted in done.stdout


def test_help_starts_without_torch():
    code = "import sys; sys.argv = ['x', '--help']; import maesum.summarize as s; s.main(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@dataclass
class Base:
    """First line."""

    a: int = setting(1, "of the base", at_least=0)


@dataclass
class Derived(Base):
    """Second."""

    b: list[int] = setting([1], "a list")  # noqa: RUF009
    c: int = 4


def test_meanings_stand_in_the_fields_also_of_a_base():
    assert meanings(Derived) == {"a": "of the base", "b": "a list"}
    assert heading(Derived) == "Second."
    first, second = Derived(), Derived()
    first.b.append(2)
    assert second.b == [1]
