"""Scoring: the batched path against one window at a time, targets that stay hidden, training-free predictors."""

import numpy as np
import pytest
import torch

from maesum.data import sampling
from maesum.models import MaskedAutoencoder
from maesum.scoring import TRAINING_FREE, ScoringSettings, evenly_spread, importance
from maesum.system.errors import MaesumError

MODEL = dict(feature_dim=6, encoder_dim=16, encoder_depth=2, encoder_heads=2, decoder_dim=16, decoder_depth=1, decoder_heads=2)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return MaskedAutoencoder(**MODEL).eval()


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(0).normal(size=(103, 6)).cumsum(0).astype(np.float32)


def plain_loop(reconstruct, features, stride, mirror):
    """Section 3.4 written out: one frame at a time, index by index."""
    n, scores = len(features), []
    for t in range(n):
        index = [mirror(t + stride * (p - 15), n) for p in range(30)]
        index = [(t + 1 if t + 1 < n else t - 1) if i == t and p != 15 else i for p, i in enumerate(index)]
        window = torch.from_numpy(features[index])[None]
        mask = torch.zeros(1, 30, dtype=torch.bool)
        mask[0, 15] = True
        with torch.no_grad():
            predicted = reconstruct(window, mask)[0, 15].double().numpy()
        original = features[t].astype(np.float64)
        with np.errstate(invalid="ignore"):  # of a frame of zeros, where the cosine is undefined
            scores.append(1 - predicted @ original / np.linalg.norm(predicted) / np.linalg.norm(original))
    return np.array(scores)


def reflect(i, n):
    while not 0 <= i < n:
        i = -i if i < 0 else 2 * (n - 1) - i
    return i


MIRRORS = {"reflect": reflect, "replicate": lambda i, n: min(max(i, 0), n - 1)}


@pytest.mark.parametrize("stride", [1, 2, 31])
@pytest.mark.parametrize("boundary", ["reflect", "replicate"])
def test_equals_one_window_at_a_time(model, features, stride, boundary):
    batched = importance(model, features, stride, ScoringSettings(boundary=boundary, batch_size=40))
    assert batched.dtype == np.float32
    assert batched.shape == (103,)
    np.testing.assert_allclose(batched, plain_loop(model, features, stride, MIRRORS[boundary]), atol=1e-5)


@pytest.mark.parametrize("scorer", ["model", *TRAINING_FREE])
def test_a_frame_of_zeros_is_worth_nothing_and_moves_no_other_frames_definition(model, features, scorer):
    reconstruct = TRAINING_FREE.get(scorer, model)
    black = features.copy()
    black[[0, 40, 102]] = 0
    scores = importance(reconstruct, black, stride=2)
    assert scores[[0, 40, 102]].tolist() == [0, 0, 0]
    shown = np.delete(np.arange(103), [0, 40, 102])
    expected = plain_loop(reconstruct, black, 2, reflect)
    np.testing.assert_allclose(scores[shown], expected[shown], atol=1e-5)


def test_a_reconstruction_of_zeros_tells_nothing(features):
    assert (importance(lambda frames, mask: torch.zeros_like(frames), features) == 1).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_reconstruction_that_is_not_finite_is_refused_even_of_zeros(features, value):
    with pytest.raises(MaesumError, match="score of frame 0 is nan"):
        importance(lambda frames, mask: torch.full_like(frames, value), np.zeros_like(features))


def test_training_free_predictors_equal_their_definitions(features):
    """In the middle of a video: the mean of the window's other frames, and of the two frames one stride away."""
    t, stride = 50, 2
    others = [t + stride * (p - 15) for p in range(30) if p != 15]
    context, neighbours = features[others].mean(0), (features[t - stride] + features[t + stride]) / 2
    cosine = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    for name, predicted in (("context_mean", context), ("neighbour", neighbours)):
        score = importance(TRAINING_FREE[name], features, stride)[t]
        assert score == pytest.approx(1 - cosine(predicted, features[t]), abs=1e-6)


@pytest.mark.parametrize("boundary", sampling.BOUNDARIES)
def test_the_target_is_never_seen(model, features, boundary):
    """Replacing a frame changes no reconstruction of that frame: its own score is the cosine to a fixed vector."""
    settings = ScoringSettings(boundary=boundary)
    captured = {}

    def spy(key):
        def reconstruct(frames, mask):
            captured[key] = model(frames, mask)[mask]
            return model(frames, mask)

        return reconstruct

    for t in (0, 1, 14, 15, 50, 101, 102):
        for key, value in (("before", features), ("after", features.copy())):
            if key == "after":
                value[t] = 1e3
            importance(spy(key), value, 3, settings, targets=np.array([t]))
        assert torch.equal(captured["before"], captured["after"]), t


def test_targets_and_batches_are_only_a_way_to_cut_the_work(model, features):
    whole = importance(model, features, 2)
    np.testing.assert_allclose(importance(model, features, 2, ScoringSettings(batch_size=7)), whole, atol=1e-6)
    some = np.array([102, 0, 44])
    np.testing.assert_allclose(importance(model, features, 2, targets=some), whole[some], atol=1e-6)


@pytest.mark.parametrize("boundary", sampling.BOUNDARIES)
@pytest.mark.parametrize("stride", [1, 3])
def test_parts_of_a_video_are_only_a_way_to_cut_it(model, features, monkeypatch, boundary, stride):
    """A video of several parts: windows at their edges reach over, and parts may be returned to."""
    settings = ScoringSettings(boundary=boundary)
    whole = importance(model, features, stride, settings)
    context = importance(TRAINING_FREE["context_mean"], features, stride, settings)
    monkeypatch.setattr("maesum.scoring.video.PART", 25)
    np.testing.assert_allclose(importance(model, features, stride, settings), whole, atol=1e-6)
    np.testing.assert_allclose(
        importance(TRAINING_FREE["context_mean"], features, stride, settings), context, atol=1e-6
    )
    some = np.array([102, 0, 44, 1])
    np.testing.assert_allclose(importance(model, features, stride, settings, targets=some), whole[some], atol=1e-6)
    thinned = importance(model, features, stride, ScoringSettings(boundary=boundary, every=7))
    np.testing.assert_allclose(thinned[::7], whole[::7], atol=1e-6)


def test_bfloat16_keeps_the_order_and_exact_statistics(features):
    """The network's products are rounded, the frames and the cosine are not."""
    torch.manual_seed(0)
    model = MaskedAutoencoder(**MODEL).eval()
    model.set_statistics(torch.from_numpy(features.mean(0)), torch.from_numpy(features.std(0)))
    exact = importance(model, features, 2)
    rounded = importance(model, features, 2, ScoringSettings(precision="bf16"))
    assert not np.array_equal(exact, rounded)
    np.testing.assert_allclose(rounded, exact, atol=0.03)
    assert len(np.unique(rounded)) == len(rounded)
    assert model.mask_token.dtype == torch.float32


@pytest.mark.parametrize("every", [1, 4, 7, 102, 500])
def test_every_kth_frame_is_exact_and_lines_lie_between(model, features, every):
    whole = importance(model, features, 2)
    thinned = importance(model, features, 2, ScoringSettings(every=every))
    exact = sorted({*range(0, 103, every), 102})
    np.testing.assert_allclose(thinned[exact], whole[exact], atol=1e-6)
    np.testing.assert_allclose(thinned, np.interp(np.arange(103), exact, whole[exact]), atol=1e-6)
    assert thinned.dtype == np.float32


def test_float16_features_and_tensors_are_taken(model, features):
    half = features.astype(np.float16)
    expected = importance(model, half.astype(np.float32), 2)
    np.testing.assert_allclose(importance(model, torch.from_numpy(half), 2), expected, atol=1e-6)


def test_standardised_models_compare_in_their_own_space(features):
    torch.manual_seed(0)
    model = MaskedAutoencoder(**MODEL).eval()
    mean, std = features.mean(0), features.std(0)
    model.set_statistics(torch.from_numpy(mean), torch.from_numpy(std))
    plain = MaskedAutoencoder(**MODEL).eval()
    plain.load_state_dict({**model.state_dict(), "feature_mean": torch.zeros(6), "feature_scale": torch.ones(6)})
    np.testing.assert_allclose(importance(model, features, 2), importance(plain, (features - mean) / std, 2), atol=1e-4)


def test_evenly_spread_ranks_every_prefix_evenly():
    order = np.argsort(-evenly_spread(1000))
    for count in (10, 100, 500):
        gaps = np.diff(np.sort(np.concatenate([order[:count], [1000]])))
        assert gaps.max() <= 2 * 1024 / count
    assert len(np.unique(evenly_spread(300_000))) == 300_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(features=np.zeros((29, 6), np.float32)), "29 frames, but a window takes 30"),
        (dict(features=np.zeros((0, 6), np.float32)), "0 frames, but a window takes 30"),
        (dict(features=np.zeros((29, 6), np.float32), targets=np.array([0])), "29 frames, but a window takes 30"),
        (dict(features=np.zeros((0, 6), np.float32), targets=np.array([])), "0 frames, but a window takes 30"),
        (dict(features=np.zeros(60, np.float32)), r"features have shape \[60\], wanted \[frames, D\]"),
        (dict(targets=np.array([3, 60])), "target 60 is no frame of the video, wanted 0 to 59"),
        (dict(targets=np.array([-1])), "target -1 is no frame of the video"),
        (dict(targets=np.array([0.5])), "type float64, wanted one row of whole numbers"),
        (dict(targets=np.array([[1, 2]])), r"targets have shape \(1, 2\)"),
        (dict(features=np.zeros((60, 7), np.float32)), "features are 7 wide, but the model was built for 6"),
        (dict(features=np.full((60, 6), np.nan, np.float32)), "the score of frame 0 is nan"),
        (dict(stride=0), "the test stride is 0, wanted at least 1"),
        (dict(settings=ScoringSettings(target_position=30)), "target_position is 30, wanted 0 to 29"),
    ],
)
def test_what_does_not_fit_is_named(model, features, change, message):
    with pytest.raises(MaesumError, match=message):
        importance(model, **{"features": features[:60], "stride": 2, **change})


def test_no_targets_have_no_scores(model, features):
    scores = importance(model, features, targets=np.array([], dtype=np.int64))
    assert (scores.shape, scores.dtype) == ((0,), np.float32)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (dict(boundary="wrap"), "boundary is 'wrap', wanted one of reflect, replicate, shift"),
        (dict(precision="fp16"), "precision is 'fp16', wanted one of 32, bf16"),
        (dict(batch_size=0), "batch_size is 0, wanted at least 1"),
        (dict(batch_size=-4), "batch_size is -4, wanted at least 1"),
        (dict(every=0), "every is 0, wanted at least 1"),
        (dict(target_position=-1), "target_position is -1, wanted at least 0"),
    ],
)
def test_settings_out_of_range_are_named(setting, message):
    with pytest.raises(MaesumError, match=message):
        ScoringSettings(**setting)
