"""Compile training steps, which repeat the same shapes, with torch.compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from maesum.system.errors import MaesumError, first_line

Result = TypeVar("Result")

#: The values of `compile=`, which are torch.compile's own names. `default` fuses kernels. `reduce-overhead` also
#: replays them as CUDA graphs, which saves the launches. `max-autotune` also times several kernels for each matrix
#: product: this takes minutes, and may choose other kernels next time, so that results differ in the last bits.
MODES = ("default", "reduce-overhead", "max-autotune")
#: Modes in which a step's results are in memory that the next step overwrites.
_REPLAYED = ("reduce-overhead", "max-autotune")


def check_mode(mode: str | None, accumulate: int = 1) -> None:
    """Refuse a mode that does not exist, or that would overwrite gradients which are still being summed.

    Args:
        accumulate: batches of one optimiser step.

    Raises:
        MaesumError: naming the setting.
    """
    if mode is not None and mode not in MODES:
        raise MaesumError(f"compile is {mode!r}, wanted null or one of {', '.join(MODES)}.")
    if mode in _REPLAYED and accumulate > 1:
        raise MaesumError(
            f"compile={mode} replays a step in the same memory, so it does not go with "
            f"trainer.accumulate_grad_batches={accumulate}; use compile=default."
        )


def compiled(function: Callable[..., Result], mode: str) -> Callable[..., Result]:
    """Return a function that is compiled at its first call, for the shapes that it is called with.

    Raises:
        MaesumError: an unknown mode; at the first call also a machine that cannot compile.
    """
    check_mode(mode)
    fast = torch.compile(function, mode=mode, dynamic=False)
    ready = False

    def call(*arguments: Any) -> Result:
        nonlocal ready
        if mode in _REPLAYED:
            torch.compiler.cudagraph_mark_step_begin()  # results of the step before are not needed any more
        if ready:
            return fast(*arguments)
        try:
            result = fast(*arguments)
        except _failures() as error:
            raise MaesumError(
                f"compile={mode}: this machine cannot compile the model ({first_line(error)}); it takes a C++ compiler "
                "and on a GPU Triton, so install these or leave compile= out."
            ) from None
        ready = True
        return result

    return call


def _failures() -> tuple[type[Exception], ...]:
    from torch._dynamo import exc  # imported here because it loads the compiler

    # The wider one, since torch 2.7, also covers a missing Triton and a GPU that Triton does not know.
    return (getattr(exc, "ShortenTraceback", exc.BackendCompilerFailed),)
