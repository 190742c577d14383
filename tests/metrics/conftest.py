"""The real annotations, read plainly and not by the package's importers, so that figures do not depend on those."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io


@pytest.fixture(scope="session")
def tvsum(shared: Path) -> list[np.ndarray]:
    """TVSum: 50 videos of [20, n_frames] ratings 1 to 5, in the order of the .mat file."""
    with h5py.File(shared / "tvsum" / "ydata-tvsum50.mat") as file:
        return [file[reference][:].astype(np.uint8) for reference in file["tvsum50/user_anno"][:, 0]]


@pytest.fixture(scope="session")
def summe(shared: Path) -> list[np.ndarray]:
    """SumMe: 25 videos of [users, n_frames] raw ordinal selections, files in C-locale order."""
    paths = sorted((shared / "summe" / "GT").glob("*.mat"), key=lambda path: path.name)
    return [scipy.io.loadmat(path)["user_score"].T for path in paths]
