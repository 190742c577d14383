"""Which model scores the frames: the one of `ckpt=`, or a small one trained on the videos themselves."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maesum.data.features import write_features
from maesum.data.origin import differences
from maesum.data.store import FeatureStore
from maesum.models import MaskedAutoencoder
from maesum.system.errors import MaesumError
from maesum.system.printing import say
from maesum.training.checkpoints import Pretrained, load_pretrained


@dataclass(frozen=True)
class SummarySettings:
    """What decides about a summary; the keys of `config.SummarizeConfig`."""

    budget: float = 0.15
    ckpt: str | None = None
    quality: str = "normal"
    every: int = 1
    stride: int = 2
    seed: int = 0
    accelerator: str = "auto"
    scoring: dict[str, Any] = field(default_factory=dict)


def model_name(settings: SummarySettings) -> str:
    """What scored the frames, for files and page."""
    return settings.ckpt or f"trained on these videos (quality={settings.quality}, seed={settings.seed})"


def pretrained_model(store: FeatureStore, settings: SummarySettings) -> Pretrained | None:
    """What `ckpt=` names; says in what its features differ from those of the videos."""
    if settings.ckpt is None:
        return None
    pretrained = load_pretrained(settings.ckpt)
    width = pretrained.model.feature_dim
    if width != store.dim:
        raise MaesumError(
            f"{settings.ckpt}: was trained on features {width} wide, but backbone {store.backbone} gives {store.dim}; "
            "choose the backbone= it was trained with."
        )
    for line in differences(store.origin, pretrained.trained_on, settings.stride):
        say(f"{settings.ckpt}: {line}")
    return pretrained


def scoring_model(
    pretrained: Pretrained | None, store: FeatureStore, settings: SummarySettings, failures: dict[str, str]
) -> tuple[MaskedAutoencoder, dict[str, str]]:
    """The model that scores, and the videos it cannot score with the reason."""
    model = pretrained.model if pretrained is not None else None
    window = 30 if model is None else model.frames
    lengths = dict(zip(store.video_ids, store.lengths.tolist(), strict=True))
    short = {
        video_id: f"has {rows} frames with every={settings.every}, wanted at least {window}"
        for video_id, rows in lengths.items()
        if rows < window
    }
    long = [video_id for video_id in store if video_id not in short]
    if not long:
        video_id, reason = next(iter(short.items()))
        raise MaesumError(f"video '{video_id}' {reason}; give a longer video or a smaller every=.")
    return model or _trained(store, long, settings), {**failures, **short}


def _trained(store: FeatureStore, video_ids: list[str], settings: SummarySettings) -> MaskedAutoencoder:
    from maesum.summaries.training import train_on

    with tempfile.TemporaryDirectory() as folder:
        path = store.paths[0]
        if len(video_ids) < len(store):  # training takes a whole file, so the short videos are left out of a copy
            path = Path(folder) / "features.h5"
            arrays = [store[video_id].numpy() for video_id in video_ids]
            write_features(path, video_ids, [len(array) for array in arrays], arrays, dtype=str(arrays[0].dtype))
        return train_on(path, settings.quality, settings.seed, settings.accelerator)
