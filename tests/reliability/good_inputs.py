"""A whole input of every format, small, with the command that reads it: what the bad inputs are made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import torch
from scipy.io import savemat

from maesum.data.benchmark import VideoAnnotation, write_benchmark
from maesum.data.features import write_features
from maesum.data.scores import write_scores

VIDEOS = ("video_1", "video_2")
N_FRAMES = 40
DIM = 6


class Good(NamedTuple):
    """One input file and the command that reads it.

    Attributes:
        path: the file that gets damaged.
        command: the command's name and arguments, run in the folder that `make` filled.
        out: what the command writes, relative to the folder.
    """

    path: Path
    command: tuple[str, ...]
    out: str


def make(folder: Path) -> dict[str, Good]:
    """Write one whole input of every format into a folder."""
    rng = np.random.default_rng(0)
    videos = [rng.normal(size=(N_FRAMES, DIM)) for _ in VIDEOS]
    write_features(folder / "features.h5", VIDEOS, [N_FRAMES] * 2, videos, fps=[30.0] * 2, labels=["a", "b"])
    ratings = [np.repeat(rng.integers(1, 6, (3, 4)), 10, axis=1) for _ in VIDEOS]
    shots = np.array([[0, 19], [20, 39]])
    annotations = [VideoAnnotation(v, r, 30.0, v, shots) for v, r in zip(VIDEOS, ratings, strict=True)]
    write_benchmark(folder / "benchmark.h5", "small", "ratings", annotations, "made")
    picks = {VIDEOS[0]: np.arange(0, N_FRAMES, 2)}
    scores = {VIDEOS[0]: rng.random(N_FRAMES // 2), VIDEOS[1]: rng.random(N_FRAMES)}
    write_scores(folder / "scores.h5", scores, {"stride": 2}, picks)
    plain = {video: rng.random(N_FRAMES).tolist() for video in VIDEOS}
    (folder / "scores.json").write_text(json.dumps(plain))
    (folder / "splits.json").write_text(json.dumps([{"test_keys": [VIDEOS[0]]}, {"test_keys": [VIDEOS[1]]}]))
    _write_checkpoint(folder / "model.ckpt")
    (folder / "arrays").mkdir()
    for video, features in zip(VIDEOS, videos, strict=True):
        np.save(folder / "arrays" / f"{video}.npy", features.astype(np.float32))
    (folder / "ids.txt").write_text("\n".join(VIDEOS))
    _write_tvsum(folder / "tvsum.mat", rng)
    _write_summe(folder / "GT", rng)
    _write_eccv16(folder / "eccv16.h5", rng)
    (folder / "gym.txt").write_text("".join(f"{video}_E_0_1_A_0_1 3\n" for video in VIDEOS))
    (folder / "timing.csv").write_text("video_id,fps,n_frames\n" + "".join(f"{v},30,{N_FRAMES}\n" for v in VIDEOS))
    return commands(folder)


def commands(folder: Path) -> dict[str, Good]:
    """The inputs that `make` has written into a folder, or into one that this is a copy of."""
    named = ("benchmarks.demo.features=features.h5", "benchmarks.demo.annotations=benchmark.h5")
    scored = ("predict", "benchmark=demo", *named, "figures=false", "out=out", "hydra.run.dir=hydra", "stride=1")
    measured = ("evaluate", "annotations=benchmark.h5", "out=out/metrics.json", "hydra.run.dir=hydra", "f1=true")
    prepared = ("prepare", "out=out/prepared.h5")
    gym = ("source=finegym", "input=gym.txt", "source.ids=ids.txt", "source.videos=timing.csv")
    files = {
        "features": ("features.h5", (*scored, "scorer=neighbour"), "out"),
        "benchmark": ("benchmark.h5", (*measured, "scores=scores.h5"), "out"),
        "scores": ("scores.h5", (*measured, "scores=scores.h5"), "out"),
        "scores, JSON": ("scores.json", (*measured, "scores=scores.json"), "out"),
        "splits": ("splits.json", (*measured, "scores=scores.h5", "splits=splits.json"), "out"),
        "checkpoint": ("model.ckpt", (*scored, "ckpt=model.ckpt"), "out"),
        "npy": ("arrays/video_2.npy", (*prepared, "source=npy", "input=arrays"), "out"),
        "ids": ("ids.txt", (*prepared, "source=npy", "input=arrays", "source.only=ids.txt"), "out"),
        "tvsum": ("tvsum.mat", (*prepared, "source=tvsum", "input=tvsum.mat"), "out"),
        "summe": ("GT/07.mat", (*prepared, "source=summe", "input=GT"), "out"),
        "eccv16": ("eccv16.h5", ("prepare", "out=out", "source=eccv16", "input=eccv16.h5"), "out"),
        "finegym": ("gym.txt", (*prepared, *gym), "out"),
        "finegym, timing": ("timing.csv", (*prepared, *gym), "out"),
    }
    return {name: Good(folder / path, command, out) for name, (path, command, out) in files.items()}


def _write_checkpoint(path: Path) -> None:
    from maesum.models import MaskedAutoencoder

    settings = dict(
        feature_dim=DIM, encoder_dim=8, encoder_depth=1, encoder_heads=2, decoder_dim=8, decoder_depth=1,
        decoder_heads=2,
    )  # fmt: skip
    torch.manual_seed(0)
    weights = {f"model.{name}": value for name, value in MaskedAutoencoder(**settings).state_dict().items()}
    torch.save({"hyper_parameters": {"model": settings}, "state_dict": weights}, path)


def _write_tvsum(path: Path, rng: np.random.Generator) -> None:
    with h5py.File(path, "w") as file:
        group, refs = file.create_group("tvsum50"), file.create_group("#refs#")
        for name in ("video", "title", "category", "length", "nframes", "user_anno"):
            pointers = group.create_dataset(name, (2, 1), dtype=h5py.ref_dtype)
            for row in range(2):
                text = np.frombuffer(f"name{row}".encode("utf-16-le"), dtype=np.uint16)[:, None]
                value = {
                    "length": np.array([[2.0]]),
                    "nframes": np.array([[float(N_FRAMES)]]),
                    "user_anno": rng.integers(1, 6, (3, N_FRAMES)).astype(float),
                }.get(name, text)
                pointers[row, 0] = refs.create_dataset(f"{name}{row}", data=value, compression="gzip").ref


def _write_summe(folder: Path, rng: np.random.Generator) -> None:
    folder.mkdir()
    for number in range(25):
        fields = {"user_score": rng.integers(0, 3, (N_FRAMES, 3)), "nFrames": N_FRAMES, "FPS": 30.0}
        savemat(folder / f"{number:02d}.mat", fields, do_compression=True)


def _write_eccv16(path: Path, rng: np.random.Generator) -> None:
    with h5py.File(path, "w") as file:
        for video in VIDEOS:
            group = file.create_group(video)
            group["features"] = rng.random((N_FRAMES, DIM)).astype(np.float32)
            group["picks"] = np.arange(N_FRAMES) * 15
            group["n_steps"], group["n_frames"] = N_FRAMES, N_FRAMES * 15
            group["user_summary"] = rng.integers(0, 2, (3, N_FRAMES * 15)).astype(np.float32)
            group["change_points"] = np.array([[0, 299], [300, N_FRAMES * 15 - 1]])
