"""A whole input of every format, for the tests that damage it."""

from __future__ import annotations

import shutil

import pytest

from tests.reliability import good_inputs


@pytest.fixture(scope="session")
def whole_inputs(tmp_path_factory):
    """The folder with a whole input of every format that each test damages a copy of."""
    folder = tmp_path_factory.mktemp("whole")
    good_inputs.make(folder)
    return folder


@pytest.fixture
def inputs(whole_inputs, tmp_path):
    """A whole input of every format in a folder of its own."""
    shutil.copytree(whole_inputs, tmp_path, dirs_exist_ok=True)
    return good_inputs.commands(tmp_path)
