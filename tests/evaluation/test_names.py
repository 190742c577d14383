"""A result that would bear another data set's name is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maesum.data.benchmark import Benchmark, VideoAnnotation, write_benchmark
from maesum.data.joining import check_features_match
from maesum.data.scores import Scores, write_scores
from maesum.evaluation import evaluate


def files(folder: Path, title: str, made_for: str | None) -> tuple[Scores, Benchmark]:
    rng = np.random.default_rng(0)
    video = VideoAnnotation("video_1", rng.integers(1, 6, (3, 90)), 25.0, "a video")
    write_benchmark(folder / "b.h5", title, "ratings", [video], "made up")
    write_scores(folder / "s.h5", {"video_1": rng.random(90)}, {} if made_for is None else {"benchmark": made_for})
    return Scores(folder / "s.h5"), Benchmark(folder / "b.h5")


@pytest.mark.parametrize(
    ("title", "name", "made_for", "warning"),
    [
        ("summe", "tvsum", None, "holds the annotations of 'summe', but the result is called 'tvsum'"),
        ("tvsum", "tvsum", "summe", "holds scores of benchmark 'summe', but is evaluated on 'tvsum'"),
        ("tvsum", "tvsum", "tvsum", ""),
        ("tvsum", "custom", "tvsum", ""),
        ("mine", "custom", "custom", ""),
        ("mine", "mine", None, ""),
        ("demo", "demo", "demo", ""),
    ],
)
def test_names_that_do_not_belong_together(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, title: str, name: str, made_for: str | None, warning: str
) -> None:
    scores, benchmark = files(tmp_path, title, made_for)
    evaluate(scores, benchmark, name=name)
    assert warning in caplog.text
    assert bool(caplog.text) == bool(warning)


@pytest.mark.parametrize(("rate", "differs"), [(25.2, False), (30.0, True)])
def test_features_of_a_video_of_the_same_length_and_another_rate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rate: float, differs: bool
) -> None:
    _, benchmark = files(tmp_path, "mine", None)
    check_features_match(benchmark, ["video_1", "more"], [90, 4], 1, "f.h5", [rate, 1.0])
    assert ("f.h5: video 'video_1' has 30 frames a second, but 25 in" in caplog.text) == differs
    assert bool(caplog.text) == differs
