"""The mean of values of which some are undefined."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from maesum.errors import MaesumError

Undefined = Literal["propagate", "omit", "zero"]


def mean(values: ArrayLike, undefined: Undefined = "propagate") -> float:
    """The mean, where a constant prediction or annotator left some values undefined (nan).

    Args:
        values: any shape.
        undefined: "propagate" makes the mean nan, as scipy and numpy do; "omit" leaves the values out (nan where none
            is left); "zero" counts them as no correlation.

    Raises:
        MaesumError: another policy.
    """
    array = np.asarray(values, dtype=np.float64)
    if undefined not in get_args(Undefined):
        raise MaesumError(f"undefined is {undefined!r}, wanted one of {', '.join(get_args(Undefined))}.")
    if undefined == "omit":
        array = array[~np.isnan(array)]
    elif undefined == "zero":
        array = np.nan_to_num(array, nan=0.0)
    return float(array.mean()) if array.size else float("nan")
