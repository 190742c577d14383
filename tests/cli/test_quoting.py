"""Paths and names on the command line: whatever letters they hold, the config gets just these."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from maesum.cli.quoting import quote_texts
from maesum.cli.registration import register_schemas, text_keys
from maesum.config import CONF_DIR

NAMES = [
    "IMG_1234 (1).mp4", "Title [dQw4w9WgXcQ].mp4", "José's day.mp4", "你好.mp4", "a,b.mp4", "C#.mp4", "x=y.mp4",
    "[1] a.mp4", '"q".mp4', "007", "1e3", "true", "choice(1).mp4", "range(1,3)", "a\\b.mp4", " lead", "{a}.mp4", "'", "$",
]  # fmt: skip


def value_of(argument):
    return OverridesParser.create().parse_override(argument).value()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_arrives_as_it_was_typed(name):
    register_schemas()
    (argument,) = quote_texts([f"video={name}"], text_keys("summarize"), sweeps=False)
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        assert compose("summarize", [argument, "out=x"]).video == name


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(lambda text: "${" not in text))
def test_any_text_arrives_unless_it_is_one_that_hydra_reads(text):
    (argument,) = quote_texts([f"ckpt={text}"], ["ckpt"], sweeps=False)
    value = value_of(argument)
    is_read_by_hydra = value is None or isinstance(value, (list, dict)) or text[0] in "'\""
    assert value == text or (is_read_by_hydra and argument == f"ckpt={text}")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("video=[a.mp4,b.mp4]", ["a.mp4", "b.mp4"]),
        ("video=null", None),
        ("video='a b.mp4'", "a b.mp4"),
        ("video=${out}/x.mp4", "${out}/x.mp4"),
    ],
)
def test_what_says_something_to_hydra_still_does(argument, value):
    assert quote_texts([argument], ["video"], sweeps=False) == [argument]
    assert value_of(argument) == value


def test_a_file_of_just_that_name_is_meant_as_such(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "[a].mp4").touch()
    (tmp_path / "[b]").touch()
    assert [value_of(each) for each in quote_texts(["video=[a].mp4", "video=[b]"], ["video"], False)] == [
        "[a].mp4",
        "[b]",
    ]


def test_commas_separate_values_where_several_are_tried():
    assert quote_texts(["features=a.h5,b.h5"], ["features"], sweeps=True) == ["features=a.h5,b.h5"]
    (argument,) = quote_texts(["features=a.h5,b.h5"], ["features"], sweeps=False)
    assert value_of(argument) == "a.h5,b.h5"


def test_other_settings_and_flags_are_left_alone():
    given = ["stride=[1,8]", "-m", "seed=1,2", "+experiment=rand_stride", "~figures", "--cfg", "job"]
    assert quote_texts(given, text_keys("train"), sweeps=True) == given


def test_texts_of_tables_groups_and_hydra_are_known():
    assert {"benchmarks.*.features", "data.features", "init", "ckpt"} <= text_keys("train")
    assert {"source.ids", "input", "out"} <= text_keys("prepare")
    assert "backbone.weights" in text_keys("extract")
    given = ["benchmarks.mine.features=a [1].h5", "++data.features=é.h5", "hydra.run.dir=it's"]
    wanted = ["a [1].h5", "é.h5", "it's"]
    assert [value_of(each) for each in quote_texts(given, text_keys("train"), sweeps=False)] == wanted
