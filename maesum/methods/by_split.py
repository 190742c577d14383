"""Scoring a benchmark with the networks of a peer method that trains on splits of it, by our evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores, write_scores
from maesum.evaluation import EvaluationSettings, Table, evaluate, print_evaluation
from maesum.methods.dr_dsn import DrDsn, WholeVideos
from maesum.metrics.bootstrap import bootstrap_interval
from maesum.runs.provenance import write_json
from maesum.system.printing import say


def score_by_split(
    name: str, task: DrDsn, videos: WholeVideos, benchmark: Benchmark, config: dict[str, Any], folder: Path
) -> dict[str, float]:
    """Score every video with every network, and average each network's result over the videos it was not trained on.

    Without splits there is one network, trained on and scored on all videos (no annotation is used in either case).
    Writes scores/<benchmark>.h5, or scores/<benchmark>_split_<k>.h5 for each split, and evaluation.json.

    Returns:
        `<benchmark>/tau` and `<benchmark>/rho`, means over splits.
    """
    splits = config["dr_dsn"]["splits"]
    settings = EvaluationSettings(seed=config["seed"], splits=splits)
    tables: list[Table] = []
    for number in range(len(task.networks)):
        path = folder / "scores" / (f"{name}.h5" if splits == "none" else f"{name}_split_{number + 1}.h5")
        scores, picks = _probabilities(task, number, videos)
        write_scores(path, scores, {"benchmark": name, "scorer": "dr_dsn", "split": number + 1}, picks)
        evaluation = evaluate(Scores(path), benchmark, settings, name=name)
        tables.append(evaluation.tables[0])
    result = tables[0].to_dict() if splits == "none" else _of_own_splits(tables)
    content = {"benchmark": name, "splits": splits, "protocols": {"paper": result}}
    write_json(folder / "evaluation.json", {name: content})
    if splits == "none":
        print_evaluation(evaluation, videos=False)
    else:
        each = ", ".join(f"{value:.4f}" for value in result["tau_each"])
        means = f"tau {result['tau']:.4f} ({each}), rho {result['rho']:.4f}"
        say(f"{name}, mean over {len(tables)} splits ({splits}): {means}")
    return {f"{name}/{measure}": result[measure] for measure in ("tau", "rho")}


@torch.inference_mode()
def _probabilities(
    task: DrDsn, number: int, videos: WholeVideos
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray] | None]:
    """One network's importance of the kept frames of every video, and which frames of the video these are."""
    step = videos.every * videos.store.frame_step
    network = task.networks[number].eval()
    scores: dict[str, np.ndarray] = {}
    for video, video_id in enumerate(videos.video_ids):
        scores[video_id] = network(videos.features(video).to(task.device)).float().cpu().numpy()
    if step == 1:
        return scores, None
    return scores, {video_id: np.arange(len(values), dtype=np.int64) * step for video_id, values in scores.items()}


def _of_own_splits(tables: list[Table]) -> dict[str, Any]:
    """The mean over splits, each by its own network, with an interval over the tested videos."""
    result: dict[str, Any] = {"source": tables[0].source}
    for measure in tables[0].measures:
        each = [table.per_split("scores", measure)[number] for number, table in enumerate(tables)]
        tested = np.concatenate(
            [table.per_video("scores", measure)[list(table.splits[number])] for number, table in enumerate(tables)]
        )
        result[measure] = float(np.mean(each))
        result[f"{measure}_interval"] = list(bootstrap_interval(tested))
        result[f"{measure}_each"] = each
    return result
