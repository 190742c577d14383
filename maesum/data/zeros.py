"""Find videos whose features are all zero: from a file that was never filled, or black pictures behind a ReLU."""

from __future__ import annotations

import torch

from maesum.data.store import FeatureStore

#: Videos looked at in one gather.
_CHUNK = 4096
#: Largest number of videos that the warning names.
_NAMED = 3


def videos_of_zeros(store: FeatureStore) -> list[str]:
    """Return the ids of the videos in which every feature of every frame is zero.

    One row of each video is read, and more only of videos where it is zero.
    """
    middles = torch.as_tensor(store.offsets[:-1]) + torch.as_tensor(store.lengths) // 2
    ids = []
    for first in range(0, len(middles), _CHUNK):
        rows = store.gather(middles[first : first + _CHUNK])
        for number in torch.nonzero(~rows.any(dim=-1)).flatten().tolist():
            video_id = store.video_ids[first + number]
            if not store[video_id].any():
                ids.append(video_id)
    return ids


def remark_on_zeros(store: FeatureStore) -> str | None:
    """Return a warning about videos whose features are all zero; None where there are none."""
    ids = videos_of_zeros(store)
    if not ids:
        return None
    named = ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
    return (
        f"warning: {store.paths[0]}: of {len(ids)} of the {len(store)} videos every feature is zero ({named}), so "
        "nothing can be learned or told from them; extract them again, or leave them out."
    )
