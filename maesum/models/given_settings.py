"""Settings of a masked autoencoder that a file gives, checked before a model is built of them."""

from __future__ import annotations

from typing import Any

from maesum.config.model import STREAMS
from maesum.system.errors import MaesumError

#: No window is as long; positions take memory that the weights do not account for.
_MOST_FRAMES = 65_536
#: A clip of one frame has none left to see when it is masked.
_FEWEST_FRAMES = 2


def check_given_settings(settings: dict[str, Any], where: str) -> None:
    """Refuse a value that no `MaskedAutoencoder` has; names that it does not know are left to its constructor.

    Args:
        settings: its arguments by name, as a checkpoint or a config.json holds them.
        where: the file, and the field in it, in the error message.

    Raises:
        MaesumError: naming the setting, the value found and the values wanted.
    """
    for name, value in settings.items():
        if (wanted := _unmet(name, value)) is not None:
            raise MaesumError(f"{where}: {name} is {str(value)[:40]!r}, wanted {wanted}.")


def _unmet(name: str, value: Any) -> str | None:
    """What is wanted of a setting, where its value is not of that kind."""
    if name == "stream":
        fits, wanted = value in STREAMS, f"one of {', '.join(STREAMS)}"
    elif name == "mlp_ratio":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits, wanted = is_number and 0 < value < 1e6, "a number above 0 and below a million"
    else:
        least, most = (_FEWEST_FRAMES, _MOST_FRAMES) if name == "frames" else (1, 2**31 - 1)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        fits, wanted = is_whole and least <= value <= most, f"a whole number from {least} to {most}"
    return None if fits else wanted
