"""The settings of a method without its training: those that the whole file declares, read without torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from maesum.config.fields import meanings
from maesum.methods.registry import method
from maesum.methods.schema import settings_schema
from maesum.runs.method_settings import method_files
from tests.methods.test_registry import TOY, TOY_YAML


@pytest.mark.parametrize("name", sorted(method_files()))
def test_they_are_those_that_the_method_declares(name: str) -> None:
    read, declared = settings_schema(name), method(name).settings
    assert asdict(read()) == asdict(declared())
    assert meanings(read) == meanings(declared)


def test_they_and_the_help_that_shows_them_need_no_torch(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['x', 'method=dr_dsn', '--help']; import maesum.train as t; t.main(); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    for key, meaning in meanings(settings_schema("dr_dsn")).items():
        assert f"  method.{key}=" in done.stdout
        assert meaning in " ".join(done.stdout.split())
    assert "LSTM units in each direction (at least 1)" in done.stdout


def test_what_derives_from_more_than_the_declaration_is_read_from_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import maesum.methods

    (tmp_path / "toy_of_schema.py").write_text(TOY)
    (tmp_path / "toy_of_schema.yaml").write_text(TOY_YAML)
    monkeypatch.setenv("MAESUM_METHODS", str(tmp_path))
    monkeypatch.setattr(maesum.methods, "__path__", [*maesum.methods.__path__, str(tmp_path)])
    assert meanings(settings_schema("toy_of_schema"))["rate"] == "learning rate"
