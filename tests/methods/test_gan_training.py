"""SUM-GAN and its relatives as methods: how they train, are resumed, kept and refused; what each is, in its own file."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from maesum.data.store import FeatureStore
from maesum.data.whole_videos import VideoDataModule, WholeVideos
from maesum.methods.csnet import CsnetTraining
from maesum.methods.csnet_gl_rpe import CsnetGlRpeTraining
from maesum.methods.registry import method
from maesum.methods.sum_gan import SumGanTraining
from maesum.methods.sum_gan_aae import SumGanAaeTraining
from maesum.methods.sum_gan_gl_rpe import SumGanGlRpeTraining
from maesum.models.sum_gan_training import STEPS, trained_by
from maesum.runs.method_settings import method_defaults
from maesum.system.errors import MaesumError
from tests.methods.test_by_split import LENGTHS, TRAINING, assert_resumes_to_the_bit, trainer_of

TRAININGS = {
    "sum_gan": SumGanTraining,
    "sum_gan_aae": SumGanAaeTraining,
    "sum_gan_gl_rpe": SumGanGlRpeTraining,
    "csnet": CsnetTraining,
    "csnet_gl_rpe": CsnetGlRpeTraining,
}
SMALL = {"every": 8, "hidden": 4, "learning_rate": 1e-2, "discriminator_rate": 1e-3}
every_method = pytest.mark.parametrize("name", TRAININGS)


def task(name, training_videos=TRAINING, **settings):
    torch.manual_seed(0)
    scorer = {"scorer_hidden": 4} if name.endswith("gl_rpe") else {}
    return TRAININGS[name](8, training_videos, SMALL | scorer | settings)


@pytest.fixture
def videos(make_features):
    store = FeatureStore(make_features(lengths=LENGTHS))
    return WholeVideos(store, store.video_ids, every=8, seed=0)


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


@every_method
def test_stopped_within_an_epoch_and_resumed_it_ends_where_an_uninterrupted_training_ends(tmp_path, videos, name):
    content = assert_resumes_to_the_bit(tmp_path, lambda: task(name), videos, 7)
    assert len(content["optimizer_states"]) == len(STEPS) * len(TRAINING)


@every_method
def test_a_video_trains_all_weights_of_its_networks_and_a_tested_one_none(tmp_path, videos, name):
    module = task(name)
    before = weights(module)
    trainer_of(tmp_path, epochs=1).fit(module, VideoDataModule(videos))
    assert not [key for key, value in before.items() if torch.equal(value, module.state_dict()[key])]
    module = task(name, [[0], []])
    before = weights(module)
    trainer_of(tmp_path / "b", epochs=1).fit(module, VideoDataModule(videos))
    changed = {key.split(".")[1] for key, value in before.items() if not torch.equal(value, module.state_dict()[key])}
    assert changed == {"0"}


@every_method
def test_what_is_logged_adds_up(tmp_path, videos, name):
    module = task(name, [[0]])
    trainer = trainer_of(tmp_path, epochs=1)
    trainer.fit(module, VideoDataModule(videos))
    logged = {key: float(value) for key, value in trainer.logged_metrics.items() if key.startswith("train/loss")}
    assert all(math.isfinite(value) for value in logged.values())
    for step, total in (("scorer", "loss"), ("decoder", "loss_decoder"), ("discriminator", "loss_discriminator")):
        terms = [value for key, value in logged.items() if key.startswith(f"train/loss_{step}_")]
        assert len(terms) >= 2
        assert logged[f"train/{total}"] == pytest.approx(sum(terms), rel=1e-5)


@every_method
def test_each_optimiser_has_its_own_rate(name):
    module = task(name)
    network = module.networks[0]
    optimizers = module.network_optimizers(network)
    assert [each.param_groups[0]["lr"] for each in optimizers] == [1e-2, 1e-2, 1e-3]
    for step, optimizer in zip(STEPS, optimizers, strict=True):
        assert optimizer.param_groups[0]["params"] == trained_by(network[1])[step]


@every_method
def test_its_checkpoint_scores_as_it_does(videos, name):
    module = task(name, [[0, 1, 2]]).eval()
    content = {"hyper_parameters": copy.deepcopy(dict(module.hparams)), "state_dict": module.state_dict()}
    scorer = method(name).predictor(content, "a.ckpt")
    features = videos.store[videos.video_ids[0]]
    again, first = scorer.importance(features, 1), module.scorer(0).importance(features, 1)
    assert (again == first).all()
    assert again.shape == (LENGTHS[0] // 8,)
    # Features are scaled to unit length unless one says otherwise.
    assert scorer.importance(8 * features, 1) == pytest.approx(first, abs=1e-6)
    plain = task(name, [[0]], unit_length=False).scorer(0)
    assert abs(plain.importance(8 * features, 1) - plain.importance(features, 1)).max() > 1e-3


def test_the_discriminator_waits_for_as_many_videos_of_every_epoch(tmp_path, videos):
    module = task("sum_gan", [[0, 1, 2]], discriminator_waits=2)
    seen = []
    train = module.train_network

    def noted(number, batch, optimizers):
        found = train(number, batch, optimizers)
        seen.append("loss_discriminator" in found)
        return found

    module.train_network = noted
    trainer_of(tmp_path, epochs=2).fit(module, VideoDataModule(videos))
    assert seen == [False, False, True] * 2


def test_a_discriminator_that_would_never_be_trained_is_refused(tmp_path, videos):
    with pytest.raises(
        MaesumError, match=r"discriminator_waits is 3, but an epoch has 3 videos: .* wanted less than 3"
    ):
        trainer_of(tmp_path).fit(task("sum_gan", discriminator_waits=3), VideoDataModule(videos))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("sum_gan", {"form": "magic"}, "method.form is 'magic', wanted one of log, label."),
        ("sum_gan_aae", {"sigma": 2}, "method.sigma is 2.0, wanted at least 0 and at most 1."),
        ("sum_gan_gl_rpe", {"pieces": 0}, "method.pieces is 0, wanted at least 1."),
        ("csnet", {"sequence": 3}, "did you mean 'method.sequences'?"),
        ("csnet_gl_rpe", {"sequences": 3}, "method csnet_gl_rpe has no setting 'method.sequences'"),
    ],
)
def test_a_setting_that_it_cannot_have_is_one_sentence(name, change, message):
    with pytest.raises(MaesumError) as caught:
        method(name).read_settings(method_defaults(name) | change)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_not_finite_is_one_sentence(tmp_path, videos):
    module = task("sum_gan", [[0, 1, 2]])
    torch.nn.init.constant_(module.networks[0][1].discriminator.head.weight, float("nan"))
    with pytest.raises(
        MaesumError, match=r"^the loss\w* is nan at step 1, on video number \d; lower the learning rate"
    ):
        trainer_of(tmp_path).fit(module, VideoDataModule(videos))


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("sum_gan", "scorer_sparsity"),
        ("sum_gan_aae", "scorer_sparsity"),
        ("sum_gan_gl_rpe", "scorer_sparsity"),
        ("csnet", "scorer_variance"),
        ("csnet_gl_rpe", "scorer_variance"),
    ],
)
def test_training_lowers_what_the_scorer_alone_decides(tmp_path, videos, name, term):
    """The mean importance nears sigma; CSNet's scores become less flat."""
    module = task(name, [[0, 1, 2]])
    seen = []
    train = module.train_network

    def noted(number, batch, optimizers):
        found = train(number, batch, optimizers)
        seen.append(float(found[f"loss_{term}"]))
        return found

    module.train_network = noted
    trainer_of(tmp_path, epochs=10).fit(module, VideoDataModule(videos))
    assert len(seen) == 30
    assert sum(seen[-3:]) < 0.7 * sum(seen[:3])
