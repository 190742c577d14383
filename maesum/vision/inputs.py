"""From the composed config of a command to the videos it means and the encoder it runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from maesum.system.errors import MaesumError
from maesum.system.printing import say

if TYPE_CHECKING:
    from maesum.vision.encoding import Encoder
    from maesum.vision.videos import Video


def chosen_videos(config: DictConfig) -> list[Video]:
    """The videos of `videos=`, selected and labelled by `ids=`; says how many of the ids have no video."""
    from maesum.vision.id_lists import read_id_list
    from maesum.vision.videos import find_videos, select

    videos = find_videos(config.videos if isinstance(config.videos, str) else list(config.videos))
    if config.ids is None:
        if config.classes is not None:
            raise MaesumError(f"classes={config.classes} is given without ids=, the list that it explains.")
        return videos
    listed = read_id_list(config.ids, config.classes)
    selected = select(videos, listed)
    say(f"{listed.path}: {len(listed.labels):,} ids, {len(selected):,} of them among {len(videos):,} videos")
    return selected


def build_encoder(config: DictConfig) -> Encoder:
    """The backbone of a config on its device."""
    from hydra.utils import get_method, instantiate

    from maesum.vision.backbones import build_backbone
    from maesum.vision.encoding import Encoder

    target = str(config.backbone._target_)
    try:
        get_method(target)
    except (ImportError, ValueError) as error:
        raise MaesumError(f"backbone._target_={target}: cannot be imported ({str(error).splitlines()[0]}).") from None
    make: partial[Any] = instantiate(
        config.backbone, _partial_=True
    )  # called below, so that its errors stay as they are
    backbone = build_backbone(make, target)
    return Encoder(backbone, config.device, config.precision, config.batch_size, config.dtype)


def require_vision_packages() -> None:
    """Say how to install what decodes videos, where it is not.

    Raises:
        MaesumError: PyAV is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("av") is None:
        raise MaesumError("reading videos needs the package av (PyAV); install it with: pip install 'maesum[vision]'")
