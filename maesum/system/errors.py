"""Define the exceptions that end a command with a message instead of a traceback."""

from __future__ import annotations


class MaesumError(Exception):
    """A mistake in what the user gave: a file, a field or a setting.

    The message is one sentence that names the file, the field, the value found and the value wanted, and says what to
    do. Entry points print it without a traceback and exit with status 2; library users catch it as any exception.
    """


class Stopped(Exception):
    """Raised when a signal has asked a training to stop, after the checkpoint was written.

    Attributes:
        exit_status: exit status of the command: 128 + the signal's number, the shells' convention.
    """

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def first_line(error: BaseException) -> str:
    """Return the first line of another library's error message, for use within one of ours."""
    return (str(error).splitlines() or [type(error).__name__])[0]
