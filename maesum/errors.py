"""The one exception that users are meant to see."""

from __future__ import annotations


class MaesumError(Exception):
    """A mistake in what the user gave: a file, a field or a setting.

    The message is one sentence that names the file, the field, the value found and the value wanted, and says what to
    do. Entry points print it without a traceback and exit with status 2; library users catch it as any exception.
    """
