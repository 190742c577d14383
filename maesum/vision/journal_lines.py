"""Read and check the lines of an extraction's journal (`maesum.vision.journal`), which may be damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maesum.system.errors import MaesumError, first_line

_FAILED = {"video_id": str, "reason": str}
_FINISHED: dict[str, Any] = {
    "video_id": str, "start": int, "length": int, "n_frames": int, "fps": (int, float), "width": int,
}  # fmt: skip
#: Optional fields of a finished video's line.
_OPTIONAL: dict[str, Any] = {"source": dict, "remarks": list}


def read_line(line: bytes, rows: int, width: int | None, folder: Path) -> dict[str, Any]:
    """Return the fields of one line, for a finished or a failed video.

    Args:
        rows: number of rows of all finished videos before this one.
        width: feature width of these videos; None before the first.
        folder: folder of the journal, for error messages.

    Raises:
        MaesumError: a field is missing, unknown or of a wrong type, or the rows do not follow the ones before.
    """
    try:
        entry = json.loads(line)
        if not isinstance(entry, dict):
            raise ValueError(f"it is a {type(entry).__name__}")
        if "reason" in entry:
            _check_kinds(entry, _FAILED, {})
        else:
            _check_kinds(entry, _FINISHED, _OPTIONAL)
            _check_rows(entry, rows, width)
    except (ValueError, RecursionError) as error:  # also what is no JSON and no text
        raise MaesumError(
            f"{folder / 'journal.jsonl'}: a line is damaged ({first_line(error)}); delete {folder} to start anew."
        ) from None
    return entry


def _check_kinds(entry: dict[str, Any], kinds: dict[str, Any], optional: dict[str, Any]) -> None:
    for key in sorted(entry.keys() | kinds.keys()):
        if key not in entry:
            raise ValueError(f"it has no field '{key}'")
        kind = kinds.get(key) or optional.get(key)
        if kind is None:
            raise ValueError(f"field '{key}' is unknown")
        if not isinstance(entry[key], kind) or isinstance(entry[key], bool):
            raise ValueError(f"field '{key}' is {str(entry[key])[:40]!r}")


def _check_rows(entry: dict[str, Any], rows: int, width: int | None) -> None:
    if not (entry["length"] > 0 and entry["width"] > 0 and entry["n_frames"] > 0 and entry["fps"] >= 0):
        raise ValueError("a size is not above 0")
    if entry["start"] != rows or entry["width"] != (width or entry["width"]):
        raise ValueError(
            f"its rows begin at {entry['start']} and are {entry['width']} wide, wanted {rows} and {width or 'any'}"
        )
