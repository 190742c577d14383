"""A protocol is refused by name where a benchmark's numbers are not what it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maesum.data.benchmark import Benchmark, VideoAnnotation, write_benchmark
from maesum.data.scores import Scores, write_scores
from maesum.evaluation import EvaluationSettings, evaluate
from maesum.system.errors import MaesumError


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Benchmark]:
    def make(name: str, kind: str = "selections") -> Benchmark:
        summaries = np.random.default_rng(0).integers(0, 2, (3, 90))
        shots = np.array([[0, 44], [45, 89]])
        video = VideoAnnotation("video_1", summaries, 25.0, "a video", change_points=shots)
        write_benchmark(tmp_path / f"{name}.h5", name, kind, [video], "made up")
        return Benchmark(tmp_path / f"{name}.h5")

    return make


@pytest.fixture
def scores(tmp_path: Path) -> Scores:
    write_scores(tmp_path / "scores.h5", {"video_1": np.random.default_rng(1).random(90)}, {})
    return Scores(tmp_path / "scores.h5")


@pytest.mark.parametrize("protocol", ["saquil", "ctvsum", "csta", "gtscore"])
def test_summaries_of_ratings_are_no_ratings(make: Callable[..., Benchmark], scores: Scores, protocol: str) -> None:
    with pytest.raises(MaesumError) as error:
        evaluate(scores, make("tvsum"), EvaluationSettings(protocol=protocol))
    message = str(error.value)
    assert f"protocol '{protocol}' takes the ratings, of which" in message
    assert "source=tvsum input=ydata-tvsum50.mat" in message
    assert message.endswith("or use protocol=msva.")


def test_what_makes_such_summaries_itself_is_served(make: Callable[..., Benchmark], scores: Scores) -> None:
    assert evaluate(scores, make("tvsum"), EvaluationSettings(protocol="msva")).tables[0].name == "msva"


def test_the_default_warns_and_its_table_says_so(
    make: Callable[..., Benchmark], scores: Scores, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        table = evaluate(scores, make("tvsum")).tables[0]
    assert "protocol 'paper' takes the ratings" in caplog.text
    assert "its figures are not those that are published" in caplog.text
    assert table.source.endswith("of summaries of ratings, not of what it takes")
    assert [each.name for each in evaluate(scores, make("tvsum"), EvaluationSettings(protocol="all")).tables] == [
        "paper",
        "msva",
    ]


def test_binary_selections_of_summe_lack_their_order(make: Callable[..., Benchmark], scores: Scores) -> None:
    with pytest.raises(MaesumError, match="'saquil' takes the ordinal values of the selections"):
        evaluate(scores, make("summe"), EvaluationSettings(protocol="saquil"))
    names = [table.name for table in evaluate(scores, make("summe"), EvaluationSettings(protocol="all")).tables]
    assert names == ["paper", "ctvsum", "csta", "msva", "gtscore"]


@pytest.mark.parametrize("protocol", ["casum", "msva", "gtscore"])
def test_ratings_of_only_0_and_1_are_refused(make: Callable[..., Benchmark], scores: Scores, protocol: str) -> None:
    with pytest.raises(MaesumError, match=f"'{protocol}' takes the ratings"):
        evaluate(scores, make("mine", kind="ratings"), EvaluationSettings(protocol=protocol))


def test_selections_of_ones_own_serve_every_protocol(
    make: Callable[..., Benchmark], scores: Scores, caplog: pytest.LogCaptureFixture
) -> None:
    evaluation = evaluate(scores, make("mine"), EvaluationSettings(protocol="all"))
    assert [table.name for table in evaluation.tables] == ["paper", "saquil", "ctvsum", "csta", "msva", "gtscore"]
    assert caplog.text == ""
