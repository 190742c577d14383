"""Where features come from: what files and checkpoints say, and what is said where a model meets other features."""

from __future__ import annotations

import pytest

from maesum.data import FeatureStore
from maesum.data.origin import FeatureOrigin, differences, frames_kept


def test_a_store_tells_what_its_files_say(make_features):
    first = make_features("a.h5", backbone="googlenet", preprocessing="crop", frame_step=15)
    assert FeatureStore(first).origin == FeatureOrigin("googlenet", "crop", 15)
    assert FeatureStore(make_features("b.h5")).origin == FeatureOrigin()
    other = make_features("c.h5", backbone="googlenet", preprocessing="resize", frame_step=15)
    assert FeatureStore([first, other]).origin == FeatureOrigin("googlenet", "unknown", 15)


@pytest.mark.parametrize(
    ("one", "two", "differ"),
    [
        ("googlenet", "GoogLeNet pool5", False),
        ("googlenet", "resnet50 (IMAGENET1K_V1)", True),
        ("googlenet", "unknown", False),
        ("", "googlenet", False),
        ("  ", "unknown", False),
        ("ResNet50", "resnet50", False),
    ],
)
def test_backbones_differ_where_both_are_known_and_begin_otherwise(one, two, differ):
    for names in ((one, two), (two, one)):
        lines = differences(*(FeatureOrigin(name) for name in names))
        assert len(lines) == int(differ)
        assert all(f"backbone {names[0]!r}, but the model was trained on {names[1]!r}" in line for line in lines)


def test_a_stride_over_other_frames_is_told_in_frames():
    (line,) = differences(FeatureOrigin(frame_step=15), FeatureOrigin(), stride=2)
    assert line == (
        "features hold one frame in 15, so stride 2 is 30 frames; the model was trained on every frame, where that is 2"
    )
    (line,) = differences(FeatureOrigin(), FeatureOrigin(frame_step=5))
    assert "every frame, so stride 1 is 1 frame; the model was trained on one frame in 5, where that is 5" in line
    assert len(differences(FeatureOrigin("a", frame_step=2), FeatureOrigin("b"))) == 2
    assert differences(FeatureOrigin("a", frame_step=2), None) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"frame_step": 0}, "frame_step is 0"),
        ({"frame_step": True}, "frame_step is True"),
        ({"backbone": None}, "backbone is None"),
        ({"more": 1}, "wanted backbone, preprocessing, frame_step"),
    ],
)
def test_plain_fields_are_checked(changed, message):
    origin = FeatureOrigin("googlenet", "crop", 15)
    assert FeatureOrigin.from_plain(origin.to_plain()) == origin
    with pytest.raises(ValueError, match=message):
        FeatureOrigin.from_plain({**origin.to_plain(), **changed})
    with pytest.raises(ValueError, match="wanted backbone"):
        FeatureOrigin.from_plain("googlenet")


@pytest.mark.parametrize(
    ("every", "frame_step", "said"),
    [
        (15, 1, None),
        (15, 15, None),
        (15, 5, None),
        (15, 2, "hold one frame in 2, so every=15 takes one frame in 16"),
        (15, 30, "hold one frame in 30, fewer than every=15 asks for; all are taken"),
        (1, 15, "hold one frame in 15, fewer than every=1 asks for; all are taken"),
    ],
)
def test_it_is_said_where_the_frames_kept_are_not_those_asked_for(every, frame_step, said):
    assert frames_kept(every, frame_step) == said
