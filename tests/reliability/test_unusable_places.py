"""Folders that cannot be written and files that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands import maesum_here
from tests.reliability import bad_inputs


@pytest.mark.parametrize("name", ["features", "scores", "npy", "eccv16", "finegym"])
def test_a_read_only_output_folder_is_one_sentence(inputs, tmp_path, name):
    """Root may write anywhere, so the kernel's own read-only tree stands in for a read-only folder."""
    if not Path("/proc/self").exists():
        pytest.skip("no /proc to write to in vain")
    command = [f"out=/proc/maesum/{name}" if option.startswith("out=") else option for option in inputs[name].command]
    done = maesum_here(*command, folder=tmp_path, cache=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "/proc/maesum" in done.stderr


def test_an_unwritable_run_folder_is_one_sentence(inputs, tmp_path):
    command = [*inputs["scores"].command, "hydra.run.dir=/proc/maesum"]
    done = maesum_here(*command, folder=tmp_path, cache=tmp_path)
    assert done.returncode == 2
    assert "/proc/maesum" in done.stderr


def test_an_unreadable_file_is_one_sentence(inputs, tmp_path):
    """As another user, since root may read anything."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        inputs["scores, JSON"].path.chmod(0)
    else:
        inputs["scores, JSON"].path.unlink()
        inputs["scores, JSON"].path.symlink_to("/proc/self/mem")  # opens, and fails when read
    assert bad_inputs.judge("scores, JSON", inputs["scores, JSON"], tmp_path, whole_command=True) == "refused"
