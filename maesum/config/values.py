"""Check and parse settings that are more than a number in a range or one of a few texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from maesum.config.fields import LARGEST
from maesum.system.errors import MaesumError

#: The names of torch devices that `device=` takes.
_DEVICE = re.compile(r"(auto|cpu|mps|(cuda|xpu|hpu)(:\d+)?)")


def parse_stride(stride: int | Sequence[int]) -> tuple[int, int]:
    """Return the smallest and largest stride: (2, 2) for `2`, (1, 8) for `[1, 8]`, the paper's rand(1,8).

    Raises:
        MaesumError: it is neither a whole number from 1 to `LARGEST` nor an ascending pair of them.
    """
    given: object = [stride, stride] if isinstance(stride, int) else stride
    pair = list(given) if isinstance(given, (list, tuple)) else []
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in pair)
    if len(pair) != 2 or not whole or not 1 <= pair[0] <= pair[1] <= LARGEST:
        raise MaesumError(
            f"stride is {stride!r}, wanted a whole number such as 2 or a range such as [1,8], up to {LARGEST}."
        )
    return pair[0], pair[1]


def parse_shard(shard: str) -> tuple[int, int]:
    """Return the shard's number (from 1) and the number of shards, (1, 8) for `shard=1/8`.

    Raises:
        MaesumError: the text is not of this form.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", str(shard))
    if match is None or not 1 <= int(match.group(1)) <= int(match.group(2)):
        raise MaesumError(f"shard={shard}: wanted number/count with the number from 1, such as 1/8 to 8/8.")
    return int(match.group(1)), int(match.group(2))


def check_device_name(key: str, name: str) -> None:
    """Refuse a name that is not a torch device's; whether this machine has the device is found when it is used.

    Raises:
        MaesumError: naming the key.
    """
    if not _DEVICE.fullmatch(name):
        raise MaesumError(f"{key} is {name!r}, wanted auto, cpu, cuda, or one GPU such as cuda:1.")


def check_devices(key: str, devices: Any) -> None:
    """Refuse a value of `devices` that Lightning does not take: a number, a list of device numbers, or auto.

    Raises:
        MaesumError: naming the key.
    """
    if isinstance(devices, str):
        is_known = re.fullmatch(r"auto|-1|\d+(\s*,\s*\d+)*,?", devices) is not None
    elif isinstance(devices, (list, tuple)):
        is_known = bool(devices) and all(type(number) is int and number >= 0 for number in devices)
    else:
        is_known = type(devices) is int and (devices >= 1 or devices == -1)  # -1: all there are
    if not is_known:
        raise MaesumError(f"{key} is {devices!r}, wanted a number from 1, a list such as [0,1], or auto.")
