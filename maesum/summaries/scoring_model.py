"""Choose the model that scores the frames: the one of `ckpt=`, or a small one trained on the videos themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from maesum.config.videos import SummarySettings
from maesum.data.features import write_features
from maesum.data.origin import differences
from maesum.data.store import FeatureStore
from maesum.models import MaskedAutoencoder
from maesum.system.errors import MaesumError
from maesum.system.files import file_hash
from maesum.system.printing import say
from maesum.training.checkpoints import Pretrained, load_pretrained
from maesum.vision.encoding import Encoder


def model_name(settings: SummarySettings) -> str:
    """Return the name of the model that scored the frames, for files and page; of a checkpoint, its path and hash."""
    if settings.ckpt is not None:
        return f"{settings.ckpt} (SHA-256 {file_hash(settings.ckpt)})"
    return f"trained on these videos (quality={settings.quality}, seed={settings.seed})"


def pretrained_model(encoder: Encoder, settings: SummarySettings) -> Pretrained | None:
    """Load the checkpoint that `ckpt=` names; return None if a model is to be trained.

    Raises:
        MaesumError: it cannot be read, or does not fit the features that the encoder gives or the scoring settings.
    """
    if settings.ckpt is None:
        return None
    pretrained = load_pretrained(settings.ckpt)
    width, given = pretrained.model.feature_dim, encoder.width()
    if width != given:
        raise MaesumError(
            f"{settings.ckpt}: was trained on features {width} wide, but backbone {encoder.description} gives {given}; "
            "choose the backbone= it was trained with."
        )
    settings.scoring.check_window(pretrained.model.frames)
    return pretrained


def tell_differences(store: FeatureStore, pretrained: Pretrained | None, settings: SummarySettings) -> None:
    """Print how the features of the videos differ from those that the model was trained on."""
    if pretrained is not None:
        for line in differences(store.origin, pretrained.trained_on, settings.stride):
            say(f"{settings.ckpt}: {line}")


def scoring_model(
    pretrained: Pretrained | None, store: FeatureStore, settings: SummarySettings, failures: dict[str, str]
) -> tuple[MaskedAutoencoder, dict[str, str]]:
    """Return the model that scores, and the videos it cannot score with the reason."""
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
