"""What is printed: never control characters of others, and never at the cost of a result."""

import io
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from maesum.cli.entry import entry_point
from maesum.data import VideoAnnotation, write_benchmark, write_scores
from maesum.evaluation import display
from maesum.system.printing import failure_sentence, printable, say, unfailing_output
from tests.commands import maesum_here

NAME = "\x1b]0;renamed\x07\x1b[2Kvideo\u202e\x9b31m"


def test_control_characters_are_written_as_their_numbers():
    assert printable("\x1b[2Ja\rb\x7f\x9b\u202e") == "\\x1b[2Ja\\rb\\x7f\\x9b\\u202e"
    assert printable("été\t★\nline") == "été\t★\nline"


def test_what_commands_say_moves_no_terminal(capsys):
    with unfailing_output():
        say(f"results: {NAME}")
        say(f"error: {NAME}", error=True)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert text.count("\\x1b") == 2
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_log_lines_hold_no_control_characters():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("maesum.test").addHandler(handler)
    try:
        with unfailing_output():
            logging.getLogger("maesum.test").warning("%s: dropped", NAME)
    finally:
        logging.getLogger("maesum.test").removeHandler(handler)
    assert stream.getvalue() == f"{printable(NAME)}: dropped\n"


class _Broken(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BrokenPipeError(32, "Broken pipe"), None),
        (OSError(28, "No space left on device"), "standard output cannot be written (No space left on device), so"),
    ],
)
def test_an_output_that_fails_is_noted_and_costs_nothing(error, sentence, monkeypatch):
    monkeypatch.setattr(sys, "stdout", _Broken(error))
    with unfailing_output() as output:
        say("one")
        print("two", flush=True)
    assert output.failure is error
    told = failure_sentence(output)
    assert told is None if sentence is None else told.startswith(sentence)


def test_a_broken_pipe_elsewhere_is_not_taken_for_a_reader_that_has_seen_enough(monkeypatch, capsys, tmp_path):
    """Such as that of a loader process that died."""

    def task(config):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["x", "hydra.run.dir=run"])
    with pytest.raises(SystemExit) as stop:
        entry_point("dashboard", task)()
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: the file system: Broken pipe.\n"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Scores and annotations of a video with a hostile name."""
    folder = tmp_path_factory.mktemp("inputs")
    write_scores(folder / "scores.h5", {"video": np.random.default_rng(0).random(60)}, {})
    rng = np.random.default_rng(0)
    annotation = VideoAnnotation("video", np.repeat(rng.integers(1, 6, (3, 6)), 10, axis=1), 30.0, "video")
    write_benchmark(folder / "annotations.h5", NAME, "ratings", [annotation], "made")
    return folder


#: What a shell does with the command's output, and what comes of it: status and standard error.
OUTPUTS = {
    "ascii": ("PYTHONIOENCODING=ascii {}", 0, ""),
    "reader that has seen enough": ("{} | true; exit ${{PIPESTATUS[0]}}", 0, ""),
    "full disk": (
        "{} > /dev/full", 2,
        "error: standard output cannot be written (No space left on device), so this was not printed; files are "
        "written as ever.\n",
    ),
    "closed": ("{} >&-", 0, ""),
    "all closed": ("{} <&- >&- 2>&-", 0, ""),
    "standard error full": ("{} 2> /dev/full", 0, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_takes_nothing_costs_no_results(name, inputs, tmp_path):
    shell, status, stderr = OUTPUTS[name]
    arguments = f"scores={inputs}/scores.h5 annotations={inputs}/annotations.h5 out=m.json hydra.run.dir=run"
    command = shell.format(f"{sys.executable} -m maesum.evaluate {arguments}")
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (status, stderr)
    assert "metrics" in json.loads((tmp_path / "m.json").read_text())
    assert {path.name for path in tmp_path.iterdir()} == {"m.json", "run"}
    if name == "ascii":
        assert "+- 0." in done.stdout
        assert done.stdout.isascii()
        assert "\\x1b]0;renamed" in done.stdout
        assert "\x1b" not in done.stdout


def test_results_are_written_before_they_are_printed(inputs, tmp_path, monkeypatch):
    """So that not even a defect of printing costs any."""

    def fail(*arguments, **keywords):
        raise RuntimeError("cannot print")

    monkeypatch.setattr("maesum.evaluation.command.print_evaluation", fail)
    arguments = (f"scores={inputs}/scores.h5", f"annotations={inputs}/annotations.h5", "hydra.run.dir=run")
    with pytest.raises(RuntimeError):
        maesum_here("evaluate", *arguments, folder=tmp_path)
    assert (tmp_path / "run" / "metrics.json").exists()


def test_a_table_shows_names_as_they_are():
    console = Console(file=io.StringIO(), width=80)
    console.print(display.escape("[/x] [bold]\x1b[1m"))
    assert console.file.getvalue() == "[/x] [bold]\\x1b[1m\n"


def test_help_can_be_cut_short():
    command = f"{sys.executable} -m maesum.train --help | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=dict(os.environ), check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m maesum.train")
