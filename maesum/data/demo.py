"""Make demo data: synthetic features and annotations from a seed, in the formats that real data uses.

Nothing comes from a real video. A video is a sequence of shots. In each shot, a few hidden oscillators turn at own
rates, and one fixed random nonlinear map plus noise turns their state into features, like a network's pooled features
of a scene. Eventful shots add jolts that cannot be predicted. Twenty simulated annotators rate 2-second shots from 1 to
5, mostly by how eventful they are, with tastes and errors of their own. So a model that learns the oscillators
reconstructs quiet frames better than eventful ones, and beats both the clip's mean and interpolation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from maesum.data.benchmark import VideoAnnotation, write_benchmark
from maesum.data.features import write_features
from maesum.system.errors import MaesumError
from maesum.system.files import atomic_path

FPS = 30.0
FEATURE_DIM = 64
OSCILLATORS = 4
ANNOTATORS = 20
RATED_FRAMES = int(2 * FPS)  # annotators rate 2-second shots, as TVSum's do

PRETRAINING_VIDEOS, HELD_OUT_VIDEOS, CLIP_FRAMES = 256, 32, 300  # like Kinetics: 10 seconds each
BENCHMARK_VIDEOS = 10
ACTIONS, ACTION_FRAMES = 8, 120
ACTION_VIDEOS = {"recognition_train.h5": 16, "recognition_test.h5": 6}  # of each action

#: The files that `make_demo` writes into its folder.
FILES = ("pretraining.h5", "held_out.h5", "benchmark.h5", "annotations.h5", *ACTION_VIDEOS, "splits.json")


class _World(NamedTuple):
    """The fixed map from oscillators to features: hidden state [2 x OSCILLATORS] -> [FEATURE_DIM]."""

    into: np.ndarray  # [2 * OSCILLATORS, 48]
    out: np.ndarray  # [48, FEATURE_DIM]

    def features(self, state: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Map a state [n, 2 * OSCILLATORS] to non-negative features [n, FEATURE_DIM], as after a ReLU and pooling."""
        activation = np.tanh(state @ self.into) @ self.out
        noise = 0.15 * rng.standard_normal(activation.shape)
        return np.log1p(np.exp(activation + noise))


def make_demo(out: str | Path, seed: int = 0) -> list[Path]:
    """Write the demo set.

    Features to pretrain on and to hold out, a benchmark's features and its annotations, labelled features to train
    recognition on and to test it, and five random splits of the benchmark.

    Returns:
        The files written, in the order of `FILES`.
    """
    if not 0 <= seed < 2**32:
        raise MaesumError(f"source.seed is {seed}, wanted at least 0 and at most {2**32 - 1}.")
    folder = Path(out)
    rng = np.random.default_rng(seed)
    world = _World(rng.normal(0, 0.9, (2 * OSCILLATORS, 48)), rng.normal(0, 1 / np.sqrt(12), (48, FEATURE_DIM)))
    paths = [folder / name for name in FILES]
    for path, prefix, count in ((paths[0], "clip", PRETRAINING_VIDEOS), (paths[1], "held_out", HELD_OUT_VIDEOS)):
        videos = [_video(world, CLIP_FRAMES, rng)[0] for _ in range(count)]
        _write(path, [f"{prefix}_{number:03d}" for number in range(1, count + 1)], videos)

    lengths = [
        int(rng.integers(40, 80)) * RATED_FRAMES // 2 + int(rng.integers(RATED_FRAMES)) for _ in range(BENCHMARK_VIDEOS)
    ]
    drawn = [_video(world, length, rng) for length in lengths]
    video_ids = [f"video_{number}" for number in range(1, len(drawn) + 1)]
    _write(paths[2], video_ids, [features for features, _ in drawn])
    annotations = [
        VideoAnnotation(video_id, _ratings(eventfulness, rng), FPS, f"synthetic {video_id}", None, "synthetic")
        for video_id, (_, eventfulness) in zip(video_ids, drawn, strict=True)
    ]
    write_benchmark(paths[3], "demo", "ratings", annotations, source=f"synthetic, seed {seed}")
    _write_actions(folder, world, rng)
    _write_splits(paths[-1], video_ids, rng)
    return paths


def ensure_demo(folder: str | Path) -> None:
    """Make the demo set unless all its files exist."""
    if not all((Path(folder) / name).exists() for name in FILES):
        make_demo(folder)


def _write_actions(folder: Path, world: _World, rng: np.random.Generator) -> None:
    """Write labelled videos: an action has its own periods and amplitudes, a video its own phases and noise."""
    periods = rng.uniform(15, 120, (ACTIONS, OSCILLATORS))
    sizes = rng.uniform(0.2, 1.0, (ACTIONS, OSCILLATORS))
    frames = np.arange(ACTION_FRAMES)[:, None]

    def video(action: int) -> np.ndarray:
        angle = rng.uniform(0, 2 * np.pi, OSCILLATORS) + 2 * np.pi * frames / periods[action]
        size = sizes[action] * rng.uniform(0.8, 1.2, OSCILLATORS)
        return world.features(np.concatenate([size * np.sin(angle), size * np.cos(angle)], axis=1), rng)

    for name, count in ACTION_VIDEOS.items():
        actions = np.repeat(np.arange(ACTIONS), count)
        video_ids = [f"action_{action + 1}_{name.split('.')[0]}_{number:03d}" for number, action in enumerate(actions)]
        labels = [f"action_{action + 1}" for action in actions]
        _write(folder / name, video_ids, [video(int(action)) for action in actions], labels)


def _write_splits(path: Path, video_ids: list[str], rng: np.random.Generator) -> None:
    """Write five random splits that test on a fifth of the videos each, for `maesum.metrics.splits` to read."""

    def splits() -> Iterator[dict[str, list[str]]]:
        for _ in range(5):
            tested = rng.choice(len(video_ids), len(video_ids) // 5, replace=False)
            yield {"test_keys": [video_ids[number] for number in sorted(tested)]}

    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"demo": list(splits())}, indent=2) + "\n", encoding="utf-8")


def _write(path: Path, video_ids: list[str], videos: list[np.ndarray], labels: list[str] | None = None) -> None:
    write_features(
        path,
        video_ids,
        [len(video) for video in videos],
        videos,
        backbone="synthetic",
        preprocessing="none",
        fps=[FPS] * len(videos),
        labels=labels,
    )


def _video(world: _World, length: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return one video: features [length, FEATURE_DIM] float32 and how eventful each frame is, [length] in [0, 1]."""
    states, eventfulness = [], []
    remaining = length
    while remaining > 0:
        shot = min(int(rng.integers(3, 9) * FPS), remaining)
        level = float(rng.beta(0.5, 1.2))  # most shots are quiet, a few are not
        states.append(_shot(shot, level, rng))
        eventfulness.append(np.full(shot, level))
        remaining -= shot
    features = world.features(np.concatenate(states), rng)
    return features.astype(np.float32), np.concatenate(eventfulness)


def _shot(length: int, level: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the hidden state of one shot: [length, 2 * OSCILLATORS]."""
    period = rng.uniform(40, 160, OSCILLATORS)  # frames
    phase = rng.uniform(0, 2 * np.pi, OSCILLATORS)
    size = rng.uniform(0.3, 1.0, OSCILLATORS)
    angle = phase + 2 * np.pi * np.arange(length)[:, None] / period  # [length, OSCILLATORS]
    steady = np.concatenate([size * np.sin(angle), size * np.cos(angle)], axis=1)
    jolts = rng.standard_normal((length, 2 * OSCILLATORS)) * (rng.random((length, 1)) < 0.5)
    return steady + 0.8 * level * jolts


def _ratings(eventfulness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the ratings of twenty annotators: [ANNOTATORS, n] uint8 from 1 to 5, constant over 2-second shots."""
    shots = -(-len(eventfulness) // RATED_FRAMES)
    level = np.array([eventfulness[s * RATED_FRAMES : (s + 1) * RATED_FRAMES].mean() for s in range(shots)])
    trust = rng.uniform(0.2, 0.8, (ANNOTATORS, 1))  # how far each follows the events rather than a taste of their own
    opinion = trust * level + (1 - trust) * rng.beta(0.8, 1.6, (ANNOTATORS, shots))
    ratings = np.clip(np.round(1 + 5 * opinion), 1, 5).astype(np.uint8)
    return np.repeat(ratings, RATED_FRAMES, axis=1)[:, : len(eventfulness)]
