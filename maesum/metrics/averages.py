"""Average values of which some are undefined."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from maesum.system.errors import MaesumError

Undefined = Literal["propagate", "omit", "zero"]


def resolve(values: ArrayLike, undefined: Undefined = "propagate") -> np.ndarray:
    """Return the values that a mean is taken of, where a constant prediction or annotator left some undefined (nan).

    Args:
        values: any shape.
        undefined: "propagate" keeps them, so that the mean is nan as with scipy and numpy; "omit" leaves them out;
            "zero" counts them as no correlation.

    Returns:
        [n] float64.

    Raises:
        MaesumError: another policy.
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    if undefined not in get_args(Undefined):
        raise MaesumError(f"undefined is {undefined!r}, wanted one of {', '.join(get_args(Undefined))}.")
    if undefined == "omit":
        return array[~np.isnan(array)]
    return np.nan_to_num(array, nan=0.0) if undefined == "zero" else array


def mean(values: ArrayLike, undefined: Undefined = "propagate") -> float:
    """Return the mean under a policy for undefined values (see `resolve`); nan where no value is left.

    Raises:
        MaesumError: another policy.
    """
    array = resolve(values, undefined)
    return float(array.mean()) if array.size else float("nan")
