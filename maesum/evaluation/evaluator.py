"""Evaluate a scores file on a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from maesum.config.evaluation import EvaluationSettings
from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores
from maesum.evaluation.joining import Case, ShotSource, check_videos, importance_per_frame
from maesum.evaluation.measures import SCORES, Rows, f1_rows, highlight_rows, rank_rows
from maesum.evaluation.names import warn_of_other_names
from maesum.evaluation.served import described, protocols_to_compute
from maesum.evaluation.tables import Table
from maesum.metrics.averages import Undefined
from maesum.metrics.protocols import PROTOCOLS, comparison_for
from maesum.metrics.splits import load_splits, resolve_splits
from maesum.system.errors import MaesumError
from maesum.system.progress import track

_MEASURES = {"f1": ("f1", "over_random"), "highlights": ("map50", "map15")}


@dataclass(frozen=True)
class Evaluation:
    """All results of a scores file on a benchmark.

    Attributes:
        benchmark: name of the benchmark in the keys of results.
        title: name of the benchmark in its annotations, which may differ.
        kind: kind of the benchmark.
        annotations: path of the benchmark file.
        scores: path of the scores file.
        against: path of the scores file that it is compared with, or None.
        splits: where the splits come from, or "none".
        tables: one table for each protocol, then "f1" and "highlights" if they were computed.
    """

    benchmark: str
    title: str
    kind: str
    annotations: str
    scores: str
    against: str | None
    splits: str
    tables: tuple[Table, ...]

    def metrics(self) -> dict[str, float]:
        """Return the main figures under the keys that loggers use: tvsum/tau, tvsum/rho, and tvsum/f1 if computed."""
        first = [table for table in self.tables if table.name not in _MEASURES][:1]
        extra = [table for table in self.tables if table.name in _MEASURES]
        return {
            f"{self.benchmark}/{measure}": table.mean(SCORES, measure)
            for table in first + extra
            for measure in table.measures
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the results as plain values for metrics.json; nan where undefined."""
        protocols = {table.name: table.to_dict() for table in self.tables if table.name not in _MEASURES}
        extra = {table.name: table.to_dict() for table in self.tables if table.name in _MEASURES}
        names = ("benchmark", "title", "kind", "annotations", "scores", "against", "splits")
        return {**{name: getattr(self, name) for name in names}, "protocols": protocols, **extra}


def evaluate(
    scores: Scores,
    benchmark: Benchmark,
    settings: EvaluationSettings | None = None,
    against: Scores | None = None,
    features: Any = None,
    *,
    name: str | None = None,
) -> Evaluation:
    """Everything that the settings ask for of a scores file, with its baselines.

    Args:
        against: another scores file of the same videos, to compare with.
        features: features in a form that `FeatureStore` opens, for shots=kts; None if there are none.
        name: name of the benchmark in the results; by default the one in its annotations. Splits and the usual F1
            depend on the name in the annotations only, since they belong to the data.

    Raises:
        MaesumError: the files do not match, or a figure asked for is not defined for the kind of benchmark.
    """
    settings = settings or EvaluationSettings()
    name = name or benchmark.name
    for each in (scores, against):
        if each is not None:
            check_videos(each, benchmark, settings.allow_extra)
            warn_of_other_names(each, benchmark, name)
    wanted = _tables_wanted(settings, benchmark)
    splits = resolve_splits(
        load_splits(settings.splits, benchmark.name, len(benchmark)), benchmark.video_ids, settings.splits
    )
    shots = ShotSource(settings.shots, benchmark, features)
    f1_over = _f1_over(settings, benchmark)
    needs_shots = any(table == "f1" or _needs_shots(table, benchmark.kind) for table in wanted)

    rows: dict[str, list[Rows]] = {table: [] for table in wanted}
    undefined: dict[str, list[int]] = {table: [] for table in wanted}
    videos = track(enumerate(benchmark.video_ids), f"evaluating {name}", len(benchmark))
    for number, video_id in videos:
        annotation = benchmark[video_id]
        n_frames = annotation.user_scores.shape[1]
        case = Case(
            importance=importance_per_frame(scores, video_id, n_frames, settings),
            against=None if against is None else importance_per_frame(against, video_id, n_frames, settings),
            user_scores=annotation.user_scores,
            kind=benchmark.kind,
            f1_over=f1_over,
            fps=annotation.fps,
            shots=shots(annotation) if needs_shots else None,
            seed=(settings.seed, number),
        )
        for table in wanted:
            measured, n_undefined = _measure(table, case, settings)
            rows[table].append(measured)
            undefined[table].append(n_undefined)

    number_of = {video_id: number for number, video_id in enumerate(benchmark.video_ids)}
    tables = tuple(
        Table(
            name=table,
            source=_source(table, benchmark, f1_over, sorted(shots.used)),
            measures=_MEASURES.get(table, ("tau", "rho")),
            video_ids=tuple(benchmark.video_ids),
            values=_stacked(rows[table]),
            undefined=cast(Undefined, settings.undefined),
            n_undefined=tuple(undefined[table]),
            splits=tuple(tuple(number_of[video_id] for video_id in split) for split in splits),
            seed=settings.seed,
        )
        for table in wanted
    )
    return Evaluation(
        benchmark=name,
        title=benchmark.name,
        kind=benchmark.kind,
        annotations=str(benchmark.path),
        scores=str(scores.path),
        against=None if against is None else str(against.path),
        splits=settings.splits,
        tables=tables,
    )


def _tables_wanted(settings: EvaluationSettings, benchmark: Benchmark) -> list[str]:
    names = protocols_to_compute(settings.protocol, benchmark)
    if settings.f1 and benchmark.kind == "events":
        raise MaesumError("f1=true is not defined for events, whose annotators make no summaries; leave it out.")
    if settings.highlights and benchmark.kind != "ratings":
        raise MaesumError(f"highlights=true is defined for ratings, not for {benchmark.kind}; leave it out.")
    return names + ["f1"] * settings.f1 + ["highlights"] * settings.highlights


def _needs_shots(name: str, kind: str) -> bool:
    return name in PROTOCOLS and comparison_for(name, kind).needs_shots


def _measure(name: str, case: Case, settings: EvaluationSettings) -> tuple[Rows, int]:
    if name == "f1":
        rows = f1_rows(case)
        return rows, int(np.isnan(rows[SCORES]).sum())
    if name == "highlights":
        return highlight_rows(case), 0
    return rank_rows(case, name, cast(Undefined, settings.undefined))


def _f1_over(settings: EvaluationSettings, benchmark: Benchmark) -> str:
    """Return "mean" or "max": how the F1 is combined over annotators, by default as is usual for the benchmark.

    For TVSum it is the mean, also with the public files that hold selections instead of ratings.
    """
    if settings.f1_over != "auto":
        return settings.f1_over
    return "mean" if benchmark.kind == "ratings" or benchmark.name == "tvsum" else "max"


def _source(name: str, benchmark: Benchmark, f1_over: str, shots: list[str]) -> str:
    with_shots = f"; shots: {', '.join(shots)}"
    if name == "f1":
        users = "mean over users" if f1_over == "mean" else "maximum over users"
        return f"key-shot F1 (Zhang et al., 2016), {users}, 15 % knapsack{with_shots}"
    if name == "highlights":
        return "mAP of the best 50 % and 15 % of two-second shots (MR. HiSum, 2023)"
    source = PROTOCOLS[name].source + (with_shots if _needs_shots(name, benchmark.kind) else "")
    return described(source, name, benchmark)


def _stacked(videos: list[Rows]) -> dict[str, np.ndarray]:
    """Stack each predictor's values [measures, draws] of all videos to [measures, draws, videos].

    A benchmark may have videos with one annotator among others with several; a row that any video lacks is left out.
    """
    names = [name for name in videos[0] if all(name in rows for rows in videos)]
    return {name: np.stack([rows[name] for rows in videos], axis=-1) for name in names}
