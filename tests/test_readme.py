"""Every command and snippet of the README runs."""

from __future__ import annotations

import json
import re
import shlex

import h5py
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from tests.commands import maesum_here
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.S)
COMMANDS = [line.split("#")[0].strip() for kind, block in BLOCKS if kind == "bash" for line in block.splitlines()]
#: What needs GPUs, several machines or a cluster is composed, not run.
CLUSTER = [command for command in COMMANDS if command.startswith(("torchrun ", "srun ")) or "trainer=" in command]
MAESUM = [command for command in COMMANDS if command.startswith("python -m maesum.") and command not in CLUSTER]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, request):
    """A user's folder with the files that the README's commands name."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "my_features").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        np.save(folder / "my_features" / f"video_{number}.npy", rng.random((90, 16)).astype(np.float32))
    (folder / "gym99_lists").mkdir()
    (folder / "gym99_lists" / "gym99_val_element.txt").write_text("a_E_000001_000002_A_0000_0001 3\n")
    (folder / "ids.txt").write_text("a\n")
    (folder / "videos.csv").write_text("video_id,fps,n_frames\na,25,100\n")
    with h5py.File(folder / "eccv16_dataset_tvsum_google_pool5.h5", "w") as file:
        for number in (1, 2):
            group = file.create_group(f"video_{number}")
            group["features"] = rng.random((40, 1024)).astype(np.float32)
            group["gtscore"] = rng.random(40)
            group["picks"] = np.arange(0, 600, 15)
            group["n_frames"], group["n_steps"] = 600, 40
            group["change_points"] = np.array([[0, 299], [300, 599]])
            group["n_frame_per_seg"] = np.array([300, 300])
            group["user_summary"] = rng.integers(0, 2, (3, 600)).astype(np.float32)
    return folder


def _small_video(path):
    """Three seconds of moving squares in two scenes."""
    av = pytest.importorskip("av", reason="extraction and summaries need maesum[vision]")
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(60):
            picture = np.full((64, 96, 3), 40 if number < 30 else 200, dtype=np.uint8)
            picture[10:30, number : number + 20] = (250, 30 * (number % 8), 90)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def cache(folder):
    """The demo set, and a scores file of its videos in JSON."""
    from maesum.data import Benchmark
    from maesum.data.demo import make_demo

    make_demo(folder / "cache" / "demo")
    benchmark = Benchmark(folder / "cache" / "demo" / "annotations.h5")
    for seed, name in enumerate(("scores.json", "other.json")):
        rng = np.random.default_rng(seed)
        scores = {video_id: rng.random(benchmark.n_frames(video_id)).tolist() for video_id in benchmark.video_ids}
        (folder / name).write_text(json.dumps(scores))
    return folder / "cache"


def test_the_readme_names_commands():
    assert len(MAESUM) >= 10


@pytest.mark.parametrize("command", MAESUM)
def test_a_command_of_the_readme_runs(command, folder, cache, request):
    _, _, module, *arguments = shlex.split(command)
    real = {"ydata-tvsum50.mat": "tvsum/ydata-tvsum50.mat", "GT": "summe/GT"}
    for number, argument in enumerate(arguments):
        name = argument.removeprefix("input=")
        if name in real:
            arguments[number] = f"input={request.getfixturevalue('shared') / real[name]}"
    for name in ("my.mp4", "my_videos"):
        if f"video={name}" in arguments or f"videos={name}" in arguments:
            pytest.importorskip("efficientnet_lite_pytorch", reason="needs maesum[vision]")
            _small_video(folder / name if name.endswith("mp4") else folder / name / "one.mp4")
    # The command before makes what another reads, perhaps in another test process.
    if "data.features=data/my_features.h5" in arguments and not (folder / "data" / "my_features.h5").exists():
        maesum_here("prepare", "source=npy", "input=my_features", "out=data/my_features.h5", folder=folder)
    if "benchmark=custom" in arguments and not (folder / "data" / "tvsum_pool5").exists():
        pool5 = "input=eccv16_dataset_tvsum_google_pool5.h5"
        maesum_here("prepare", "source=eccv16", pool5, "out=data/tvsum_pool5", folder=folder)
    done = maesum_here(module.removeprefix("maesum."), *arguments, folder=folder, cache=cache)
    if arguments == ["+experiment=rand_stride"]:
        assert done.returncode == 2
        assert "is missing; make it with: python -m maesum." in done.stderr
    else:
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", CLUSTER)
def test_a_command_for_several_gpus_composes(command, monkeypatch):
    """With what its launcher says: as many devices and machines as it starts, in a folder that all of them name alike."""
    launcher, arguments = (shlex.split(part) for part in command.split("-m maesum.", 1))
    name, *overrides = (argument for argument in arguments if argument != "-m")
    wanted = (2, 4) if "trainer=slurm" in command else ("auto", 1)
    slurm = {"SLURM_JOB_ID": "7", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NNODES": "4"}
    environment = slurm if "trainer=slurm" in command else {}
    if launcher[0] == "torchrun":
        options = {key: value for key, _, value in (option.partition("=") for option in launcher[1:])}
        devices, nodes = options["--nproc-per-node"], options.get("--nnodes", "1")
        environment = {"TORCHELASTIC_RUN_ID": "one", "RANK": "0", "WORLD_SIZE": str(int(devices) * int(nodes))}
        environment |= {"LOCAL_WORLD_SIZE": devices, "GROUP_WORLD_SIZE": nodes}
        wanted = (int(devices), int(nodes))
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    if "hydra/launcher=submitit_slurm" in overrides:
        pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
        overrides.remove("mask_ratio=0.3,0.5")  # the sweeper takes them apart
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(name, overrides, return_hydra_config=True)
        folder = config.hydra.run.dir
    settings = config.trainer if name == "train" else config
    assert (settings.devices, settings.num_nodes) == wanted
    if environment:
        assert folder.endswith("/one" if launcher[0] == "torchrun" else "/slurm_7")


def test_the_other_commands_are_make_targets():
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.M)
    others = [command for command in COMMANDS if command and command not in (*MAESUM, *CLUSTER)]
    assert others
    for command in others:
        assert command.split()[0] == "make"
        assert command.split()[1] in targets


@pytest.mark.parametrize("snippet", [block for kind, block in BLOCKS if kind == "python"])
def test_a_snippet_of_the_readme_runs(snippet):
    names: dict = {}
    exec(snippet, names)
    assert names["scores"].shape == (300,)
    assert names["tau"].shape == (20,)


def test_files_that_the_readme_links_to_exist():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)
    assert links
    for link in links:
        assert (REPOSITORY / link).exists(), link
