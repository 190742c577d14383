"""torch.compile for what is computed again and again with the same shapes: training steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from maesum.system.errors import MaesumError, first_line

Result = TypeVar("Result")

#: What `compile=` takes, torch.compile's own names: kernels fused; the same replayed as CUDA graphs, which saves the
#: launches; the same after timing several kernels for each product, which takes minutes and may choose others, with
#: other bits, the next time.
MODES = ("default", "reduce-overhead", "max-autotune")
#: Modes in which a step's results lie in memory that the next step writes to.
_REPLAYED = ("reduce-overhead", "max-autotune")


def check_mode(mode: str | None, accumulate: int = 1) -> None:
    """Refuse a mode that does not exist, or that would write over gradients which are still being summed.

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
    """The same function, compiled at its first call for the shapes that it is called with.

    Raises:
        MaesumError: an unknown mode; from the first call, a machine that cannot compile.
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
    from torch._dynamo import exc  # here: it loads the compiler

    # The wider one, since torch 2.7, also covers a missing Triton and a GPU that Triton does not know.
    return (getattr(exc, "ShortenTraceback", exc.BackendCompilerFailed),)
