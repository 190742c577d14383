"""Running jobs: order, what is done already, failures, interruptions, and two sweeps at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from maesum.sweeps.running import JobRunner
from maesum.system.errors import MaesumError


def run(jobs, parallel=1):
    lines = []
    failed = JobRunner(parallel, lines.append).run(jobs)
    return [job.name for job in failed], lines


@pytest.mark.parametrize("parallel", [1, 3])
def test_jobs_run_once_each_and_after_those_that_they_need(make_job, starts, tmp_path, parallel):
    first = make_job("first", seconds=0.2)
    second = make_job("second", (first,))
    failed, lines = run([first, second, make_job("other"), first], parallel)
    assert failed == []
    assert starts() == {"first": 1, "other": 1, "second": 1}
    assert len(lines) == 3
    written = {name: (tmp_path / name / "metrics.json").stat().st_mtime_ns for name in ("first", "second")}
    assert written["first"] < written["second"]


def test_a_finished_job_is_not_run_again(make_job, starts):
    jobs = [make_job("first"), make_job("second")]
    run(jobs[:1])
    _, lines = run(jobs)
    assert starts() == {"first": 1, "second": 1}
    assert "first: done before" in lines[0]


def test_results_of_another_config_do_not_count(make_job, starts, tmp_path):
    job = make_job("first")
    run([job])
    (tmp_path / "first" / "provenance.json").write_text('{"config_hash": "another"}')
    run([job])
    assert starts() == {"first": 2}


def test_results_of_a_job_that_had_to_be_made_anew_do_not_count(make_job, starts, tmp_path):
    first = make_job("first")
    jobs = [first, make_job("second", (first,)), make_job("other")]
    run(jobs)
    shutil.rmtree(tmp_path / "first")
    failed, lines = run(jobs)
    assert failed == []
    assert starts() == {"before-1-second": 1, "first": 1, "other": 1, "second": 1}
    (again,) = (line for line in lines if "again" in line)
    assert "second: again, since what it needs was made anew" in again
    assert str(tmp_path / "before-1-second") in again


def test_a_failed_job_stops_only_those_that_need_it(make_job, starts):
    broken = make_job("broken", fails=True)
    failed, lines = run([broken, make_job("needs_it", (broken,)), make_job("other")])
    assert failed == ["table/broken", "table/needs_it"]
    assert starts() == {"broken": 1, "other": 1}
    assert "broken: FAILED, exit status 2: error: broken" in lines[0]
    assert "needs_it: left out, it needs table/broken" in lines[1]


def test_a_job_whose_lock_another_sweep_holds_is_waited_for_and_not_run_twice(make_job, starts, tmp_path):
    import threading

    job = make_job("first", seconds=1.0)
    other = threading.Thread(target=run, args=([job],))
    other.start()
    while not (tmp_path / "first" / "starts").exists():
        time.sleep(0.02)
    _, lines = run([job])
    other.join()
    assert starts() == {"first": 1}
    assert "done by another sweep" in lines[0]


def test_a_killed_sweep_started_again_runs_only_what_is_missing(make_job, starts, tmp_path):
    jobs = [make_job("first"), make_job("second", seconds=1.5), make_job("third")]
    pid = os.fork()
    if pid == 0:
        JobRunner(1, lambda line: None).run(jobs)
        os._exit(0)
    while not (tmp_path / "second" / "starts").exists():
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    failed, lines = run(jobs)  # the second job outlives its sweep: its end is waited for
    assert failed == []
    assert starts() == {"first": 1, "second": 1, "third": 1}
    assert "done before" in lines[0]
    assert "done by another sweep" in lines[1]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_stopping_ends_the_jobs(tmp_path, signum):
    folder = tmp_path / "long"
    job_code = f"import os, time; open({str(folder / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    script = (
        "import pathlib\n"
        "from maesum.sweeps import command\n"
        "from maesum.system.signals import Ended, ending_by_signals\n"
        "from omegaconf import OmegaConf\n"
        "from tests.sweeps.conftest import ScriptedJob\n"
        f"job = ScriptedJob('t/long', 'predict', (), {{}}, 'long', pathlib.Path({str(folder)!r}), (), script={job_code!r})\n"
        "command.read_tables = lambda names: {}\n"
        "command.jobs_of_tables = lambda *given, **options: {'t': {'long': job}}\n"
        "try:\n"
        "    with ending_by_signals():  # as every command runs\n"
        "        command.run(OmegaConf.create({'sweeps': [], 'plan': False, 'parallel': 1}), [])\n"
        "except Ended as ended:\n"
        "    print(ended)\n"
    )
    sweep = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid_file = folder / "pid"
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.05)
    sweep.send_signal(signum)
    told, _ = sweep.communicate(timeout=20)
    assert told.splitlines()[-1] == f"stopped by {signum.name}"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_at_least_one_job_at_a_time():
    with pytest.raises(MaesumError, match="parallel=0 is too few"):
        JobRunner(0)
