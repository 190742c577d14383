"""Print text without control characters, on streams that never raise an error.

Results are written to files, so an output that cannot be written must not lose them: if the reader has closed the
pipe, the disk is full, or the terminal's encoding lacks a character, the command goes on.
"""

from __future__ import annotations

import codecs
import errno
import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

#: Control characters except line ends and tabs, and characters that change the direction of text: they can move the
#: cursor of a terminal, rename its window, or make one name look like another.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
#: Replacements for characters that the output's encoding lacks; any other becomes its code, as in \u2605.
_SPELLED = {"±": "+-", "…": "...", "─": "-", "━": "-", "╸": "-", "╺": " ", "•": "*"}
_ERRORS = "maesum.spelled"


def printable(text: object) -> str:
    """The text with every control character written as its number, such as \\x1b for the start of an escape code."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def say(text: object, *, error: bool = False) -> None:
    """Print a line, or several, on standard output or standard error.

    Args:
        text: the text; control characters in it, as in names of files and videos, are printed as their codes.
    """
    print(printable(text), file=sys.stderr if error else sys.stdout, flush=True)


class Unfailing(io.TextIOBase):
    """A text stream that ignores write errors.

    Attributes:
        failure: the error of the first write that failed; None if none has.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write text to the stream; do nothing after a write has failed."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # buffer, reconfigure and whatever else a stream has

    def fileno(self) -> int:
        """Return the number of the file that the stream writes to."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding of the stream."""
        return self._stream.encoding

    def _try(self, act: Any, *arguments: str) -> None:
        if self.failure is not None:
            return
        try:
            act(*arguments)
        except ValueError:
            if not self._stream.closed:  # closed by the code that opened it
                raise
        except OSError as error:
            self.failure = error
            with suppress(OSError, ValueError):  # discard what the stream still buffers, without a second error
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)


@contextmanager
def unfailing_output() -> Iterator[Unfailing]:
    """Replace standard output and error by unfailing streams while the block runs; yield that of standard output."""
    _open_closed()
    codecs.register_error(_ERRORS, _spelled)
    before = sys.stdout, sys.stderr
    record_factory = logging.getLogRecordFactory()
    output = Unfailing(_spelling(sys.stdout))
    sys.stdout, sys.stderr = output, Unfailing(_spelling(sys.stderr))
    logging.setLogRecordFactory(_printable_record(record_factory))
    try:
        yield output
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before
        logging.setLogRecordFactory(record_factory)


def failure_sentence(output: Unfailing) -> str | None:
    """Return the error message for an output that could not be written; None if only the reader closed the pipe."""
    if output.failure is None or output.failure.errno == errno.EPIPE:
        return None
    reason = output.failure.strerror or output.failure
    return f"standard output cannot be written ({reason}), so this was not printed; files are written as ever."


def _open_closed() -> None:
    """Open standard streams that are closed, as by `>&-`; otherwise the next file opened would receive the output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free file descriptor
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _spelling(stream: TextIO) -> TextIO:
    """Return the stream, set to replace characters that its encoding lacks."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_ERRORS)
    return stream


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    text = "".join(_SPELLED.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in missing)
    return text, error.end


def _printable_record(make: Any) -> Any:
    """Return a factory of log records whose text is printable, for the loggers of this package."""

    def made(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record: logging.LogRecord = make(*arguments, **keywords)
        if record.name.startswith("maesum"):
            with suppress(TypeError, ValueError):  # logging itself reports a format that does not fit its arguments
                record.msg, record.args = printable(record.getMessage()), ()
        return record

    return made
