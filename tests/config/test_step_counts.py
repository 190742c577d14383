"""What the comments of the experiments say of videos, steps, epochs and clips is what their configs do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.data.order import ClipBatches
from maesum.sweeps.cost import VIDEOS

EXPERIMENTS = sorted(path.stem for path in (CONF_DIR / "experiment").glob("*.yaml"))
NUMBER = r"(\d[\d,]*)"

STEPS = re.compile(
    rf"{NUMBER} videos / {NUMBER} = {NUMBER} steps an epoch, x {NUMBER} epochs = {NUMBER} steps"
    r"(?:, (\d+\.\d) million clips)?"
)
CLIPS = re.compile(rf"{NUMBER} videos x {NUMBER} clips = {NUMBER} clips an epoch")
SAMPLES = re.compile(rf"{NUMBER}(?: samples)? = {NUMBER}(?: epochs)?(?=[,.])")
FILLED_UP = re.compile(rf"An epoch gives {NUMBER} batches of {NUMBER}: the \w+ is filled up with {NUMBER} further")


def number(text: str) -> int:
    return int(text.replace(",", ""))


def comment(experiment: str) -> str:
    """The comment that an experiment opens with, as one line."""
    lines = (CONF_DIR / "experiment" / f"{experiment}.yaml").read_text().splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))


@pytest.fixture
def config(request: pytest.FixtureRequest) -> Iterator[DictConfig]:
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield compose("train", [f"+experiment={request.param}"])


def clips_of_an_epoch(config: DictConfig) -> int:
    if config.method.reads == "labelled clips":
        return VIDEOS["ucf101"] * config.labelled.clips_per_video
    return VIDEOS[config.data.name] * config.data.clips_per_video


def steps_of_an_epoch(config: DictConfig) -> int:
    return len(ClipBatches(clips_of_an_epoch(config), config.batch_size, seed=0))


def counted(pattern: re.Pattern[str]) -> list[str]:
    return [experiment for experiment in EXPERIMENTS if pattern.search(comment(experiment))]


def test_every_count_of_steps_is_written_so_that_it_is_checked() -> None:
    assert counted(STEPS) == ["action_recognition", "epochs", "rand_stride"]
    for experiment in EXPERIMENTS:
        assert len(re.findall(r"\bsteps\b", comment(experiment))) == 2 * len(STEPS.findall(comment(experiment)))
    assert counted(CLIPS) == ["finetune_tvsum", "ssl_finegym", "ssl_summe", "ssl_tvsum"]
    assert counted(FILLED_UP) == ["finetune_tvsum", "ssl_summe"]


@pytest.mark.parametrize(("config", "experiment"), [(name, name) for name in counted(STEPS)], indirect=["config"])
def test_steps(config: DictConfig, experiment: str) -> None:
    *counts, millions = STEPS.findall(comment(experiment))[0]
    videos, batch, an_epoch, epochs, total = map(number, counts)
    assert (videos, batch, epochs) == (clips_of_an_epoch(config), config.batch_size, config.epochs)
    assert an_epoch == steps_of_an_epoch(config)
    assert total == an_epoch * epochs
    assert not millions or float(millions) == round(total * batch / 1e6, 1)


@pytest.mark.parametrize(("config", "experiment"), [(name, name) for name in counted(CLIPS)], indirect=["config"])
def test_clips_and_samples(config: DictConfig, experiment: str) -> None:
    videos, clips, together = map(number, CLIPS.findall(comment(experiment))[0])
    assert (videos, clips) == (VIDEOS[config.data.name], config.data.clips_per_video)
    assert together == videos * clips == clips_of_an_epoch(config)
    samples = SAMPLES.findall(comment(experiment).split("clips an epoch", 1)[1])
    assert len(samples) >= 2
    assert all(number(count) == number(epochs) * together for count, epochs in samples)
    assert config.epochs in [number(epochs) for _, epochs in samples]
    for count in FILLED_UP.findall(comment(experiment)):
        batches, batch, further = map(number, count)
        assert (batches, batch) == (steps_of_an_epoch(config), config.batch_size)
        assert batches * batch - together == further
