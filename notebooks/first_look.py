# %% [markdown]
# # A first look
#
# Train a small masked autoencoder on synthetic features, score every frame of ten videos, and compare the scores with
# twenty made-up annotators. Everything here takes about a minute on a processor; the figures say that the code works,
# nothing about the paper. The same as a command: `python -m maesum.train +experiment=rand_stride +scale=demo`.

# %%
import logging
import tempfile
import warnings
from pathlib import Path

from maesum.system.torchvision_import import make_torchvision_importable

make_torchvision_importable()  # where it is installed, Lightning imports it
import lightning as L
from IPython.display import Image, Markdown, display

from maesum.data import Benchmark, FeatureStore
from maesum.data.datamodule import ClipDataModule
from maesum.data.demo import make_demo
from maesum.methods.pretraining import Pretraining
from maesum.metrics import bootstrap_interval, human_pairwise, mean, rank_correlation
from maesum.scoring import TRAINING_FREE, importance

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # its remarks on hardware and loaders
warnings.filterwarnings("ignore", module="lightning")

folder = Path(tempfile.mkdtemp())
for path in make_demo(folder):
    print(path.name)

# %% [markdown]
# **Features** are numbers per frame; **annotations** are what people thought of each frame.

# %%
features, benchmark = FeatureStore(folder / "benchmark.h5"), Benchmark(folder / "annotations.h5")
video_id = benchmark.video_ids[0]
print("features ", features[video_id].shape, "of", len(features), "videos")
print("annotators x frames", benchmark[video_id].user_scores.shape)

# %% [markdown]
# **Training** masks half of the 30 frames of a clip and reconstructs them from the other half. No annotation is used.

# %%
L.seed_everything(0, verbose=False)
data = ClipDataModule(str(folder / "pretraining.h5"), batch_size=32, clips_per_video=2)
sizes = {"encoder_dim": 96, "encoder_depth": 2, "encoder_heads": 4}
sizes |= {"decoder_dim": 64, "decoder_depth": 1, "decoder_heads": 4}
task = Pretraining(
    model={"feature_dim": data.store.dim, **sizes},
    optim={"base_lr": 3e-3, "scale_lr": False},
    batch_size=32,
    warmup_epochs=2,
)
trainer = L.Trainer(
    max_epochs=20,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    use_distributed_sampler=False,
)
trainer.fit(task, data)
print("error on masked frames:", round(float(trainer.callback_metrics["train/loss"]), 3))

# %% [markdown]
# **Scoring** masks one frame at a time: the worse it is reconstructed from its window, the more important it is.


# %%
def scored(model) -> list[tuple[float, float]]:
    """Mean tau and rho of each video against its annotators."""
    results = []
    for name in benchmark.video_ids:
        correlation = rank_correlation(importance(model, features[name]), benchmark[name].user_scores)
        results.append((mean(correlation.tau), mean(correlation.rho)))
    return results


rows = {"masked autoencoder": scored(task.model.eval()), "mean of the window": scored(TRAINING_FREE["context_mean"])}
human = [human_pairwise(benchmark[name].user_scores) for name in benchmark.video_ids]
rows["one annotator against another"] = [(mean(pair.tau), mean(pair.rho)) for pair in human]

lines = ["| | tau | 95 % interval over videos | rho |", "| --- | ---: | --- | ---: |"]
for name, values in rows.items():
    tau, rho = zip(*values, strict=True)
    low, high = bootstrap_interval(tau)
    lines.append(f"| {name} | {sum(tau) / len(tau):.3f} | {low:.3f} to {high:.3f} | {sum(rho) / len(rho):.3f} |")
display(Markdown("\n".join(lines)))

# %% [markdown]
# One video: what the annotators said above, what the model found below.

# %%
from maesum.evaluation.figures import importance_figure

video = benchmark[video_id]
scores = importance(task.model, features[video_id])
importance_figure(folder / "video.png", video_id, video.user_scores, scores, video.fps)
display(Image(folder / "video.png"))
