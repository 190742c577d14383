# %% [markdown]
# # Read an ablation
#
# The gaps in this field's tables are small: a useless but smooth predictor moves tau on TVSum by about .009, more than
# most rows differ. So look at three things before believing a row: its interval over videos, the *paired* difference to
# the other row, and the baselines. Here two mask ratios are trained for seconds on synthetic data; the tables of the
# paper come from `python -m maesum.sweep` and `python -m maesum.report`.

# %%
import logging
import tempfile
import warnings
from pathlib import Path

from maesum.system.torchvision_import import make_torchvision_importable

make_torchvision_importable()  # where it is installed, Lightning imports it
import lightning as L
import numpy as np
from IPython.display import Markdown, display

from maesum.data import Benchmark, FeatureStore
from maesum.data.datamodule import ClipDataModule
from maesum.data.demo import make_demo
from maesum.methods.pretraining import Pretraining
from maesum.metrics import bootstrap_interval, mean, paired_difference, rank_correlation, smooth_random_importance
from maesum.scoring import importance

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # its remarks on hardware and loaders
warnings.filterwarnings("ignore", module="lightning")

folder = Path(tempfile.mkdtemp())
make_demo(folder)
features, benchmark = FeatureStore(folder / "benchmark.h5"), Benchmark(folder / "annotations.h5")


# %%
def trained(mask_ratio: float):
    """A tiny model, the same in everything but the mask ratio."""
    L.seed_everything(0, verbose=False)
    data = ClipDataModule(str(folder / "pretraining.h5"), batch_size=32)
    sizes = {"encoder_dim": 48, "encoder_depth": 2, "encoder_heads": 4}
    sizes |= {"decoder_dim": 48, "decoder_depth": 1, "decoder_heads": 4}
    task = Pretraining(
        model={"feature_dim": data.store.dim, **sizes},
        mask_ratio=mask_ratio,
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
    return task.model.eval()


def taus(predict) -> np.ndarray:
    """Tau of each video, the mean over its annotators."""
    values = [rank_correlation(predict(name), benchmark[name].user_scores).tau for name in benchmark.video_ids]
    return np.array([mean(tau) for tau in values])


models = {ratio: trained(ratio) for ratio in (0.5, 0.9)}
rows = {
    f"mask ratio {ratio}": taus(lambda name, model=model: importance(model, features[name]))
    for ratio, model in models.items()
}
rows["random, smooth"] = taus(lambda name: smooth_random_importance(benchmark.n_frames(name), seed=0))

# %% [markdown]
# **Each row with its interval over videos.** The intervals overlap, which says little: all rows meet the same easy and
# hard videos.

# %%
lines = ["| row | tau | 95 % interval |", "| --- | ---: | --- |"]
for name, values in rows.items():
    low, high = bootstrap_interval(values)
    lines.append(f"| {name} | {values.mean():.3f} | {low:.3f} to {high:.3f} |")
display(Markdown("\n".join(lines)))

# %% [markdown]
# **The paired difference** compares video by video. Only where its interval leaves out zero has the ablation shown
# something. The last row is the same question for a predictor that is known to be useless.

# %%
lines = ["| compared | difference of tau | 95 % interval |", "| --- | ---: | --- |"]
for other in ("mask ratio 0.9", "random, smooth"):
    difference = paired_difference(rows["mask ratio 0.5"], rows[other])
    lines.append(f"| 0.5 less {other} | {difference.mean:+.3f} | {difference.low:+.3f} to {difference.high:+.3f} |")
display(Markdown("\n".join(lines)))
