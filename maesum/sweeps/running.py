"""Run jobs as separate processes, several at a time, each after the jobs that it needs."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from maesum.sweeps.jobs import Job
from maesum.system.errors import MaesumError

LOG = "job.log"


class JobRunner:
    """Runs the jobs that are not done; a failed job stops only the jobs that need it.

    A job whose training was interrupted resumes from its checkpoint. Two sweeps that share a job do not run it twice:
    the second waits for the lock of the first, even if that sweep was killed and only its job still runs. If a job is
    run, the jobs that need it are run again: their old results came from files that no longer exist.

    Args:
        parallel: number of jobs at a time.
        tell: function that is called with each line of text to print.
    """

    def __init__(self, parallel: int = 1, tell: Callable[[str], None] = print) -> None:
        if parallel < 1:
            raise MaesumError(f"parallel={parallel} is too few, wanted at least 1.")
        self.parallel, self.tell = parallel, tell
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopping = threading.Event()
        self._ran: set[str] = set()

    def run(self, jobs: Sequence[Job]) -> list[Job]:
        """Run the jobs, each after those that it needs.

        Returns:
            Those that failed, and those that could not run because one that they need failed.
        """
        distinct: dict[str, Job] = {}
        for job in jobs:
            distinct.setdefault(job.hash, job)
        waiting = list(distinct.values())
        total, failed = len(waiting), set[str]()
        names = {job.hash: job.name for job in waiting}
        running: dict[Future[bool], Job] = {}
        started = 0
        with ThreadPoolExecutor(self.parallel) as pool:
            try:
                while waiting or running:
                    for job in [job for job in waiting if self._settled(job, waiting, running)]:
                        if len(running) == self.parallel:
                            break
                        waiting.remove(job)
                        started += 1
                        broken = [need for need in job.needs if need.hash in failed]
                        if broken:
                            failed.add(job.hash)
                            self.tell(f"[{started}/{total}] {job.name}: left out, it needs {names[broken[0].hash]}")
                        else:
                            running[pool.submit(self._run_one, job, f"[{started}/{total}] {job.name}")] = job
                    if running:
                        for future in wait(running, return_when=FIRST_COMPLETED).done:
                            job = running.pop(future)
                            if not future.result():
                                failed.add(job.hash)
            except BaseException:
                self.stop()
                raise
        return [job for job in distinct.values() if job.hash in failed]

    def stop(self) -> None:
        """End the processes that are running; each training saves its state first."""
        self._stopping.set()
        for process in list(self._processes):
            process.terminate()

    @staticmethod
    def _settled(job: Job, waiting: Sequence[Job], running: dict[Future[bool], Job]) -> bool:
        """Whether every job that this one needs has ended."""
        unsettled = {other.hash for other in (*waiting, *running.values())}
        return not any(need.hash in unsettled for need in job.needs)

    def _run_one(self, job: Job, label: str) -> bool:
        if any(need.hash in self._ran for need in job.needs) and job.is_done():
            self.tell(f"{label}: again, since what it needs was made anew; before: {_set_aside(job.folder)}")
        if job.is_done():
            self.tell(f"{label}: done before")
            return True
        with _locked(job.folder, self._stopping) as lock:
            if self._stopping.is_set():
                return False
            if job.is_done():
                self.tell(f"{label}: done by another sweep")
                return True
            started = time.monotonic()
            status = self._start(job, lock)
            self._ran.add(job.hash)
        seconds = time.monotonic() - started
        if status == 0 and job.is_done():
            self.tell(f"{label}: {seconds:.0f} s")
            return True
        reason = f"exit status {status}" if status else f"what it left is not of config {job.hash}"
        self.tell(f"{label}: FAILED, {reason}: {_last_line(job.folder / LOG)}")
        return False

    def _start(self, job: Job, lock: IO[str]) -> int:
        arguments = [sys.executable, *job.arguments()]
        if job.command == "train":
            arguments.append(f"group={job.name.split('/')[0]}")
            if (job.folder / "checkpoints" / "last.ckpt").exists():
                arguments.append("ckpt=last")
        with open(job.folder / LOG, "ab") as log:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],  # the job holds the lock while it runs, even if this process is killed
                env={**os.environ, "COLUMNS": "120"},
            )
            self._processes.add(process)
            try:
                return process.wait()
            finally:
                self._processes.discard(process)


def _set_aside(folder: Path) -> Path:
    """Rename a job's folder to a name that no job uses; return the new name."""
    number = 1
    while (aside := folder.with_name(f"before-{number}-{folder.name}")).exists():
        number += 1
    return folder.rename(aside)


@contextmanager
def _locked(folder: Path, stopping: threading.Event) -> Iterator[IO[str]]:
    """Hold the lock of a job's folder; wait until it is free, unless this sweep is to stop."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        while not stopping.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stopping.wait(0.5)
        yield lock


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    return f"{(errors or lines or ['it said nothing'])[-1]} ({log})"
