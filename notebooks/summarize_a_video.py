# %% [markdown]
# # Summarise a video
#
# The same as `python -m maesum.summarize video=my.mp4`, step by step. Put the path of a video of yours in `video_path`;
# without one, a clip of five coloured scenes is made.

# %%
import tempfile
from pathlib import Path

import numpy as np

video_path = None
folder = Path(tempfile.mkdtemp())


def make_clip(path: Path) -> Path:
    """Five scenes of drifting colour blocks, 30 frames each."""
    import av

    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 192, 112, "yuv420p"
        for _ in range(5):
            scene = rng.integers(0, 256, (14, 40, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
            for number in range(30):
                picture = np.ascontiguousarray(scene[:, 2 * number : 2 * number + 192])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


video_path = video_path or make_clip(folder / "clip.mp4")

# %% [markdown]
# **Features** of every frame, from a network whose ImageNet weights were installed with the package.

# %%
from maesum.data import FeatureStore
from maesum.vision.backbones import build_backbone, efficientnet_lite0
from maesum.vision.encoding import Encoder
from maesum.vision.extraction import extract
from maesum.vision.videos import find_videos

(video,) = find_videos(video_path)
encoder = Encoder(build_backbone(efficientnet_lite0, "efficientnet_lite0"))
done = extract([video], folder / "features.h5", encoder)
features = FeatureStore(done.path)[video.video_id]
print(tuple(features.shape), "at", round(done.frames / done.seconds), "frames a second")

# %% [markdown]
# **Importance** from a small model that is trained on this video alone: what it cannot predict from its surroundings
# is important.

# %%
from maesum.scoring import importance
from maesum.summaries.training import train_on

model = train_on(done.path, quality="fast", seed=0, accelerator="cpu")
scores = importance(model, features)

# %% [markdown]
# **Shots and selection**: change points of the features, and the most valuable shots within 15 % of the video.

# %%
from IPython.display import Image, display

from maesum.summaries.outputs import write_figure
from maesum.summaries.recording import record
from maesum.summaries.selection import find_shots, select
from maesum.summaries.ticks import ticks_of
from maesum.vision.decode import timeline_of

timeline = timeline_of(video.path)
ticks = ticks_of(timeline.times)
shots = find_shots(features.float().numpy(), every=1, ticks=ticks)
selection = select(scores, shots, budget=0.15, video_id=video.video_id, ticks=ticks)
write_figure(folder / "importance.png", video.video_id, scores, timeline.times, selection)
display(Image(folder / "importance.png"))

# %% [markdown]
# **The summary** itself.

# %%
written = record(video.path, folder / "summary.mp4", selection.runs, timeline)
print(f"{written.seconds:.1f} s of {timeline.seconds:.1f} s, frames {selection.runs}")
