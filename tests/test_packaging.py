"""The wheel works outside the checkout, with its configs inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_a_built_wheel_runs_outside_the_checkout(tmp_path):
    pytest.importorskip("hatchling", reason="builds the wheel: pip install hatchling build")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(REPOSITORY)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("maesum-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
    configs = {str(path.relative_to(REPOSITORY / "conf")) for path in (REPOSITORY / "conf").rglob("*.yaml")}
    assert {name.removeprefix("maesum/conf/") for name in names if name.startswith("maesum/conf/")} >= configs
    assert not any(name.startswith("tests") for name in names)

    # Before the editable checkout on the path, and started from elsewhere.
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "OMP_NUM_THREADS": "1"}
    where = "import maesum, maesum.config; print(maesum.__file__, maesum.config.CONF_DIR)"
    run = lambda *arguments: subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run("-c", where).stdout.split() == [
        str(tmp_path / "installed" / "maesum" / "__init__.py"),
        str(tmp_path / "installed" / "maesum" / "conf"),
    ]
    composed = run("-m", "maesum.train", "+experiment=rand_stride", "+scale=demo", "--cfg", "job")
    assert composed.returncode == 0, composed.stderr
    assert "mask_ratio: 0.5" in composed.stdout
    explained = run("-m", "maesum.train", "--help")
    assert "share of a clip's frames that are masked" in explained.stdout, explained.stderr
    prepared = run("-m", "maesum.prepare", "source=demo", "out=demo")
    assert prepared.returncode == 0, prepared.stderr
    assert (tmp_path / "demo" / "annotations.h5").exists()
