"""Decode streams as far as possible: damaged packets are counted and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maesum.vision.container import check_shortage, reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet

#: Consecutive errors after which flushing a decoder's last frames is given up; each frame may cause one.
_MOST_ERRORS_AT_THE_END = 64


@dataclass
class Damage:
    """Counts of the packets of a stream that could not be decoded."""

    packets: int = 0
    damaged: int = 0
    ended_by: str = ""
    last_error: str = ""

    def add(self, unused: Packet | None) -> None:
        """Count a packet that is not decoded, if there is one."""
        if unused is not None:
            self.packets += 1
            self.damaged += 1

    def because(self) -> str:
        """Return the reason in brackets; an empty text if there is none."""
        cause = self.ended_by or self.last_error
        return f" ({cause})" if cause else ""

    def remarks(self, what: str, missing_at_the_end: str = "") -> list[str]:
        """Return the remarks on the damage that are shown to the user.

        Args:
            what: the content of the stream, such as "picture".
            missing_at_the_end: description of what is missing; an empty text if nothing is.
        """
        remarks = []
        if missing_at_the_end:
            remarks.append(f"is cut short: {missing_at_the_end}")
        elif self.ended_by:
            remarks.append(f"ends in an error ({self.ended_by}), what came before is used")
        if self.damaged:
            remarks.append(f"damaged packets of its {what}: {self.damaged:,} of {self.packets:,}")
        return remarks


def decoded(
    container: InputContainer, streams: list[Any], damages: dict[int, Damage], path: str | Path
) -> Iterator[Any]:
    """Yield the frames of streams as they come; packets that are damaged are counted and left out.

    Args:
        damages: the counts to update, by index of the stream.

    Raises:
        MachineShortage: the machine rather than the file is the cause of an error.
    """
    import av

    packets = container.demux(*streams)
    # A damaged packet waits for the next one, since it is left out if it is the last: with several threads a decoder
    # would also lose the frames before it, and how many would depend on the number of threads.
    waiting: dict[int, Packet] = {}
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            check_shortage(error, path)
            for damage in damages.values():
                damage.ended_by = reason(error)
            break
        index = packet.stream.index
        if packet.size:
            if index in waiting:
                yield from _frames_of(waiting.pop(index), damages[index], path)
            if packet.is_corrupt:
                waiting[index] = packet
            else:
                yield from _frames_of(packet, damages[index], path)
        elif packet.dts is None:  # the end: the decoder is flushed
            damages[index].add(waiting.pop(index, None))
            yield from _drained(packet.decode, damages[index], path)
    for stream in streams:
        damages[stream.index].add(waiting.pop(stream.index, None))
        for frame in _drained(partial(stream.decode, None), damages[stream.index], path):
            frame.time_base = stream.time_base  # usually set by the packet that ends the stream, which is missing here
            yield frame


def _frames_of(packet: Packet, damage: Damage, path: str | Path) -> list[Any]:
    damage.packets += 1
    frames = _attempt(packet.decode, damage, path)
    if frames is None or packet.is_corrupt:
        damage.damaged += 1
    return frames or []


def _drained(decode: Callable[[], list[Any]], damage: Damage, path: str | Path) -> Iterator[Any]:
    """Yield the frames that a decoder holds back until it is told of the end."""
    for _ in range(_MOST_ERRORS_AT_THE_END):
        frames = _attempt(decode, damage, path)
        if frames is not None:
            yield from frames
            return
        damage.damaged += 1


def _attempt(decode: Callable[[], list[Any]], damage: Damage, path: str | Path) -> list[Any] | None:
    """Return the frames that a decoder gives; None if it fails."""
    import av

    try:
        return decode()
    except av.EOFError:  # the decoder had already ended
        return []
    except av.FFmpegError as error:
        check_shortage(error, path)
        damage.last_error = reason(error)
        return None
