"""Join a scores file with a benchmark: check that they match, and give every frame of every video a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maesum.config.evaluation import EvaluationSettings
from maesum.data.benchmark import Benchmark, VideoAnnotation
from maesum.data.joining import check_features_match
from maesum.data.scores import Scores
from maesum.metrics.alignment import STEP, fit_length, hold
from maesum.metrics.shots import kts_shots, uniform_shots
from maesum.system.errors import MaesumError


@dataclass(frozen=True)
class Case:
    """One video of a benchmark with its predictions.

    Attributes:
        importance: [n_frames] floats, the prediction at every frame.
        against: [n_frames] floats, another prediction to compare with, or None.
        user_scores: [users, n_frames], raw.
        kind: "ratings", "selections" or "events".
        fps: frames per second; None if the benchmark does not give it.
        f1_over: "mean" or "max": how the F1 is combined over annotators.
        shots: [shots, 2] int64; None if no figure needs them.
        seed: seed of the video's random baselines: (seed, number of the video).
    """

    importance: np.ndarray
    against: np.ndarray | None
    user_scores: np.ndarray
    kind: str
    f1_over: str
    fps: float | None
    shots: np.ndarray | None
    seed: tuple[int, int]


def check_videos(scores: Scores, benchmark: Benchmark, allow_extra: bool) -> None:
    """Check that a scores file holds the benchmark's videos, and no others unless allowed.

    Raises:
        MaesumError: naming the first missing or additional video.
    """
    missing = [video_id for video_id in benchmark.video_ids if video_id not in set(scores.video_ids)]
    if missing:
        only = _instead(scores, benchmark)
        raise MaesumError(
            f"{scores.path}: has no scores of {len(missing)} of the {len(benchmark)} videos of {benchmark.path}, the "
            f"first being '{missing[0]}'{only}; score every video and name it by the benchmark's id."
        )
    extra = [video_id for video_id in scores.video_ids if video_id not in set(benchmark.video_ids)]
    if extra and not allow_extra:
        raise MaesumError(
            f"{scores.path}: holds {len(extra)} videos that {benchmark.path} does not have, the first being "
            f"'{extra[0]}'; take them out, or leave them aside with allow_extra=true."
        )


def _instead(scores: Scores, benchmark: Benchmark) -> str:
    """Return a hint with an id that only the scores have, so that the user sees if videos are named differently."""
    extra = [video_id for video_id in scores.video_ids if video_id not in set(benchmark.video_ids)]
    return f" (only the scores have '{extra[0]}')" if extra else ""


def importance_per_frame(scores: Scores, video_id: str, n_frames: int, settings: EvaluationSettings) -> np.ndarray:
    """Return one video's prediction at every frame, [n_frames]: scores at picks are held until the next pick.

    Raises:
        MaesumError: the scores do not fit the video's length.
    """
    values, picks = scores[video_id], scores.picks(video_id)
    try:
        if picks is None and settings.score_step > 1:
            wanted = -(-n_frames // settings.score_step)
            values = fit_length(values, wanted, settings.length_tolerance)
            picks = np.arange(wanted) * settings.score_step
        if picks is not None:
            return hold(values, picks, n_frames)
        return fit_length(values, n_frames, settings.length_tolerance)
    except MaesumError as error:
        sampled = picks is None and settings.score_step == 1 and len(values) == -(-n_frames // STEP)
        hint = f" These may be the scores of every {STEP}th frame: score_step={STEP} says so." if sampled else ""
        raise MaesumError(f"{scores.path}: video '{video_id}': {error}{hint}") from None


class ShotSource:
    """Provides the shots of each video, from the chosen source.

    Args:
        choice: "auto", "stored", "kts" or "uniform".
        features: features in a form that `FeatureStore` opens, for kts; None if there are none.

    Attributes:
        used: the sources used so far, which the result names.
    """

    def __init__(self, choice: str, benchmark: Benchmark, features: Any = None) -> None:
        self._choice, self._benchmark, self._features = choice, benchmark, features
        self._store: Any = None
        self.used: set[str] = set()

    def __call__(self, annotation: VideoAnnotation) -> np.ndarray:
        """Return a video's shots, [shots, 2] int64, first and last frame of each.

        Raises:
            MaesumError: the chosen source has no shots.
        """
        choice = self._choice
        if choice == "auto":
            stored = annotation.change_points is not None
            choice = "stored" if stored else "kts" if self._features is not None else "uniform"
        self.used.add(choice)
        n_frames = annotation.user_scores.shape[1]
        if choice == "uniform":
            return uniform_shots(n_frames)
        if choice == "kts":
            return self._segmented(annotation.video_id, n_frames)
        if annotation.change_points is None:
            raise MaesumError(
                f"{self._benchmark.path}: video '{annotation.video_id}' has no change_points; use shots=kts or "
                "shots=uniform."
            )
        return annotation.change_points

    def _segmented(self, video_id: str, n_frames: int) -> np.ndarray:
        if self._features is None:
            raise MaesumError(f"shots=kts needs the features of {self._benchmark.path}, but none were named.")
        if self._store is None:
            from maesum.data.store import FeatureStore  # imports torch, which nothing else here needs

            store = FeatureStore(self._features)
            check_features_match(
                self._benchmark, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0], store.fps
            )
            self._store = store
        rows = self._store[video_id].numpy()
        step = max(1, STEP // self._store.frame_step)  # every 15th frame, or all rows if they are sparser
        picks = np.arange(len(rows)) * self._store.frame_step
        return kts_shots(rows[::step], picks[::step], n_frames)
