"""Functions and classes that a config names by `_target_`, made ready to be called by code that knows no Hydra."""

from __future__ import annotations

from functools import partial
from typing import Any

from hydra.utils import get_method, instantiate

from maesum.system.errors import MaesumError, first_line


def target_of(settings: Any) -> str:
    """What settings have called: those of the project are objects, those of the user's a table."""
    return str(settings["_target_"] if isinstance(settings, dict) else settings._target_)


def prepared(settings: Any, key: str) -> partial[Any]:
    """What settings have called, with its arguments: the caller calls it, so that its errors stay as they are.

    Args:
        settings: an object or a table with `_target_` and the arguments of that.
        key: of the settings, for the message.

    Raises:
        MaesumError: there is nothing of that name.
    """
    target = target_of(settings)
    try:
        get_method(target)
    except (ImportError, ValueError) as error:
        raise MaesumError(f"{key}._target_={target}: cannot be imported ({first_line(error)}).") from None
    made: partial[Any] = instantiate(settings, _partial_=True)
    return made
