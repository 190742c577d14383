"""Evaluating: what is joined, computed and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from maesum.data.benchmark import Benchmark
from maesum.data.features import write_features
from maesum.data.scores import Scores
from maesum.evaluation import EvaluationSettings, Table, evaluate
from maesum.metrics import (
    bootstrap_interval,
    f1_scores,
    human_pairwise,
    keyshot_summary,
    paired_difference,
    protocol_correlation,
    rank_correlation,
    uniform_shots,
    user_summaries,
)
from maesum.system.errors import MaesumError
from tests.evaluation.tiny import LENGTHS, annotation, table


def test_default_protocol_is_the_mean_over_users_then_videos(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores]
) -> None:
    benchmark, scores = make_benchmark(), make_scores()
    evaluation = evaluate(scores, benchmark)
    taus = [rank_correlation(scores[v], annotation(v, "ratings").user_scores).tau.mean() for v in LENGTHS]
    assert evaluation.metrics()["tiny/tau"] == pytest.approx(np.mean(taus), abs=1e-12)
    content = evaluation.to_dict()["protocols"]["paper"]
    assert content["tau_interval"] == list(bootstrap_interval(taus))
    assert list(content["videos"]) == list(LENGTHS)
    assert content["videos"]["video_10"]["tau"] == pytest.approx(taus[2])
    human = np.mean([human_pairwise(annotation(v, "ratings").user_scores).tau.mean() for v in LENGTHS])
    assert content["baselines"]["human"]["tau"] == pytest.approx(human)
    assert list(content["baselines"]) == ["human", "human against mean", "oracle", "random", "smooth random"]
    assert content["baselines"]["oracle"]["tau"] > content["tau"] > 0
    assert abs(content["baselines"]["random"]["tau"]) < 0.05
    assert content["baselines"]["smooth random"]["tau_std"] > content["baselines"]["random"]["tau_std"] > 0


def random_table(draws: np.ndarray, undefined: Any = "propagate") -> Table:
    videos = draws.shape[1]
    return Table(
        name="paper", source="", measures=("tau",), video_ids=tuple(map(str, range(videos))),
        values={"random": draws[None]}, undefined=undefined, n_undefined=(0,) * videos, splits=(), seed=0,
    )  # fmt: skip


def test_the_spread_is_that_of_means_over_videos_and_steadier_than_what_few_means_tell() -> None:
    sizes = np.linspace(0.01, 0.05, 40)
    spreads, of_means = [], []
    for seed in range(200):
        draws = np.random.default_rng(seed).normal(size=(10, 40)) * sizes
        spreads.append(random_table(draws).spread("random", "tau"))
        of_means.append(draws.mean(axis=1).std(ddof=1))
    truth = np.sqrt((sizes**2).sum()) / 40
    assert np.mean(np.square(spreads)) == pytest.approx(truth**2, rel=0.03)
    assert np.mean(np.square(of_means)) == pytest.approx(truth**2, rel=0.15)
    assert np.std(spreads) < np.std(of_means) / 3


def test_the_spread_follows_the_policy_for_undefined_values() -> None:
    draws = np.random.default_rng(0).normal(size=(10, 4))
    undefined = draws.copy()
    undefined[:, 2] = np.nan
    defined = random_table(draws[:, [0, 1, 3]]).spread("random", "tau")
    assert defined is not None
    assert np.isnan(random_table(undefined).spread("random", "tau"))
    assert random_table(undefined, "omit").spread("random", "tau") == pytest.approx(defined)
    assert random_table(undefined, "zero").spread("random", "tau") == pytest.approx(defined * 3 / 4)
    assert np.isnan(random_table(draws * np.nan, "omit").spread("random", "tau"))
    assert random_table(draws[:1]).spread("random", "tau") is None


@pytest.mark.parametrize("kind", ["ratings", "selections", "events"])
@pytest.mark.parametrize("step", [1, 15])
def test_all_protocols_side_by_side_from_scores_at_any_rate(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], kind: str, step: int
) -> None:
    scores = make_scores(step=step)
    evaluation = evaluate(scores, make_benchmark(kind), EvaluationSettings(protocol="all"))
    names = {"ratings": 7, "selections": 6, "events": 1}
    assert len(evaluation.tables) == names[kind]
    for each in evaluation.tables:
        taus = []
        for video_id, n_frames in LENGTHS.items():
            native = np.repeat(scores[video_id], step)[:n_frames]
            user_scores = annotation(video_id, kind).user_scores
            shots = uniform_shots(n_frames)
            taus.append(protocol_correlation(each.name, kind, native, user_scores, shots).tau.mean())
        assert each.mean("scores", "tau") == pytest.approx(np.mean(taus), abs=1e-12)
        assert ("human" in each.values) == (kind != "events")
    assert evaluation.metrics()["tiny/tau"] == evaluation.tables[0].mean("scores", "tau")


def test_json_scores_of_every_15th_frame(make_benchmark: Callable[..., Benchmark], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = {video_id: rng.random(-(-n // 15)).tolist() for video_id, n in LENGTHS.items()}
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(values))
    settings = EvaluationSettings(protocol="casum", score_step=15)
    found = evaluate(Scores(path), make_benchmark(), settings).metrics()["tiny/rho"]
    each = [
        rank_correlation(np.float32(values[v]), annotation(v, "ratings").user_scores[:, ::15]).rho.mean()
        for v in LENGTHS
    ]
    assert found == pytest.approx(np.mean(each), abs=1e-12)
    with pytest.raises(MaesumError, match="score_step=15 says so"):
        evaluate(Scores(path), make_benchmark())


def test_against_another_file_gives_the_paired_difference(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores]
) -> None:
    good, bad = make_scores("good", quality=1.0), make_scores("bad", quality=0.1)
    result = table(evaluate(good, make_benchmark(), against=bad))
    difference = result.difference("tau")
    assert difference == paired_difference(result.per_video("scores", "tau"), result.per_video("against", "tau"))
    assert 0 < difference.low < difference.mean
    same = table(evaluate(good, make_benchmark(), against=good))
    assert same.difference("rho") == (0.0, 0.0, 0.0)


def test_splits_are_averaged_as_in_table_a4(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    path = tmp_path / "splits.json"
    path.write_text(json.dumps([{"test_keys": ["video_1", "video_10"]}, {"test_keys": ["video_3"]}]))
    result = table(evaluate(make_scores(), make_benchmark(), EvaluationSettings(splits=str(path))))
    one, ten, three = (result.per_video("scores", "tau")[number] for number in (0, 2, 3))
    assert result.per_split("scores", "tau") == pytest.approx([(one + ten) / 2, three])
    assert result.to_dict()["splits"]["scores"]["tau"] == pytest.approx(((one + ten) / 2 + three) / 2)
    with pytest.raises(MaesumError, match="no splits for 'tiny'"):
        evaluate(make_scores(), make_benchmark(), EvaluationSettings(splits="paper5"))
    with pytest.raises(MaesumError, match="not among the benchmark's 4 videos"):
        evaluate(make_scores(), make_benchmark(name="tvsum"), EvaluationSettings(splits="paper5"))


@pytest.mark.parametrize(("policy", "wanted"), [("propagate", np.nan), ("omit", "mean"), ("zero", "zero")])
def test_a_constant_prediction_is_counted_and_follows_the_policy(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], policy: str, wanted: Any
) -> None:
    scores = make_scores(change={"video_2": np.full(LENGTHS["video_2"], 0.25)})
    settings = EvaluationSettings(undefined=policy)  # type: ignore[arg-type]
    result = table(evaluate(scores, make_benchmark(), settings, against=make_scores("other")))
    others = np.delete(result.per_video("scores", "tau"), 1)
    expected = {"mean": others.mean(), "zero": others.sum() / 4}.get(wanted, wanted)
    assert result.mean("scores", "tau") == pytest.approx(expected, nan_ok=True)
    assert result.n_undefined == (0, 4, 0, 0)
    content = result.to_dict()
    assert content["undefined"] == {"policy": policy, "count": 4}
    assert np.isnan(content["difference"]["tau"]["mean"]) == (policy == "propagate")


@pytest.mark.parametrize("kind", ["ratings", "selections"])
@pytest.mark.parametrize("stored", [True, False])
def test_f1_by_kind_and_shots(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], kind: str, stored: bool
) -> None:
    scores = make_scores()
    result = table(evaluate(scores, make_benchmark(kind, stored_shots=stored), EvaluationSettings(f1=True)), "f1")
    each = []
    for video_id, n_frames in LENGTHS.items():
        shots = uniform_shots(n_frames, 40 if stored else 60)
        users = user_summaries(annotation(video_id, kind).user_scores, shots, kind)
        f1 = f1_scores(keyshot_summary(scores[video_id], shots), users)
        each.append(f1.mean() if kind == "ratings" else f1.max())
    assert result.per_video("scores", "f1") == pytest.approx(each)
    over_random = result.per_video("scores", "f1") / result.per_video("random", "f1")
    assert result.per_video("scores", "over_random") == pytest.approx(over_random)
    assert result.mean("random", "over_random") == pytest.approx(1.0)
    assert result.values["random"].shape == (2, 100, 4)
    assert ("stored" if stored else "uniform") in result.source


def test_f1_with_shots_of_features(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    lengths = [-(-n // 15) for n in LENGTHS.values()]
    rng = np.random.default_rng(0)
    scenes = [np.repeat(rng.normal(size=(n, 6)), 6, axis=0)[:n] for n in lengths]
    write_features(tmp_path / "features.h5", list(LENGTHS), lengths, scenes, frame_step=15)
    benchmark = make_benchmark()
    settings = EvaluationSettings(f1=True, shots="kts")
    result = table(evaluate(make_scores(), benchmark, settings, features=str(tmp_path / "features.h5")), "f1")
    assert "kts" in result.source
    assert result.mean("oracle", "f1") > 0.2
    with pytest.raises(MaesumError, match="needs the features"):
        evaluate(make_scores(), benchmark, settings)
    with pytest.raises(MaesumError, match="'video_1' has no change_points; use shots=kts or shots=uniform"):
        evaluate(make_scores(), benchmark, EvaluationSettings(f1=True, shots="stored"))


def test_highlights_stand_beside_people_and_chance(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores]
) -> None:
    scores = make_scores(quality=3.0)
    result = table(evaluate(scores, make_benchmark(), EvaluationSettings(highlights=True)), "highlights")
    assert result.measures == ("map50", "map15")
    assert result.mean("scores", "map50") > result.mean("human", "map50") > result.mean("random", "map50") > 0.4


def test_what_a_kind_does_not_have_is_refused(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores]
) -> None:
    with pytest.raises(MaesumError, match="f1=true is not defined for events"):
        evaluate(make_scores(), make_benchmark("events"), EvaluationSettings(f1=True))
    with pytest.raises(MaesumError, match="highlights=true is defined for ratings"):
        evaluate(make_scores(), make_benchmark("selections"), EvaluationSettings(highlights=True))
    with pytest.raises(MaesumError, match="'casum' is not defined for selections"):
        evaluate(make_scores(), make_benchmark("selections"), EvaluationSettings(protocol="casum"))


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"video_2": None}, r"no scores of 1 of the 4 videos of .*, the first being 'video_2'"),
        ({"video_7": np.arange(5.0)}, r"holds 1 videos that .* does not have, the first being 'video_7'.*allow_extra"),
        ({"video_2": np.arange(300.0)}, r"video 'video_2': importance has 300 values, wanted 331"),
        ({"video_2": np.arange(330.0)}, r"length_tolerance=1 pads or crops"),
    ],
)
def test_scores_that_do_not_fit_are_named(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], change: dict, wanted: str
) -> None:
    with pytest.raises(MaesumError, match=wanted) as caught:
        evaluate(make_scores(change=change), make_benchmark())
    assert "scores.h5" in str(caught.value)


def test_allowed_repairs(make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores]) -> None:
    plain = make_scores("plain")
    change = {"video_2": plain["video_2"][:-1], "video_7": np.arange(5.0)}
    settings = EvaluationSettings(length_tolerance=1, allow_extra=True)
    repaired = table(evaluate(make_scores(change=change), make_benchmark(), settings))
    wanted = table(evaluate(plain, make_benchmark()))
    found, expected = repaired.per_video("scores", "tau"), wanted.per_video("scores", "tau")
    assert found[[0, 2, 3]].tolist() == expected[[0, 2, 3]].tolist()
    assert found[1] == pytest.approx(expected[1], abs=0.01)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("importance", np.array([0.1, np.nan] * 200), "nan at position 1"),
        ("importance", np.array([b"a"] * 400), "wanted numbers"),
        ("picks", np.arange(400)[::-1], "strictly increase"),
        ("picks", np.arange(400) * 2, "wanted frames from 0 to 399"),
        ("picks", np.arange(400.0), "wanted one whole number"),
    ],
)
def test_broken_fields_of_a_scores_file_are_named(
    make_benchmark: Callable[..., Benchmark],
    make_scores: Callable[..., Scores],
    field: str,
    value: np.ndarray,
    wanted: str,
) -> None:
    path = make_scores().path
    with h5py.File(path, "a") as file:
        if field in file["video_1"]:
            del file["video_1"][field]
        file["video_1"][field] = value
    with pytest.raises(MaesumError, match=wanted) as caught:
        evaluate(Scores(path), make_benchmark())
    assert "video_1" in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ({"protocol": "papr"}, "protocol is 'papr', wanted one of paper, "),
        ({"undefined": "skip"}, "wanted one of propagate, omit, zero"),
        ({"shots": "scenes"}, "wanted one of auto, stored, kts, uniform"),
        ({"score_step": 0}, "wanted at least 1"),
        ({"length_tolerance": 3}, "wanted at least 0 and at most 2"),
        ({"seed": -1}, "wanted at least 0"),
    ],
)
def test_settings_outside_their_range_are_named(setting: dict[str, Any], wanted: str) -> None:
    with pytest.raises(MaesumError, match=wanted):
        EvaluationSettings(**setting)
