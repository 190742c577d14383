"""Score every frame of every benchmark video, write the scores, compute tau and rho.

A folder holds the results of one whole prediction or of none. They are made in a subfolder of `out` and moved to their
places when all are there, so a prediction that is killed or fails leaves the results of an earlier one untouched.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.fabric import Fabric
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import OmegaConf

from maesum.config.scoring import PredictConfig
from maesum.data.opened import OpenBenchmark, open_benchmarks
from maesum.data.origin import FeatureOrigin
from maesum.data.scores import Scores
from maesum.evaluation import EvaluationSettings, evaluate, print_evaluation
from maesum.methods.registry import method
from maesum.runs.fingerprint import fingerprints
from maesum.runs.identity import identity
from maesum.runs.method_settings import method_names
from maesum.runs.prediction_folder import CONFIG, METRICS, replace_results
from maesum.runs.provenance import describe_device, provenance, write_json, write_text
from maesum.scoring import TRAINING_FREE, Reconstructor, ScoringSettings
from maesum.scoring.benchmarks import draw_figures, is_first_rank, score_benchmark
from maesum.scoring.whole_video import VideoScorer
from maesum.system.errors import MaesumError, first_line
from maesum.system.files import temporary_folder
from maesum.system.launch import check_processes
from maesum.system.printing import say
from maesum.system.processes import leave_group_at_exit
from maesum.training.checkpoints import pretrained_of, read_hashed_checkpoint, trained_method
from maesum.training.remarks import leave_out_remarks

leave_out_remarks()


def run(config: PredictConfig) -> dict[str, float]:
    """Run the predict command, from its config to scores, tables, figures and metrics.json.

    With several devices, each scores a part of every video's frames.

    Returns:
        `<benchmark>/tau` and `<benchmark>/rho`.

    Raises:
        MaesumError: a missing or unfit file or setting.
    """
    started = time.time()
    plain = dataclasses.asdict(config)
    folder = Path(config.out)
    predictor, attributes, trained_on = choose_predictor(config.scorer, config.ckpt)
    benchmarks = open_benchmarks(config.benchmarks, config.stride, getattr(predictor, "feature_dim", None))
    try:
        fabric = Fabric(accelerator=config.accelerator, devices=config.devices, num_nodes=config.num_nodes)
        check_processes(getattr(fabric.strategy, "num_processes", 1), config.num_nodes)
    except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
        raise MaesumError(f"accelerator={config.accelerator} devices={config.devices}: {first_line(error)}") from None
    leave_group_at_exit()
    fabric.launch()
    read = fingerprints(plain)
    if isinstance(predictor, torch.nn.Module):
        predictor = predictor.to(fabric.device)
    # Only the first rank writes; the others name a folder and leave it alone.
    with temporary_folder(folder, "prediction") if fabric.is_global_zero else nullcontext(folder) as made:
        metrics = predict_benchmarks(
            predictor,
            benchmarks,
            made,
            config.scoring,
            attributes,
            device=fabric.device,
            figures=config.figures,
            seed=config.seed,
            trained_on=trained_on,
            final=folder,
        )
        if fabric.is_global_zero:
            write_text(made / CONFIG, OmegaConf.to_yaml(OmegaConf.create(plain)))
            device = describe_device(fabric.device, fabric.world_size)
            origin = provenance() | identity("predict", plain, read) | device
            write_json(made / "provenance.json", origin | {"seconds": time.time() - started})
            write_json(made / METRICS, metrics)
            replace_results(folder, made)
            say(f"results: {folder}")
    return metrics


class Predictor(NamedTuple):
    """What scores frames (None = the `uniform` order), its description in scores files, and its training features."""

    reconstruct: Reconstructor | VideoScorer | None
    attributes: dict[str, str]
    trained_on: FeatureOrigin | None = None


def choose_predictor(scorer: str, ckpt: str | None) -> Predictor:
    """Return the predictor that `scorer=` and `ckpt=` name.

    Raises:
        MaesumError: an unknown name, a checkpoint that cannot be read, a missing or an unused `ckpt=`.
    """
    if scorer == "model":
        if ckpt is None:
            names = ", ".join([*TRAINING_FREE, "uniform"])
            raise MaesumError(
                f"ckpt= is required; name a checkpoint of python -m maesum.train, or scorer= one of {names}."
            )
        content, digest = read_hashed_checkpoint(ckpt)
        trained_by = trained_method(content)
        if trained_by in method_names() and (load := method(trained_by).predictor) is not None:
            return Predictor(load(content, ckpt), {"checkpoint": digest, "scorer": trained_by})
        pretrained = pretrained_of(content, ckpt)
        return Predictor(pretrained.model, {"checkpoint": digest}, pretrained.trained_on)
    if ckpt is not None:
        raise MaesumError(f"scorer={scorer} takes no checkpoint; leave out either ckpt= or scorer=.")
    if scorer == "uniform":
        return Predictor(None, {"scorer": scorer})
    if scorer not in TRAINING_FREE:
        names = ", ".join(["model", *TRAINING_FREE, "uniform"])
        raise MaesumError(f"scorer={scorer} is unknown, wanted one of {names}.")
    return Predictor(TRAINING_FREE[scorer], {"scorer": scorer})


def predict_benchmarks(
    predictor: Reconstructor | VideoScorer | None,
    benchmarks: Iterable[OpenBenchmark],
    folder: Path,
    settings: ScoringSettings,
    attributes: dict[str, str],
    *,
    device: torch.device | str | None = None,
    figures: bool = True,
    seed: int = 0,
    trained_on: FeatureOrigin | None = None,
    final: Path | None = None,
) -> dict[str, float]:
    """Score, evaluate and show every benchmark by the protocol `paper`.

    Writes scores/<benchmark>.h5, evaluation.json and figures/<benchmark>/<video>.png into the folder and prints the
    tables. Every rank of a distributed job takes part in the scoring; the first one does the rest.

    Args:
        predictor: a model or a training-free reconstruction; None = the `uniform` order.
        benchmarks: open benchmarks whose features have the width that the predictor takes.
        attributes: attributes of the scores files that describe the predictor.
        seed: seed of the random baselines and the bootstrap.
        trained_on: origin of the features that the predictor was trained on; None = unknown.
        final: the folder that the files are moved to in the end, which results name; by default `folder`.

    Returns:
        `<benchmark>/tau` and `<benchmark>/rho`, on the first rank; nothing on the others.

    Raises:
        MaesumError: a video that cannot be scored.
    """
    metrics: dict[str, float] = {}
    evaluations: dict[str, Any] = {}
    for benchmark in benchmarks:
        name = benchmark.name
        path = folder / "scores" / f"{name}.h5"
        score_benchmark(predictor, benchmark, path, settings, attributes, device, trained_on)
        if not is_first_rank():
            continue
        scores = Scores(path)
        evaluation = evaluate(scores, benchmark.annotations, EvaluationSettings(seed=seed), name=name)
        evaluation = dataclasses.replace(evaluation, scores=str((final or folder) / path.relative_to(folder)))
        evaluations[name] = evaluation.to_dict()
        metrics |= evaluation.metrics()
        if figures:
            draw_figures(benchmark, scores, folder / "figures" / name)
        write_json(folder / "evaluation.json", evaluations)
        print_evaluation(evaluation, videos=False)
    return metrics
