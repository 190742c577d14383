"""Stop a training on a signal: note the signal when it comes, and stop at the end of an optimiser step.

SIGTERM is what schedulers and `kill` send, SIGINT is Ctrl-C, and SIGHUP comes when the terminal is closed or the
connection to it is lost. SIGUSR1 is what SLURM sends ahead of a time limit (`#SBATCH --signal=SIGUSR1@90`), and asks
for the job to be queued again. Lightning's own handlers save at once, which may be in the middle of an optimiser step,
so the handlers here replace them while a fit runs.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import lightning as L
import torch
import torch.distributed as dist

from maesum.system.errors import Stopped
from maesum.system.launch import is_further_rank
from maesum.system.printing import say
from maesum.system.transfer import Arriving

logger = logging.getLogger(__name__)

#: Names of the signals that ask a training to stop.
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")

#: Seconds that the other processes of a failed job get to print their own errors.
_GRACE_SECONDS = 5.0


class StopRequest:
    """Notes `SIGNALS` from `listen` on; Lightning gives the handlers back when the fit ends."""

    def __init__(self) -> None:
        self._signum = 0
        self._asked: Arriving | None = None
        self._speaks = True
        self._terminals: list[int] = []  # those of standard output and error that are terminals

    def listen(self, trainer: L.Trainer) -> None:
        """Install the handlers; call this after Lightning has installed its own."""
        # Lightning's own way to agree on SIGTERM makes every host wait for its device in every step (its issue 21487).
        trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _nothing  # type: ignore[method-assign]
        self._speaks = trainer.is_global_zero
        if threading.current_thread() is not threading.main_thread():
            return  # Python gives signals to the main thread only
        self._terminals = [number for number in (1, 2) if os.isatty(number)]
        for name in SIGNALS:
            signum = getattr(signal, name, None)  # not everywhere, e.g. not on Windows
            ignored = name == "SIGHUP" and signum is not None and signal.getsignal(signum) is signal.SIG_IGN  # by nohup
            if signum is not None and not ignored:
                signal.signal(signum, self._note)

    def agreed(self, trainer: L.Trainer) -> int:
        """Return the signal that any process of the job has received, 0 for none; it is the same in every process."""
        self._asked = None
        return self._signum if trainer.world_size == 1 else int(self._ask(trainer).item())

    def agreed_before(self, trainer: L.Trainer) -> int:
        """Return what `agreed` would have returned at the previous call of this method; 0 if `agreed` was called since.

        Being one call late, it never makes a process wait for its device.
        """
        if trainer.world_size == 1:
            return self._signum
        asked, self._asked = self._asked, self._ask(trainer)
        return 0 if asked is None else int(asked.item())

    def _ask(self, trainer: L.Trainer) -> Arriving:
        noted = torch.full((), self._signum, device=trainer.strategy.root_device)
        # Not by `strategy.reduce`: it begins with a barrier, in which NCCL makes the host wait for all that is queued.
        dist.all_reduce(noted, dist.ReduceOp.MAX)
        return Arriving(noted)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self._signum = max(self._signum, signum)
        if signum == getattr(signal, "SIGHUP", None):
            self._leave_the_terminal()
        if signum == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if self._speaks:
                say("stopping after this step; Ctrl-C again stops at once", error=True)

    def _leave_the_terminal(self) -> None:
        """Discard further output: the terminal is gone, and an error from printing would prevent the checkpoint."""
        for number in self._terminals:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _nothing() -> None:
    pass


@contextmanager
def requeued_on_signal() -> Iterator[None]:
    """Under SLURM, stop on SIGUSR1 also before a fit and after it, e.g. while benchmarks are scored.

    There is nothing to save then, so the block is left at once.

    Raises:
        Stopped: the signal comes while no `StopRequest` listens.
    """
    if "SLURM_JOB_ID" not in os.environ or threading.current_thread() is not threading.main_thread():
        yield
        return
    process = os.getpid()

    def leave(signum: int, frame: FrameType | None) -> None:
        if os.getpid() != process:
            return  # a loader process, which has inherited this handler and gets the signal too
        if is_further_rank():
            raise Stopped("stopped by SIGUSR1.", 0)
        again = "SLURM has queued the job again" if requeue_in_slurm() else "start it again with ckpt=last"
        raise Stopped(f"stopped by SIGUSR1: {again}.", 128 + signum)

    before = signal.signal(signal.SIGUSR1, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def requeue_in_slurm() -> bool:
    """Ask SLURM to queue this job again; return False where there is no SLURM or it refuses."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return False
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    try:
        done = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("scontrol requeue %s failed: %s", job, error)
        return False
    if done.returncode:
        logger.warning("scontrol requeue %s failed: %s", job, done.stderr.strip())
    return done.returncode == 0


def end_launched_processes(trainer: L.Trainer) -> None:
    """End the processes that this one has launched, since they may wait for it in a collective operation."""
    for process in getattr(trainer.strategy.launcher, "procs", ()):
        try:
            process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
