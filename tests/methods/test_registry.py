"""Methods by their name: what each declares, and that a new one is one file and one YAML."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict

import pytest

from maesum.methods.registry import method
from maesum.runs.method_settings import COMMON, PARTS_READ, method_defaults, method_files, method_names
from maesum.system.errors import MaesumError
from tests.commands import maesum, maesum_here, user_error

TOY = '''
from dataclasses import dataclass

import torch

from maesum.config.fields import setting
from maesum.methods.by_split import SplitTraining, VideoSettings, video_method


@dataclass
class ToySettings(VideoSettings):
    """What the toy is trained with."""

    rate: float = setting(0.001, "learning rate", above=0)


class Toy(SplitTraining):
    """Learns to give a frame the norm of its features."""

    settings_type = ToySettings

    def build_network(self, feature_dim):
        return torch.nn.Sequential(torch.nn.Linear(feature_dim, 1), torch.nn.Flatten(0))

    def loss(self, number, batch):
        return (self.networks[number](batch.features) - batch.features.norm(dim=1)).square().mean(), {}

    def build_optimizer(self):
        return torch.optim.SGD(self.parameters(), lr=self.settings.rate)


METHOD = video_method(Toy)
'''
TOY_YAML = "# Learns to give a frame the norm of its features.\nname: toy\nreads: videos\nevery: 2\nrate: 0.001\n"
TABLE = """# @package sweeps.toy
title: A toy
section: none
needs: nothing
metrics: [tvsum/tau, tvsum/rho]
jobs:
  of_splits: {train: [method=toy, "benchmark=[tvsum]"]}
  whole: {train: [method=toy, "benchmark=[tvsum]"], demo: [splits=none]}
  again: {predict: [], of: whole, benchmark: [tvsum]}
rows:
  - {setting: {toy: splits}, of: [of_splits], published: [null, null]}
  - {setting: {toy: whole}, of: [whole], published: [null, null]}
  - {setting: {toy: again}, of: [again], published: [null, null]}
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder that adds the toy, for this process and those that it starts."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY)
    (folder / "toy.yaml").write_text(TOY_YAML)
    monkeypatch.setenv("MAESUM_METHODS", str(folder))
    return folder


@pytest.mark.parametrize("name", sorted(method_files()))
def test_a_yaml_says_what_the_method_declares(name):
    node, declared = method_defaults(name), method(name)
    assert node["name"] == name
    assert node["reads"] == declared.reads
    assert declared.reads in PARTS_READ
    assert {key: value for key, value in node.items() if key not in COMMON} == asdict(declared.settings())
    assert asdict(declared.read_settings(node)) == asdict(declared.settings())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"every": 0}, "method.every is 0, wanted at least 1."),
        ({"selected_share": 1.5}, "method.selected_share is 1.5, wanted at least 0 and at most 1."),
        ({"hidden": "many"}, "method.hidden: "),
        ({"hiden": 3}, "method dr_dsn has no setting 'method.hiden'; did you mean 'method.hidden'?"),
        ({"reads": "clips"}, "method.reads is 'clips', but method dr_dsn reads 'videos'"),
    ],
)
def test_a_setting_that_a_method_cannot_have_is_one_sentence(change, message):
    with pytest.raises(MaesumError) as caught:
        method("dr_dsn").read_settings(method_defaults("dr_dsn") | change)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_method_is_refused_before_torch_is_loaded(tmp_path, cache):
    message = user_error(maesum_here("train", "method=magic", folder=tmp_path))
    assert f"there is no method=magic; wanted one of {', '.join(method_names())}" in message
    assert "chosen by method=" in user_error(maesum_here("train", "task=dr_dsn", folder=tmp_path))
    assert "method.hiden" in user_error(maesum_here("train", "method=dr_dsn", "method.hiden=3", folder=tmp_path))
    for change, wanted in (
        ("name=magic", f"wanted one of {method_names()[0]}"),
        ("reads=books", "wanted one of clips"),
    ):
        assert wanted in user_error(maesum_here("train", f"method.{change}", folder=tmp_path))
    code = "import sys; sys.argv = ['x', 'method.name=magic']\nimport maesum.train as t\ntry: t.main()\nfinally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "False\n")


def test_a_yaml_without_its_file_is_one_sentence(toy):
    (toy / "toy.py").unlink()
    with pytest.raises(MaesumError, match="method=toy has a YAML but no"):
        method("toy")


def test_a_method_of_ones_own_is_one_file_and_one_yaml(toy, cache, tmp_path):
    assert len(TOY.splitlines()) < 60
    (tmp_path / "tables" / "sweep").mkdir(parents=True)
    (tmp_path / "tables" / "sweep" / "toy.yaml").write_text(TABLE)
    given = ["--config-dir=tables", "sweep=toy", "+scale=demo", "demo=['epochs=2']", "runs=jobs"]
    done = maesum("sweep", *given, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    done = maesum("report", *given, "out=reports", folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    report = "".join(path.read_text() for path in (tmp_path / "reports").rglob("*.md"))
    splits, whole, again = ([cell.strip() for cell in line.split("|")] for line in report.splitlines() if line.startswith(("| splits", "| whole", "| again")))  # fmt: skip
    assert whole[2:] == again[2:]  # by the network of the checkpoint
    assert splits[2:] != whole[2:]
    assert any(character.isdigit() for character in splits[2])
