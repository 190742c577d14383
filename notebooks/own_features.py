# %% [markdown]
# # Bring your own features
#
# Features of any network fit, as long as each video is an array `[frames, D]`. Here they are random walks; yours come
# from wherever you computed them. Folders of `.npy` files need no code at all:
# `python -m maesum.prepare source=npy input=FOLDER out=features.h5`.

# %%
import tempfile
from pathlib import Path

import numpy as np

from maesum.data import FeatureStore, Scores, write_features, write_scores
from maesum.system.errors import MaesumError

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)
videos = {f"video_{number}": rng.normal(size=(120 + 40 * number, 16)).cumsum(axis=0) / 8 for number in range(4)}

# %% [markdown]
# One file holds all videos, contiguous, so that training reads it through a memory map. Say what made the features: the
# file keeps it, and shards of one set must agree.

# %%
path = folder / "features.h5"
lengths = [len(array) for array in videos.values()]
write_features(
    path, list(videos), lengths, videos.values(), backbone="random walk", preprocessing="none", fps=[25.0] * 4
)
store = FeatureStore(path)
print(len(store), "videos of", store.lengths.tolist(), "frames,", store.dim, "channels,", store.dtype)

# %% [markdown]
# A mistake is named, with the file and the field, and leaves no half-written file behind.

# %%
try:
    write_features(folder / "bad.h5", ["a"], [5], [np.full((5, 16), np.nan)])
except MaesumError as error:
    print(str(error).removeprefix(str(folder)))
print((folder / "bad.h5").exists())

# %% [markdown]
# Score the frames. Without a trained model, predict each frame from its two neighbours: a baseline that needs no
# training and that every model should beat. With one: `load_autoencoder("last.ckpt")` in its place.

# %%
from maesum.scoring import TRAINING_FREE, importance

scores = {video_id: importance(TRAINING_FREE["neighbour"], store[video_id], stride=2) for video_id in store}
write_scores(folder / "scores.h5", scores, {"made by": "interpolation of the neighbours"})
for video_id in Scores(folder / "scores.h5").video_ids:
    top = np.argsort(scores[video_id])[::-1][:3]
    print(video_id, "most important frames:", sorted(top.tolist()))

# %% [markdown]
# From here: train with `python -m maesum.train data=features data.features=features.h5`, and compare anyone's scores
# with annotations by `python -m maesum.evaluate scores=scores.h5 annotations=FILE`.
