"""The one exception that users are meant to see."""

from __future__ import annotations


class MaesumError(Exception):
    """A mistake in what the user gave: a file, a field or a setting.

    The message is one sentence that names the file, the field, the value found and the value wanted, and says what to
    do. Entry points print it without a traceback and exit with status 2; library users catch it as any exception.
    """


class Stopped(Exception):
    """A training that was asked to stop by a signal, after it wrote a checkpoint.

    Attributes:
        exit_status: what the command exits with: 128 + the signal's number, as shells count.
    """

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def first_line(error: BaseException) -> str:
    """The first line of another library's message, to stand in one of ours."""
    return (str(error).splitlines() or [type(error).__name__])[0]
