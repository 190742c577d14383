"""Each protocol computes what its users compute, spelled out here with scipy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from maesum.metrics import (
    PROTOCOLS,
    fit_length,
    hold,
    keyshot_summary,
    load_splits,
    protocol_correlation,
    uniform_shots,
)
from maesum.metrics.protocols import comparison_for, defined_for
from maesum.metrics.splits import resolve_splits
from maesum.system.errors import MaesumError

RNG = np.random.default_rng(0)
N = 1000
PREDICTION = RNG.random(N)
RATINGS = np.repeat(RNG.integers(1, 6, (4, 50)), 20, axis=1)
SELECTIONS = np.repeat(RNG.integers(0, 4, (4, 50)) * RNG.integers(0, 2, (4, 50)), 20, axis=1)
SHOTS = uniform_shots(N, 40)


def each(prediction: np.ndarray, annotators: np.ndarray) -> tuple[list[float], list[float]]:
    return (
        [kendalltau(prediction, user)[0] for user in annotators],
        [spearmanr(prediction, user)[0] for user in annotators],
    )


def summaries_mean(ratings: np.ndarray) -> np.ndarray:
    return np.mean([keyshot_summary(user, SHOTS) for user in ratings], axis=0)[None]


REPEATED = np.repeat(PREDICTION[::15], 15)[:N]
SUMMARY = keyshot_summary(PREDICTION, SHOTS)


@pytest.mark.parametrize(
    ("name", "kind", "prediction", "annotators"),
    [
        ("paper", "ratings", PREDICTION, RATINGS),
        ("paper", "selections", PREDICTION, SELECTIONS > 0),
        ("paper", "events", PREDICTION, SELECTIONS[:1] > 0),
        ("saquil", "ratings", REPEATED, RATINGS),
        ("saquil", "selections", REPEATED, SELECTIONS),
        ("casum", "ratings", PREDICTION[::15], RATINGS[:, ::15]),
        ("ctvsum", "ratings", PREDICTION[::15], RATINGS[:, ::15]),
        ("ctvsum", "selections", PREDICTION[::15], SELECTIONS[:, ::15] > 0),
        ("csta", "ratings", PREDICTION[::15], RATINGS[:, ::15]),
        ("csta", "selections", SUMMARY, (SELECTIONS > 0).mean(axis=0)[None]),
        ("msva", "ratings", SUMMARY, summaries_mean(RATINGS)),
        ("msva", "selections", SUMMARY, (SELECTIONS > 0).mean(axis=0)[None]),
        ("gtscore", "ratings", PREDICTION[::15], RATINGS[:, ::15].mean(axis=0)[None]),
        ("gtscore", "selections", PREDICTION[::15], (SELECTIONS[:, ::15] > 0).mean(axis=0)[None]),
    ],
)
def test_protocol(name: str, kind: str, prediction: np.ndarray, annotators: np.ndarray) -> None:
    scores = RATINGS if kind == "ratings" else SELECTIONS if kind == "selections" else SELECTIONS[:1] > 0
    found = protocol_correlation(name, kind, PREDICTION, scores, SHOTS)
    tau, rho = each(prediction, annotators)
    np.testing.assert_allclose(found.tau, tau, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.rho, rho, rtol=0, atol=1e-12)


def test_every_protocol_is_covered_above_for_every_kind_it_is_defined_for() -> None:
    assert defined_for("ratings") == list(PROTOCOLS)
    assert defined_for("selections") == [name for name in PROTOCOLS if name != "casum"]
    assert defined_for("events") == ["paper"]


def test_unknown_undefined_and_incomplete_requests_are_named() -> None:
    with pytest.raises(MaesumError, match="wanted one of paper, saquil"):
        comparison_for("papr", "ratings")
    with pytest.raises(MaesumError, match="'casum' is not defined for selections"):
        comparison_for("casum", "selections")
    with pytest.raises(MaesumError, match="needs shots"):
        protocol_correlation("msva", "ratings", PREDICTION, RATINGS)
    with pytest.raises(MaesumError, match="wanted \\[n\\] and \\[users, n\\]"):
        protocol_correlation("paper", "ratings", PREDICTION[:-1], RATINGS)


def test_scores_at_picks_are_held_until_the_next() -> None:
    assert hold([1.0, 2.0, 3.0], [0, 3, 5], 8).tolist() == [1, 1, 1, 2, 2, 3, 3, 3]
    assert hold([1.0, 2.0], [2, 4], 6).tolist() == [1, 1, 1, 1, 2, 2]
    every_15th = np.arange(0, N, 15)
    np.testing.assert_array_equal(hold(PREDICTION[every_15th], every_15th, N), REPEATED)


@pytest.mark.parametrize(
    ("picks", "wanted"),
    [
        ([0, 5, 5], "strictly increasing"),
        ([0, 9, 4], "hold 4 at position 2"),
        ([0, 5, 8], "from 0 to 8, wanted frames from 0 to 7"),
        ([-1, 5, 7], "from -1"),
        ([0, 1], "one pick per score"),
        ([0.0, 1.0, 2.0], "wanted whole numbers"),
    ],
)
def test_unfit_picks_are_named(picks: list, wanted: str) -> None:
    with pytest.raises(MaesumError, match=wanted):
        hold([1.0, 2.0, 3.0], picks, 8)


@pytest.mark.parametrize(
    ("picks", "n_frames", "fits"),
    [
        (range(0, 450, 15), 450, True),
        (range(0, 435, 15), 450, True),  # the last row is missing, as extractors leave it
        (range(0, 420, 15), 450, False),
        (range(30), 450, False),  # rows, not frames
        (range(30), 31, True),
        (range(7, 450, 15), 450, True),  # the middle of every 15 frames
        (range(120, 450, 15), 450, False),
        ([0, 15, 30, 449], 450, True),  # uneven, as a sampler of shots leaves it
        ([3], 450, True),
    ],
)
def test_picks_reach_from_the_beginning_to_the_end(picks: Sequence[int], n_frames: int, fits: bool) -> None:
    if fits:
        assert len(hold(np.zeros(len(picks)), list(picks), n_frames)) == n_frames
        return
    with pytest.raises(MaesumError, match=f"but the video has {n_frames} frames, wanted picks from its beginning"):
        hold(np.zeros(len(picks)), list(picks), n_frames)


def test_lengths_are_repaired_only_on_request_and_by_two_frames_at_most() -> None:
    assert fit_length([1, 2, 3], 3).tolist() == [1, 2, 3]
    assert fit_length([1, 2, 3], 5, tolerance=2).tolist() == [1, 2, 3, 3, 3]
    assert fit_length([1, 2, 3], 2, tolerance=1).tolist() == [1, 2]
    with pytest.raises(MaesumError, match=r"3 values, wanted 5.*length_tolerance=2 pads or crops"):
        fit_length([1, 2, 3], 5)
    with pytest.raises(MaesumError, match=r"3 values, wanted 6, one for each frame\.$"):
        fit_length([1, 2, 3], 6, tolerance=2)
    with pytest.raises(MaesumError, match="wanted 0 to 2"):
        fit_length([1, 2, 3], 6, tolerance=3)


@pytest.mark.parametrize(("name", "tested"), [("tvsum", 10), ("summe", 5)])
def test_aae_splits_are_the_public_ones(shared: Path, name: str, tested: int) -> None:
    public = json.loads((shared / "lists" / f"pglsum_{name}_splits.json").read_text())
    found = load_splits("aae", name)
    assert found == [split["test_keys"] for split in public]
    assert [len(split) for split in found] == [tested] * 5


def test_splits_of_another_benchmark_are_refused_though_their_videos_are_called_the_same(tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    videos = [f"video_{number}" for number in range(1, 26)]
    path.write_text(json.dumps([{"train_keys": videos[5:], "test_keys": videos[:5]}]))
    assert load_splits(path, "summe", 25) == [videos[:5]]
    with pytest.raises(MaesumError, match="name 25 videos, but tvsum has 50"):
        load_splits(path, "tvsum", 50)
    keys = [f"../data/eccv16_dataset_summe_google_pool5.h5/{video}" for video in videos[:5]]
    path.write_text(json.dumps([{"test_keys": keys}]))
    assert load_splits(path, "summe", 25) == [videos[:5]]
    with pytest.raises(MaesumError, match="a video of summe, but the benchmark is tvsum"):
        load_splits(path, "tvsum", 50)
    with pytest.raises(MaesumError, match="no splits for 'finegym'"):
        load_splits("aae", "finegym")


def test_the_papers_splits_are_the_listings() -> None:
    assert [len(split) for split in load_splits("paper5", "tvsum")] == [10] * 5
    assert [len(split) for split in load_splits("paper5", "summe")] == [5] * 5
    assert [len(split) for split in load_splits("paper5", "finegym")] == [10] * 5
    assert load_splits("paper5", "summe")[0] == ["video_25", "video_5", "video_23", "video_20", "video_11"]
    assert load_splits("none", "tvsum") == []


def test_split_files_in_the_form_of_public_code(tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    path.write_text(json.dumps([{"train_keys": ["video_1"], "test_keys": ["set.h5/video_2", "video_3"]}]))
    assert load_splits(path, "tvsum") == [["video_2", "video_3"]]
    path.write_text(json.dumps({"summe": [{"test_keys": ["video_1"]}]}))
    assert load_splits(path, "summe") == [["video_1"]]
    with pytest.raises(MaesumError, match="no splits for 'tvsum'"):
        load_splits(path, "tvsum")


@pytest.mark.parametrize("content", ["[]", "3", '[{"train_keys": []}]', '[{"test_keys": []}]', '[["video_1"]]', "{"])
def test_broken_split_files_are_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "splits.json"
    path.write_text(content)
    with pytest.raises(MaesumError, match=r"splits\.json"):
        load_splits(path, "tvsum")


def test_missing_split_files_and_foreign_videos_are_named() -> None:
    with pytest.raises(MaesumError, match=r"paper6: cannot be read"):
        load_splits("paper6", "tvsum")
    with pytest.raises(MaesumError, match="split 2 names video 'video_9'"):
        resolve_splits([["video_1"], ["video_9"]], ["video_1"], "mine.json")


def test_the_metrics_need_neither_torch_nor_hydra_nor_h5py() -> None:
    heavy = ("torch", "hydra", "h5py", "scipy", "ruptures")
    code = f"import sys, maesum.metrics; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
