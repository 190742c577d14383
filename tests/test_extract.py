"""The command, as a user runs it: what it writes and says, and that a mistake costs one line and leaves no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.config.backbones import BACKBONE_SCHEMAS
from tests.commands import maesum_here, user_error

pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from tests.vision.synthetic import write_video

TINY = ("backbone=custom", "backbone._target_=tests.vision.synthetic.TinyNetwork")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    for number in range(3):
        write_video(tmp_path / "videos" / f"v{number}.mp4", 30 + number)
    return tmp_path


def test_extracts_a_folder_and_says_so(folder: Path) -> None:
    (folder / "videos" / "bad.mp4").write_text("no video")
    done = maesum_here("extract", "videos=videos", "out=out/f.h5", *TINY, "+backbone.width=7", "every=2", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "out/f.h5: 3 videos, 47 frames x 7 float16" in done.stdout
    assert "out/f.h5.failures.csv: 1 videos could not be read" in done.stdout
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["f.h5", "f.h5.failures.csv"]
    assert sorted(path.name for path in folder.iterdir()) == ["out", "videos"]  # no logs, no hydra folder
    with h5py.File(folder / "out" / "f.h5") as file:
        assert dict(file.attrs)["backbone"] == "tests.vision.synthetic.TinyNetwork"
        assert file["n_frames"][:].tolist() == [30, 31, 32]


def test_again_with_another_folder(folder: Path) -> None:
    """What is in the file stays; what is damaged, has changed or is not asked for is said."""
    (folder / "more").mkdir()
    noise = list(np.random.default_rng(0).integers(0, 256, (200, 48, 64, 3), dtype=np.uint8))
    cut = write_video(folder / "more" / "cut.mp4", 200, images=noise, options={"movflags": "faststart"})
    cut.write_bytes(cut.read_bytes()[: int(0.6 * cut.stat().st_size)])
    write_video(folder / "more" / "v0.mp4", 45)
    for videos in ("videos", "more"):
        done = maesum_here("extract", f"videos={videos}", "out=f.h5", *TINY, folder=folder)
        assert done.returncode == 0, done.stderr
    assert "f.h5: 4 videos, " in done.stdout
    assert "2 of them are not among videos= now; they were kept in the file" in done.stdout
    assert "extracted again, since their files have changed: v0" in done.stdout
    assert "warning: cut: is cut short: it ends at " in done.stdout
    assert (folder / "f.h5.warnings.csv").read_text().startswith("video_id,path,warning\ncut,")


def test_shards_ids_and_labels(folder: Path) -> None:
    (folder / "ids.csv").write_text("label,youtube_id\nrun,v0\njump,v2\nswim,gone\n")
    for shard in ("1/2", "2/2"):
        arguments = ("videos=videos", "ids=ids.csv", "out=k.h5", f"shard={shard}", *TINY)
        done = maesum_here("extract", *arguments, folder=folder)
        assert done.returncode == 0, done.stderr
        assert "ids.csv: 3 ids, 2 of them among 3 videos" in done.stdout
    from maesum.data.store import FeatureStore

    store = FeatureStore(str(folder / "k-*.h5"))
    assert (store.video_ids, store.labels) == (["v0", "v2"], ["run", "jump"])
    with h5py.File(folder / "k-00002-of-00002.h5") as file:
        assert (file.attrs["shard"], file.attrs["shards"]) == (2, 2)
    assert np.isfinite(store["v2"].numpy()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["out=out/f.h5"], "videos= is required"),
        (["videos=videos"], "out= is required"),
        (["videos=absent", "out=out/f.h5"], "absent: no such video or folder"),
        (["videos=videos", "out=out/f.h5", "shard=2"], "shard=2: wanted number/count"),
        (["videos=videos", "out=out/f.h5", "shard=1/9"], "there are only 3 videos"),
        (["videos=videos", "out=out/f.h5", "every=0", *TINY], "every is 0"),
        (["videos=videos", "out=out/f.h5", "dtype=int8", *TINY], "dtype is 'int8'"),
        (["videos=videos", "out=out/f.h5", "evrey=2"], "did you mean 'every'"),
        (["videos=videos", "out=out/f.h5", "backbone=vgg"], "there is no backbone=vgg; wanted one of custom"),
        (["videos=videos", "out=out/f.h5", "backbone.weight=x"], "did you mean 'weights'"),
        (["videos=videos", "out=out/f.h5", "backbone=custom", "backbone._target_=no.such.Net"], "cannot be imported"),
        (["videos=videos", "out=out/f.h5", "classes=c.txt", *TINY], "without ids="),
        (["videos=videos", "out=out/f.h5", "ids=absent.txt", *TINY], "absent.txt: cannot be read"),
        (["videos=videos", "out=out/f.h5", "device=moon", *TINY], "device is 'moon', wanted auto, cpu, cuda"),
    ],
)
def test_a_mistake_costs_one_line(folder: Path, arguments: list[str], message: str) -> None:
    assert message in user_error(maesum_here("extract", *arguments, folder=folder))
    assert not (folder / "out").exists()


@pytest.mark.parametrize("backbone", BACKBONE_SCHEMAS)
def test_every_backbone_composes_and_is_typed(backbone: str) -> None:
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("extract", [f"backbone={backbone}", "videos=a", "out=b"])
        assert config.backbone._target_ == f"maesum.vision.backbones.{backbone}"
        with pytest.raises(HydraException):
            compose("extract", [f"backbone={backbone}", "backbone.no_such_option=1"])


def test_every_backbone_file_has_a_schema() -> None:
    assert {path.stem for path in (CONF_DIR / "backbone").glob("*.yaml")} == {*BACKBONE_SCHEMAS, "custom"}


def test_starts_without_torch() -> None:
    code = "import maesum.extract, maesum.summarize, sys; sys.exit(bool({'torch', 'av'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
