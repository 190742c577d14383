"""Action recognition: the model, its clips, what it learns, and what it says where labels are wrong."""

from __future__ import annotations

import lightning as L
import numpy as np
import pytest
import torch

from maesum.data.labelled import LabelledDataModule, spread_clips
from maesum.methods.recognition import Recognition
from maesum.models import MaskedAutoencoder
from maesum.models.recognizer import Recognizer
from maesum.system.errors import MaesumError

SIZES = dict(feature_dim=8, frames=6, encoder_dim=16, encoder_depth=1, encoder_heads=2, decoder_dim=8, decoder_depth=1, decoder_heads=2)  # fmt: skip


@pytest.fixture
def labelled(make_features):
    """Two sets of videos whose class shows in their mean."""
    from maesum.data.features import write_features

    def make(name, count, labels=("run", "jump", "swim")):
        path = make_features(name)
        rng = np.random.default_rng(count)
        chosen = [labels[number % len(labels)] for number in range(count)]
        offset = {label: 2.0 * np.eye(8)[number] for number, label in enumerate(labels)}
        videos = [rng.normal(size=(12, 8)) * 0.3 + offset[label] for label in chosen]
        write_features(path, [f"{name}_v{i}" for i in range(count)], [12] * count, videos, labels=chosen)
        return str(path)

    return make


def trainer(**kwargs):
    options = dict(accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False, num_sanity_val_steps=0)  # fmt: skip
    return L.Trainer(**(options | kwargs))


def test_the_classifier_reads_the_mean_of_the_encoder_output():
    torch.manual_seed(0)
    autoencoder = MaskedAutoencoder(**SIZES)
    frames = torch.randn(3, 6, 8)
    latent = autoencoder.encode(autoencoder.tokens(frames), torch.arange(6).expand(3, 6))
    model = Recognizer(autoencoder, actions=5)
    wanted = latent.mean(1) @ model.classifier.weight.T + model.classifier.bias
    torch.testing.assert_close(model(frames), wanted)
    names = {name.split(".")[1] for name in model.state_dict() if name.startswith("encoder.")}
    assert names == {"embed", "encoder", "encoder_norm", "feature_mean", "feature_scale"}


@pytest.mark.parametrize("freeze", [False, True])
def test_freezing_leaves_the_encoder_as_it_is(labelled, freeze):
    data = LabelledDataModule(labelled("a.h5", 12), labelled("b.h5", 6), batch_size=6, stride=(1, 1), frames=6)
    task = Recognition(SIZES, actions=3, freeze=freeze, optim=dict(base_lr=1e-2, scale_lr=False), batch_size=6, warmup_epochs=0)  # fmt: skip
    before = {name: value.clone() for name, value in task.model.state_dict().items()}
    trainer().fit(task, data)
    changed = {name for name, value in task.model.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.startswith("classifier") for name in changed)
    assert any(name.startswith("encoder") for name in changed) is not freeze


def test_it_learns_and_measures_top1_and_top5(labelled):
    L.seed_everything(0, verbose=False)
    data = LabelledDataModule(labelled("a.h5", 24), labelled("b.h5", 9), batch_size=8, stride=(1, 2), frames=6)
    task = Recognition(SIZES, actions=3, optim=dict(base_lr=1e-2, scale_lr=False), batch_size=8, warmup_epochs=0)
    runner = trainer(max_epochs=15)
    runner.fit(task, data)
    tested = runner.test(task, datamodule=data, verbose=False)[0]
    assert tested["recognition/top1"] > 0.9
    assert tested["recognition/top5"] == 1.0  # of three classes
    batch = next(iter(data.test_dataloader()))
    probabilities = torch.stack([task.model(batch.frames[:, clip].float()).softmax(1) for clip in range(4)]).mean(0)
    accuracy = (probabilities.argmax(1) == batch.labels).float().mean()
    assert float(accuracy) == pytest.approx(tested["recognition/top1"])


def test_test_clips_are_spread_from_the_first_to_the_last_possible_start():
    index = spread_clips(np.array([100, 30]), stride=(2, 2), frames=30, clips=4)
    assert index.shape == (2, 4, 30)
    assert index[0, :, 0].tolist() == [0, 14, 27, 41]
    assert index[0, -1, -1] == 99
    assert (index[1] == np.arange(30)).all()  # the largest stride that fits is 1, and there is one start
    assert spread_clips(np.array([100]), (1, 4), 30, 1)[0, 0, 0] == round(41 * 0.5)


def test_every_test_video_is_measured_once_over_ranks(labelled):
    data = LabelledDataModule(
        labelled("a.h5", 6), labelled("b.h5", 7), batch_size=4, stride=(1, 1), frames=6, test_clips=2
    )
    seen = []
    for rank in range(2):
        data._rank = lambda rank=rank: (rank, 2)
        seen += [int(label) for batch in data.test_dataloader() for label in batch.labels]
    assert len(seen) == 7


def test_wrong_labels_are_one_sentence(labelled, make_features):
    with pytest.raises(MaesumError, match=r"c\.h5: has no dataset 'labels'"):
        LabelledDataModule(str(make_features("c.h5", lengths=(40,))), labelled("b.h5", 6), frames=6)
    with pytest.raises(MaesumError, match=r"c\.h5: has no dataset 'labels'"):
        LabelledDataModule(labelled("b.h5", 6), str(make_features("c.h5", lengths=(40,))), frames=6)
    with pytest.raises(MaesumError, match=r"b\.h5: label 'fly' of video '.*' is not among the 3 of .*a\.h5"):
        LabelledDataModule(labelled("a.h5", 6), labelled("b.h5", 6, labels=("run", "fly")), batch_size=2, frames=6)
    with pytest.raises(MaesumError, match=r"video '.*v0' has 12 frames, wanted at least 30"):
        LabelledDataModule(labelled("a.h5", 6), labelled("b.h5", 6))


@pytest.mark.parametrize("setting", ["batch_size", "clips_per_video", "test_clips"])
def test_no_clips_at_all_are_refused_before_training(labelled, setting):
    with pytest.raises(MaesumError, match=f"{setting} is 0, wanted at least 1"):
        LabelledDataModule(labelled("a.h5", 6), labelled("b.h5", 6), frames=6, **{setting: 0})
