"""End the processes of a distributed job cleanly."""

from __future__ import annotations

import atexit

import torch.distributed as dist


def leave_group_at_exit() -> None:
    """Make this process leave its process group, if it is in one, when it exits.

    Ranks exit at different times, since only the first evaluates and draws. A rank that exits while in a gloo process
    group is aborted about every other time by threads that still run, and launchers then end the whole job.
    Lightning does this for NCCL only.
    """
    atexit.unregister(_leave)
    atexit.register(_leave)


def _leave() -> None:
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
