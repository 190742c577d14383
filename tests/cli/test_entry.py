"""How commands start: the order of overrides, and mistakes in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

import maesum
from maesum.cli.arguments import order_overrides, usual_folder
from maesum.cli.entry import _has_a_sentence, explain
from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from tests.commands import maesum_here, user_error


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["+scale=demo", "+experiment=a"], ["+experiment=a", "+scale=demo"]),
        (["+experiment=a", "+scale=demo"], ["+experiment=a", "+scale=demo"]),
        (
            ["-m", "+scale=demo", "seed=1,2", "+experiment=a,b", "--cfg", "job"],
            ["-m", "+experiment=a,b", "seed=1,2", "+scale=demo", "--cfg", "job"],
        ),
        (["epochs=3", "+scale=demo", "--help"], ["epochs=3", "+scale=demo", "--help"]),
        ([], []),
    ],
)
def test_scale_comes_after_experiment_and_nothing_else_moves(given, wanted):
    assert order_overrides(given) == wanted


def test_a_repeated_run_goes_where_the_command_keeps_its_runs():
    for path in (["--config-path", "runs/a/.hydra"], ["-cp=runs/a/.hydra"]):
        arguments = usual_folder([*path, "seed=2", "hydra.sweep.dir=mine", "--config-name", "config"], "train")
        assert arguments[: len(path) + 2] == [*path, "seed=2", "hydra.sweep.dir=mine"]
        assert any(each == "hydra.run.dir='${new_folder:runs/${name}}'" for each in arguments)
        assert sum(each.startswith("hydra.sweep.dir=") for each in arguments) == 1
        assert arguments[-2:] == ["--config-name", "config"]
    own = ["--config-path", "my_configs", "--config-name", "mine"]
    assert usual_folder(own, "train") == own


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("epocs=1", "there is no config key 'epocs'; did you mean 'epochs'?"),
        ("trainer.devcies=2", "there is no config key 'trainer.devcies'; did you mean 'devices'?"),
        ("batch_size=big", "batch_size=big"),
        ("model=gigantic", "there is no model=gigantic; wanted one of base, large, tiny."),
        ("+experiment=rand_strid", "no experiment=rand_strid; did you mean 'rand_stride', one of action_recognition,"),
        ("benchmark=[tvsun]", "there is no benchmark=tvsun; did you mean 'tvsum', one of custom, demo,"),
        ("benchmark = demo", "without spaces around the '=': benchmark=demo."),
        ("scores.json", "'scores.json' is no option; options are written key=value"),
        ("epochs=[1", "epochs=[1: the value cannot be read"),
        ("stride=rand(1,8)", "rand"),
        ("name=[a,b]", "name=[a,b]: this key takes one value, not a list."),
    ],
)
def test_a_config_that_does_not_compose_is_one_sentence(override, sentence):
    register_schemas()
    with (
        initialize_config_dir(str(CONF_DIR), version_base="1.3"),
        pytest.raises((HydraException, OmegaConfBaseException)) as error,
    ):
        compose("train", [override])
    message = explain(error.value)
    assert sentence in message
    assert "\n" not in message
    assert "search path" not in message


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scores", "x"], "there is no flag '--scores'; options are written"),
        (["--length-tolerance=2"], "without dashes: length_tolerance=2."),
        (["--cfg"], "expected one argument; --hydra-help lists the flags."),
        (["seed=1", "--cfg", "job", "f1=true"], "'f1=true' stands apart from the other options"),
    ],
)
def test_a_flag_that_does_not_exist_is_one_sentence(arguments, sentence, tmp_path):
    assert sentence in user_error(maesum_here("evaluate", *arguments, folder=tmp_path))


def test_a_full_gpu_is_one_sentence():
    import torch

    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
    assert _has_a_sentence(error)
    assert explain(error).startswith("the GPU's memory is full; lower scoring.batch_size")


@pytest.mark.parametrize("command", ["train", "predict", "evaluate", "prepare"])
def test_commands_start_without_torch(command):
    code = f"import maesum.{command}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        "café.mp4", "clip (1).mp4", "Peter's clip.mp4", "C#.mp4", "a=b.mp4", "[x].mp4", "{a}.mp4", "a,b.mp4", 'a"b.mp4',
        "it's [1], \"2\" and #3 = 4.mp4", "日本.mp4", "-x!.mp4", "a`b é.mp4",
    ],
)  # fmt: skip
def test_a_name_that_people_have_needs_the_quotes_of_the_shell_alone(name, tmp_path):
    assert f"{name}: no such video" in user_error(maesum_here("summarize", f"video={name}", folder=tmp_path))


def test_a_home_folder_is_written_out(tmp_path):
    sentence = user_error(maesum_here("summarize", "video=~/x y.mp4", folder=tmp_path))
    assert f"{Path.home()}/x y.mp4: no such video" in sentence


def test_the_version_is_that_of_this_package(tmp_path):
    done = maesum_here("train", "--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"maesum {maesum.__version__}\n")


BROKEN = {
    "a list that is not closed": ("seed: 3\nepochs: [1\n", "line 4, column 1: not valid YAML"),
    "a tab": ("seed:\t3\n\tepochs: 1\n", "line 2, column 6: not valid YAML"),
    "a key twice": ("seed: 1\nseed: 2\n", "line 3, column 1: not valid YAML (found duplicate key seed)"),
    "a Python object": ("name: !!python/object/apply:os.getcwd []\n", "not valid YAML (could not determine"),
    "an alias of nothing": ("name: *x\n", "not valid YAML (found undefined alias"),
    "a control character": ("name: \x01\n", "not valid YAML, character"),
    "another encoding": (b"name: caf\xe9\n", "x.yaml: not text in UTF-8"),
    "a list": ("- a\n", "Cannot merge"),
    "defaults that are none": ("defaults: 3\n", "defaults must be a list"),
    "two defaults in one": ("defaults:\n  - {a: b, c: d}\n", "Too many keys"),
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.values(), ids=list(BROKEN))
def test_a_mistake_in_ones_own_experiment_is_one_sentence(content, sentence, tmp_path):
    (tmp_path / "experiment").mkdir()
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "experiment" / "x.yaml").write_bytes(b"# @package _global_\n" + content)
    found = user_error(maesum_here("train", "--config-dir", ".", "+scale=demo", "+experiment=x", folder=tmp_path))
    assert sentence in found
    (tmp_path / "experiment" / "x.yaml").write_bytes(b"seed: 1\n")
    found = user_error(maesum_here("train", "--config-dir", ".", "+scale=demo", "+experiment=x", folder=tmp_path))
    assert "begin it with the line '# @package _global_'" in found
