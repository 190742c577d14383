"""A folder holds one whole prediction, and never another command's results beside it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from maesum.data import Scores, VideoAnnotation, write_benchmark, write_features
from maesum.runs.prediction_folder import benchmarks_of, refuse_prediction, replace_results
from maesum.system.errors import MaesumError
from tests.commands import maesum_here, user_error

N_FRAMES = 60


@pytest.fixture
def predict(tmp_path):
    """Run a prediction of two small benchmarks."""
    rng = np.random.default_rng(0)
    write_features(tmp_path / "features.h5", ["video"], [N_FRAMES], [rng.normal(size=(N_FRAMES, 4))])
    annotation = VideoAnnotation("video", np.repeat(rng.integers(1, 6, (3, 6)), 10, axis=1), 30.0, "a $video_")
    write_benchmark(tmp_path / "annotations.h5", "small", "ratings", [annotation], "made")

    def run(*arguments, names=("demo", "custom")):
        files = [f"benchmarks.{name}.{kind}={kind}.h5" for name in names for kind in ("features", "annotations")]
        given = (f"benchmark=[{','.join(names)}]", *files, "out=out", "accelerator=cpu", "scorer=uniform", *arguments)
        return maesum_here("predict", *given, folder=tmp_path)

    return run


def _files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_later_prediction_takes_the_place_of_an_earlier_one(predict, tmp_path):
    assert predict("hydra.run.dir=out").returncode == 0
    out = tmp_path / "out"
    assert sorted(benchmarks_of(out)) == ["custom", "demo"]
    assert (out / "figures" / "custom" / "video.png").exists()  # its title is no formula
    (out / "scores" / "mine.txt").write_text("mine")
    done = predict("scorer=neighbour", "figures=false", names=("demo",))
    assert done.returncode == 0, done.stderr
    assert sorted(_files(out / "scores")) == ["demo.h5", "mine.txt"]
    assert not _files(out / "figures")
    assert list(json.loads((out / "evaluation.json").read_text())) == ["demo"]
    evaluation = json.loads((out / "evaluation.json").read_text())["demo"]
    assert evaluation["scores"] == "out/scores/demo.h5"
    assert Scores(out / "scores" / "demo.h5").attributes["scorer"] == "neighbour"
    assert json.loads((out / "metrics.json").read_text())["demo/tau"] == evaluation["protocols"]["paper"]["tau"]
    assert "out/scores/demo.h5" in done.stdout
    assert not list(out.glob(".*.part"))


def test_a_prediction_that_fails_leaves_an_earlier_one_whole(predict, tmp_path, monkeypatch):
    assert predict("figures=false").returncode == 0
    before = _files(tmp_path / "out")

    def fail(*arguments, **keywords):
        raise MaesumError("the second benchmark cannot be scored.")

    monkeypatch.setattr("maesum.methods.prediction.print_evaluation", fail)  # the first is scored by then
    assert "cannot be scored" in user_error(predict("scorer=neighbour", "figures=false"))
    assert _files(tmp_path / "out") == before


def test_a_folder_that_was_being_filled_when_the_process_was_killed_has_no_metrics(tmp_path):
    made, folder = tmp_path / "made", tmp_path / "out"
    for name in ("metrics.json", "config.yaml", "scores/demo.h5"):
        for place, text in ((made, "new"), (folder, "scorer: uniform\nbenchmarks: {demo: {}}\n")):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
    (folder / "scores" / "demo.h5").unlink()
    (folder / "scores" / "demo.h5").mkdir()  # cannot be replaced, and so stops it half-way
    with pytest.raises(MaesumError, match="out: the results cannot be moved here"):
        replace_results(folder, made)
    assert not (folder / "metrics.json").exists()


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"checkpoints/last.ckpt": ""}, "out=out holds a training (checkpoints), which would lose its results; name"),
        ({"config.yaml": "task: pretraining\nbenchmarks: {}\n"}, "out=out holds the config.yaml of another command"),
        ({"metrics.json": '{"train/loss": 1}'}, "out=out holds the metrics.json of another command; name another"),
        ({"config.yaml": "a: [", "metrics.json": "{}"}, "out/config.yaml: cannot be read"),
    ],
)
def test_a_folder_of_another_command_is_refused_before_work(held, message, predict, tmp_path):
    for name, text in held.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text(text)
    before = _files(tmp_path)
    for run_folder in ("out", "other"):
        done = predict(f"hydra.run.dir={run_folder}")
        assert message in user_error(done)
        assert done.stdout == ""
    assert _files(tmp_path) == before


def test_a_training_does_not_take_the_folder_of_a_prediction(predict, tmp_path):
    assert predict("figures=false", names=("demo",)).returncode == 0
    with pytest.raises(MaesumError, match="out holds a prediction, which would lose its results; name another"):
        refuse_prediction(tmp_path / "out")
    before = _files(tmp_path / "out")
    message = user_error(maesum_here("train", "+experiment=rand_stride", "hydra.run.dir=out", folder=tmp_path))
    assert "out holds a prediction" in message
    assert _files(tmp_path / "out") == before
    refuse_prediction(tmp_path / "absent")
