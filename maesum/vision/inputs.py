"""Find the videos and build the encoder that the settings of a command name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from maesum.system.errors import MaesumError
from maesum.system.printing import say

if TYPE_CHECKING:
    from maesum.config.videos import ExtractConfig, SummarizeConfig
    from maesum.vision.encoding import Encoder
    from maesum.vision.videos import Video


def chosen_videos(settings: ExtractConfig) -> list[Video]:
    """Return the videos of `videos=`, selected and labelled by `ids=`; prints how many ids have a video."""
    from maesum.vision.id_lists import read_id_list
    from maesum.vision.videos import find_videos, select

    if settings.ids is None:
        return find_videos(settings.videos)
    listed = read_id_list(settings.ids, settings.classes)
    videos = find_videos(settings.videos)
    selected = select(videos, listed)
    say(f"{listed.path}: {len(listed.labels):,} ids, {len(selected):,} of them among {len(videos):,} videos")
    return selected


def build_encoder(settings: ExtractConfig | SummarizeConfig, make: partial[Any], target: str) -> Encoder:
    """Build the backbone of a command on its device.

    Args:
        make: builds the backbone, with its arguments bound.
        target: name of the backbone, for messages.

    Raises:
        MaesumError: the backbone cannot be built, or the device is not available.
    """
    from maesum.vision.backbones import build_backbone
    from maesum.vision.encoding import Encoder

    backbone = build_backbone(make, target)
    return Encoder(backbone, settings.device, settings.precision, settings.batch_size, settings.dtype)


def require_vision_packages() -> None:
    """Refuse to continue without the package that decodes videos, and say how to install it.

    Raises:
        MaesumError: PyAV is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("av") is None:
        raise MaesumError("reading videos needs the package av (PyAV); install it with: pip install 'maesum[vision]'")
