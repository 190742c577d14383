"""`maesum COMMAND`: the list of commands, and one program whichever way it is started."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import maesum
from maesum.__main__ import COMMANDS, main, overview


def test_every_command_module_is_listed_with_what_it_does():
    folder = Path(maesum.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "main = entry_point(" in path.read_text(encoding="utf-8")}
    assert set(COMMANDS) == modules
    for command in COMMANDS:
        (line,) = [line for line in overview().splitlines() if line.startswith(f"  {command} ")]
        assert line.rstrip().endswith("."), line


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_without_a_command_they_are_listed(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["maesum", *arguments])
    main()
    assert capsys.readouterr().out.strip() == overview()


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["maesum", "--version"])
    main()
    assert capsys.readouterr().out == f"maesum {maesum.__version__}\n"
    assert metadata.version("maesum") == maesum.__version__


def test_a_mistyped_command_is_answered_with_the_nearest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["maesum", "trian", "seed=1"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "did you mean 'train'?" in capsys.readouterr().err


def test_a_command_is_the_same_program_as_its_module():
    """Lightning starts the further processes of DDP as `python -m <the running program's name>` with its arguments."""
    told = "import sys, runpy; sys.argv = ['maesum', 'train', '--cfg', 'job', 'seed=7']; "
    told += "import atexit, __main__ as first; from maesum.__main__ import main; import maesum.cli.entry; "
    # What Lightning would start is asked for while the command runs: in the place where it prints its config.
    told += "import omegaconf; real = omegaconf.OmegaConf.to_yaml; "
    told += "omegaconf.OmegaConf.to_yaml = lambda *a, **k: f'program: {__import__(\"__main__\").__spec__.name}\\n' + real(*a, **k); "
    told += "main()"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "program: maesum.train" in done.stdout
    assert "seed: 7" in done.stdout
