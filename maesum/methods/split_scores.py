"""Scoring a benchmark with the networks that were trained on splits of it, by our evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maesum.config.training import TrainConfig
from maesum.data.opened import OpenBenchmark
from maesum.data.scores import Scores, write_scores
from maesum.evaluation import EvaluationSettings, Table, evaluate, print_evaluation
from maesum.metrics.bootstrap import bootstrap_interval
from maesum.runs.provenance import write_json
from maesum.scoring.whole_video import VideoScorer
from maesum.system.printing import say


def score_by_split(
    scorers: Sequence[VideoScorer],
    benchmark: OpenBenchmark,
    config: TrainConfig,
    folder: Path,
    *,
    is_supervised: bool = False,
) -> dict[str, float]:
    """Score every video with every network, and average each network's result over the videos it was not trained on.

    Without splits there is one network, trained on and scored on all videos (no annotation is used then).
    Writes scores/<benchmark>.h5, or scores/<benchmark>_split_<k>.h5 for each split, and evaluation.json.

    Args:
        scorers: one for each split, in their order.
        is_supervised: whether each has learnt from the annotations of the videos that it was trained on.

    Returns:
        `<benchmark>/tau` and `<benchmark>/rho`, means over splits.
    """
    name, splits, store = benchmark.name, config.splits, benchmark.features
    settings = EvaluationSettings(seed=config.seed, splits=splits)
    told = {"supervised": "yes" if is_supervised else "no"}
    tables: list[Table] = []
    for number, scorer in enumerate(scorers, start=1):
        path = folder / "scores" / (f"{name}.h5" if splits == "none" else f"{name}_split_{number}.h5")
        scores = {id_: scorer.importance(store[id_], store.frame_step) for id_ in benchmark.annotations.video_ids}
        origin = {"benchmark": name, "scorer": config.method["name"], "split": number} | told
        write_scores(path, scores, origin, scorer.picks(scores, store.frame_step))
        evaluation = evaluate(Scores(path), benchmark.annotations, settings, name=name)
        tables.append(evaluation.tables[0])
    result = tables[0].to_dict() if splits == "none" else _of_own_splits(tables)
    content = {"benchmark": name, "splits": splits, "protocols": {"paper": result}}
    write_json(folder / "evaluation.json", {name: content})
    if splits == "none":
        print_evaluation(evaluation, videos=False)
    else:
        each = ", ".join(f"{value:.4f}" for value in result["tau_each"])
        learnt = ", from the annotations of the other videos" if is_supervised else ""
        means = f"tau {result['tau']:.4f} ({each}), rho {result['rho']:.4f}"
        say(f"{name}, mean over {len(tables)} splits ({splits}){learnt}: {means}")
    return {f"{name}/{measure}": result[measure] for measure in ("tau", "rho")}


def _of_own_splits(tables: list[Table]) -> dict[str, Any]:
    """The mean over splits, each by its own network, with an interval over the tested videos.

    `videos_of_splits` holds for each split, in their order, what its own network reaches on each of its test videos.
    """
    result: dict[str, Any] = {"source": tables[0].source}
    for measure in tables[0].measures:
        each = [table.per_split("scores", measure)[number] for number, table in enumerate(tables)]
        tested = np.concatenate(
            [table.per_video("scores", measure)[list(table.splits[number])] for number, table in enumerate(tables)]
        )
        result[measure] = float(np.mean(each))
        result[f"{measure}_interval"] = list(bootstrap_interval(tested))
        result[f"{measure}_each"] = each
    result["videos_of_splits"] = [_of_test_videos(table, table.splits[number]) for number, table in enumerate(tables)]
    return result


def _of_test_videos(table: Table, split: Sequence[int]) -> dict[str, dict[str, float]]:
    values = {measure: table.per_video("scores", measure) for measure in table.measures}
    return {
        table.video_ids[video]: {measure: float(values[measure][video]) for measure in table.measures}
        for video in split
    }
