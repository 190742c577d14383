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
    """Return the videos of `videos=`, selected and labelled by `ids=`; says how many of the ids have no video."""
    from maesum.vision.id_lists import read_id_list
    from maesum.vision.videos import find_videos, select

    if settings.ids is None:
        return find_videos(settings.videos)
    listed = read_id_list(settings.ids, settings.classes)
    videos = find_videos(settings.videos)
    selected = select(videos, listed)
    say(f"{listed.path}: {len(listed.labels):,} ids, {len(selected):,} of them among {len(videos):,} videos")
    return selected


def build_encoder(settings: ExtractConfig | SummarizeConfig) -> Encoder:
    """Return the backbone of a command on its device.

    Raises:
        MaesumError: the backbone cannot be built, or the device is not available.
    """
    from hydra.utils import get_method, instantiate

    from maesum.vision.backbones import build_backbone
    from maesum.vision.encoding import Encoder

    target = target_of(settings.backbone)
    try:
        get_method(target)
    except (ImportError, ValueError) as error:
        raise MaesumError(f"backbone._target_={target}: cannot be imported ({str(error).splitlines()[0]}).") from None
    make: partial[Any] = instantiate(
        settings.backbone, _partial_=True
    )  # called below, so that its errors stay as they are
    backbone = build_backbone(make, target)
    return Encoder(backbone, settings.device, settings.precision, settings.batch_size, settings.dtype)


def target_of(backbone: Any) -> str:
    """Return the `_target_` of a backbone's settings: an object for the project's backbones, else a mapping."""
    return str(backbone["_target_"] if isinstance(backbone, dict) else backbone._target_)


def require_vision_packages() -> None:
    """Refuse to go on without the package that decodes videos, and say how to install it.

    Raises:
        MaesumError: PyAV is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("av") is None:
        raise MaesumError("reading videos needs the package av (PyAV); install it with: pip install 'maesum[vision]'")
