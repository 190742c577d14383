"""What commands say: text that a terminal cannot be led astray by, on streams that never fail.

Results lie in files, so an output that cannot be written to must not cost any: a reader that has seen enough, a full
disk or a terminal without some letter is noted, and the command goes on.
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

#: Control characters but for line ends and tabs, and those that turn the direction of text: they move a terminal's
#: cursor, rename its window, or make a name read as another.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
#: How signs of ours read where the output's encoding lacks them; anything else becomes its number, as in \u2605.
_SPELLED = {"±": "+-", "…": "...", "─": "-", "━": "-", "╸": "-", "╺": " ", "•": "*"}
_ERRORS = "maesum.spelled"


def printable(text: object) -> str:
    """The text with every control character written as its number, such as \\x1b for the start of an escape code."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def say(text: object, *, error: bool = False) -> None:
    """Print a line, or several, on standard output or standard error.

    Args:
        text: may hold names that others have chosen, of files and videos: their control characters do nothing.
    """
    print(printable(text), file=sys.stderr if error else sys.stdout, flush=True)


class Unfailing(io.TextIOBase):
    """A text stream that goes on where writing fails.

    Attributes:
        failure: what the first write that failed met with; None so far.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write what the stream takes; nothing once it has failed."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush what the stream holds."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # buffer, reconfigure and whatever else a stream has

    def fileno(self) -> int:
        """The number of the file that the stream writes to."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream."""
        return self._stream.encoding

    def _try(self, act: Any, *arguments: str) -> None:
        if self.failure is not None:
            return
        try:
            act(*arguments)
        except ValueError:
            if not self._stream.closed:  # by whoever lent it
                raise
        except OSError as error:
            self.failure = error
            with suppress(OSError, ValueError):  # what the stream still holds goes nowhere, and nobody is told again
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)


@contextmanager
def unfailing_output() -> Iterator[Unfailing]:
    """Print on unfailing streams while the block runs; yields standard output's."""
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
    """What there is to say of an output that could not be written to; nothing where its reader has just seen enough."""
    if output.failure is None or output.failure.errno == errno.EPIPE:
        return None
    reason = output.failure.strerror or output.failure
    return f"standard output cannot be written ({reason}), so this was not printed; files are written as ever."


def _open_closed() -> None:
    """Open what the command was started without, as by `>&-`: else the next file opened would be its output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _spelling(stream: TextIO) -> TextIO:
    """The stream, which from now on spells what its encoding lacks."""
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
    """A factory of log records whose text is printable, for the loggers of this package."""

    def made(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record: logging.LogRecord = make(*arguments, **keywords)
        if record.name.startswith("maesum"):
            with suppress(TypeError, ValueError):  # a format that does not fit its arguments is told by logging itself
                record.msg, record.args = printable(record.getMessage()), ()
        return record

    return made
