"""The prediction loop: score every frame of every benchmark video, write the scores, compute tau and rho."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.distributed as dist
from lightning.fabric import Fabric
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from maesum.data.benchmark import Benchmark
from maesum.data.joining import check_features_match
from maesum.data.scores import Scores, write_scores
from maesum.data.store import FeatureStore
from maesum.errors import MaesumError, first_line
from maesum.evaluation import EvaluationSettings, evaluate, print_evaluation
from maesum.files import file_hash
from maesum.inputs import check_inputs
from maesum.launch import check_processes
from maesum.progress import progress_bar, track
from maesum.reporting.figures import importance_figure
from maesum.runtime import describe_device, provenance, write_json, write_text
from maesum.scoring import (
    TRAINING_FREE,
    Reconstructor,
    ScoringSettings,
    evenly_spread,
    frames_to_score,
    importance_over_ranks,
)
from maesum.tasks.checkpoints import load_autoencoder
from maesum.tasks.processes import leave_group_at_exit


def run(config: DictConfig) -> dict[str, float]:
    """The predict command: from its config to scores, tables, figures and metrics.json.

    With several devices each takes a part of every video's frames.

    Returns:
        `<benchmark>/tau` and `<benchmark>/rho`.

    Raises:
        MaesumError: a missing or unfit file or setting.
    """
    started = time.time()
    plain = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True, throw_on_missing=True))
    if not plain["benchmarks"]:
        raise MaesumError("benchmark=[] names nothing to score; name at least one, e.g. benchmark=tvsum.")
    settings = ScoringSettings(**plain["scoring"])
    check_inputs(plain)
    predictor, attributes = choose_predictor(plain["scorer"], plain["ckpt"])
    benchmarks = plain["benchmarks"]
    if plain["stride"] is not None:
        benchmarks = {name: {**benchmark, "stride": plain["stride"]} for name, benchmark in benchmarks.items()}
    try:
        fabric = Fabric(accelerator=plain["accelerator"], devices=plain["devices"], num_nodes=plain["num_nodes"])
        check_processes(getattr(fabric.strategy, "num_processes", 1), plain["num_nodes"])
    except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
        raise MaesumError(
            f"accelerator={plain['accelerator']} devices={plain['devices']}: {first_line(error)}"
        ) from None
    leave_group_at_exit()
    fabric.launch()
    if isinstance(predictor, torch.nn.Module):
        predictor = predictor.to(fabric.device)
    folder = Path(plain["out"])
    metrics = predict_benchmarks(
        predictor,
        benchmarks,
        folder,
        settings,
        attributes,
        device=fabric.device,
        figures=plain["figures"],
        seed=plain["seed"],
    )
    if fabric.is_global_zero:
        write_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(plain)))
        origin = provenance(plain) | describe_device(fabric.device, fabric.world_size)
        write_json(folder / "provenance.json", origin | {"seconds": time.time() - started})
        write_json(folder / "metrics.json", metrics)
        print(f"results: {folder}")
    return metrics


def choose_predictor(scorer: str, ckpt: str | None) -> tuple[Reconstructor | None, dict[str, str]]:
    """What `scorer=` and `ckpt=` name, and what scores files then say about their origin.

    Raises:
        MaesumError: an unknown name, a checkpoint that cannot be read, a missing or an unused `ckpt=`.
    """
    if scorer == "model":
        if ckpt is None:
            names = ", ".join([*TRAINING_FREE, "uniform"])
            raise MaesumError(
                f"ckpt= is required; name a checkpoint of python -m maesum.train, or scorer= one of {names}."
            )
        return load_autoencoder(ckpt), {"checkpoint": file_hash(ckpt)}
    if ckpt is not None:
        raise MaesumError(f"scorer={scorer} takes no checkpoint; leave out either ckpt= or scorer=.")
    if scorer == "uniform":
        return None, {"scorer": scorer}
    if scorer not in TRAINING_FREE:
        names = ", ".join(["model", *TRAINING_FREE, "uniform"])
        raise MaesumError(f"scorer={scorer} is unknown, wanted one of {names}.")
    return TRAINING_FREE[scorer], {"scorer": scorer}


def predict_benchmarks(
    predictor: Reconstructor | None,
    benchmarks: dict[str, dict[str, Any]],
    folder: Path,
    settings: ScoringSettings,
    attributes: dict[str, str],
    *,
    device: torch.device | str | None = None,
    figures: bool = True,
    seed: int = 0,
) -> dict[str, float]:
    """Score, evaluate and show every benchmark by the protocol `paper`.

    Writes scores/<benchmark>.h5, evaluation.json and figures/<benchmark>/<video>.png into the folder and prints the
    tables. Every rank of a distributed job takes part in the scoring; the first one does the rest.

    Args:
        predictor: a model or a training-free reconstruction; None = the `uniform` order.
        benchmarks: fields of `maesum.config.scoring.BenchmarkConfig` by name.
        attributes: what the scores files say about where they come from.
        seed: of the random baselines and the bootstrap.

    Returns:
        `<benchmark>/tau` and `<benchmark>/rho`, on the first rank; nothing on the others.

    Raises:
        MaesumError: features and annotations that do not fit each other or the model.
    """
    check_benchmarks(benchmarks, getattr(predictor, "feature_dim", None))
    metrics: dict[str, float] = {}
    evaluations: dict[str, Any] = {}
    for name, config in benchmarks.items():
        path = folder / "scores" / f"{name}.h5"
        benchmark = Benchmark(config["annotations"])
        score_benchmark(name, predictor, benchmark, config, path, settings, attributes, device)
        if not is_first_rank():
            continue
        scores = Scores(path)
        evaluation = evaluate(scores, benchmark, EvaluationSettings(seed=seed))
        print_evaluation(evaluation, videos=False)
        evaluations[name] = evaluation.to_dict()
        metrics |= evaluation.metrics()
        if figures:
            draw_figures(name, benchmark, scores, folder / "figures" / name)
    if evaluations:
        write_json(folder / "evaluation.json", evaluations)
    return metrics


def check_benchmarks(benchmarks: dict[str, dict[str, Any]], feature_dim: int | None) -> None:
    """Refuse benchmarks that cannot be scored, before anything is trained or written.

    Args:
        feature_dim: the width that the model takes; None where any will do.

    Raises:
        MaesumError: files that cannot be read, features and annotations that do not fit each other or the model.
    """
    for config in benchmarks.values():
        store = FeatureStore(config["features"])
        benchmark = Benchmark(config["annotations"])
        check_features_match(benchmark, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0])
        if feature_dim not in (None, store.dim):
            raise MaesumError(
                f"{store.paths[0]}: features are {store.dim} wide, but the checkpoint was trained on {feature_dim}; "
                "use features of the same backbone."
            )
        if config["stride"] < 1:
            raise MaesumError(f"the test stride is {config['stride']}, wanted at least 1.")


def score_benchmark(
    name: str,
    predictor: Reconstructor | None,
    benchmark: Benchmark,
    config: dict[str, Any],
    path: Path,
    settings: ScoringSettings,
    attributes: dict[str, str],
    device: torch.device | str | None = None,
) -> None:
    """Score every frame of one benchmark; the first rank writes the scores file."""
    store = FeatureStore(config["features"])
    if store.frame_step > 1 and is_first_rank():
        stride, step = config["stride"], store.frame_step
        print(f"{name}: features hold every {step}th frame, so stride {stride} is {stride * step} frames")
    scores: dict[str, np.ndarray] = {}
    to_score = sum(len(frames_to_score(len(store[video_id]), settings.every)) for video_id in benchmark.video_ids)
    with progress_bar(f"scoring {name}", to_score) as advance:
        for video_id in benchmark.video_ids:
            if predictor is None:
                scores[video_id] = evenly_spread(len(store[video_id]))
                continue
            try:
                scores[video_id] = importance_over_ranks(
                    predictor, store[video_id], config["stride"], settings, device=device, on_progress=advance
                )
            except MaesumError as error:
                raise MaesumError(f"{store.paths[0]}: video '{video_id}': {error}") from None
    if is_first_rank():
        origin = {"benchmark": name, "stride": config["stride"], "frame_step": store.frame_step}
        laid = {name: value for name, value in asdict(settings).items() if name != "batch_size"}  # decides nothing
        described = {**origin, **laid, **attributes}
        write_scores(path, scores, described, _picks(scores, store.frame_step))


def draw_figures(name: str, benchmark: Benchmark, scores: Scores, folder: Path) -> None:
    """One figure a video in the manner of the paper's Figure 3."""
    for video_id in track(benchmark.video_ids, f"drawing {name}", len(benchmark)):
        video = benchmark[video_id]
        title = f"{name} {video_id}: {video.name}"
        importance_figure(
            folder / f"{video_id}.png", title, video.user_scores, scores[video_id], video.fps, scores.picks(video_id)
        )


def is_first_rank() -> bool:
    """Whether this process writes files and prints."""
    return not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0


def _picks(scores: dict[str, np.ndarray], frame_step: int) -> dict[str, np.ndarray] | None:
    """The frame that each score belongs to, where the features hold every frame_step-th only."""
    if frame_step == 1:
        return None
    return {video_id: np.arange(len(values), dtype=np.int64) * frame_step for video_id, values in scores.items()}
