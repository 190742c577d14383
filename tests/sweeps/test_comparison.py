"""All rows of a table on the same videos, against a plain computation of every figure."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from omegaconf import OmegaConf

from maesum.metrics.bootstrap import paired_difference
from maesum.metrics.splits import load_splits
from maesum.sweeps.comparison import ALL_VIDEOS, OWN_SPLIT, compare
from maesum.sweeps.jobs import Job
from maesum.sweeps.report_tables import comparison_csv, markdown
from maesum.sweeps.results import table_rows
from maesum.sweeps.tables import read_tables
from maesum.system.errors import MaesumError

SUMME = load_splits("paper5", "summe")
VIDEOS = [f"video_{number}" for number in range(1, 26)]
TESTED = sorted({video for split in SUMME for video in split})


def table_of(metrics=("summe/tau", "summe/rho"), comparison=None):
    names = ("ours", "split", "other_splits", "old")
    rows = [{"setting": {"method": name}, "of": [name], "published": [None] * len(metrics)} for name in names]
    rows.append({"setting": {"method": "Human"}, "of": ["ours"], "read": "human", "published": [None] * len(metrics)})
    content = {
        "title": "t",
        "metrics": list(metrics),
        "jobs": {name: {"train": []} for name in names},
        "rows": rows,
        "comparison": comparison or {"reference": "ours", "splits": "paper5"},
    }
    return read_tables(OmegaConf.create({"mine": content}))["mine"]


def values_of(videos, seed):
    draws = np.random.default_rng(seed).normal(0.1, 0.1, (len(videos), 2))
    return {video: {"tau": float(tau), "rho": float(rho)} for video, (tau, rho) in zip(videos, draws, strict=True)}


@pytest.fixture
def make_job(tmp_path):
    def make(name, table, benchmark="summe"):
        job = Job(f"mine/{name}", "train", (), {"benchmarks": {benchmark: None}}, name, tmp_path / name, ())
        if table is not None:
            job.folder.mkdir()
            paper = {"tau": 0.1, "tau_interval": [0, 1], "rho": 0.1, "rho_interval": [0, 1], **table}
            content = {benchmark: {"protocols": {"paper": paper}}}
            (job.folder / "evaluation.json").write_text(json.dumps(content))
            (job.folder / "metrics.json").write_text(json.dumps({f"{benchmark}/tau": 0.1, f"{benchmark}/rho": 0.1}))
            (job.folder / "provenance.json").write_text(json.dumps({"config_hash": name}))
        return job

    return make


@pytest.fixture
def jobs(make_job):
    tables = {
        "ours": {"videos": values_of(VIDEOS, 0)},
        "split": {"videos_of_splits": [values_of(split, number) for number, split in enumerate(SUMME, start=1)]},
        "other_splits": {"videos_of_splits": [values_of(VIDEOS[:5], 7)]},
        "old": {},  # of a version that kept no values of videos
    }
    return {name: make_job(name, table) for name, table in tables.items()}


def per_split(table, measure):
    """Mean over splits of the mean over their test videos, by loops."""
    means = []
    for number, split in enumerate(SUMME):
        source = table["videos_of_splits"][number] if "videos_of_splits" in table else table["videos"]
        means.append(np.mean([source[video][measure] for video in split]))
    return np.mean(means)


def results_of(jobs, name):
    return json.loads((jobs[name].folder / "evaluation.json").read_text())["summe"]["protocols"]["paper"]


@pytest.mark.parametrize("place", [0, 1])
def test_every_row_is_the_mean_over_the_same_splits_and_differs_on_the_same_videos(jobs, place):
    found = compare(table_of(), jobs)
    assert [row.setting["method"] for row in found.rows] == ["ours", "split", "other_splits", "old"]
    ours, split, other, old = (row.results[place] for row in found.rows)
    measure = ("tau", "rho")[place]
    assert ours.mean == pytest.approx(per_split(results_of(jobs, "ours"), measure))
    assert split.mean == pytest.approx(per_split(results_of(jobs, "split"), measure))
    assert ours.difference is None
    assert split.difference.mean == pytest.approx(split.mean - ours.mean)
    assert split.difference.low < split.difference.mean < split.difference.high
    assert split.interval.low < split.mean < split.interval.high
    assert other is old is None  # other splits; no values at all
    assert found.videos == {"summe": f"the {len(TESTED)} test videos of the 5 splits paper5"}
    assert [row.trained for row in found.rows] == [ALL_VIDEOS, OWN_SPLIT, OWN_SPLIT, ""]


def test_a_video_that_several_splits_test_is_drawn_once(jobs):
    """Each video has one value, the mean over the splits that test it, weighted by how many do."""
    own, ours = results_of(jobs, "split")["videos_of_splits"], results_of(jobs, "ours")["videos"]
    order = list(dict.fromkeys(video for split in SUMME for video in split))
    counts = [sum(video in split for split in SUMME) for video in order]
    values = [np.mean([each[video]["tau"] for each in own if video in each]) for video in order]
    wanted = paired_difference(values, [ours[video]["tau"] for video in order], weights=counts)
    assert compare(table_of(), jobs).rows[1].results[0].difference == pytest.approx(wanted)


def test_a_benchmark_without_such_splits_is_compared_on_all_videos(make_job):
    names = ["a", "b", "c"]
    jobs = {
        name: make_job(name, {"videos": values_of(names, seed)}, benchmark="mine")
        for seed, name in enumerate(("ours", "split", "other_splits", "old"))
    }
    found = compare(table_of(metrics=("mine/tau",)), jobs)
    assert found.videos == {"mine": "all 3 videos, as it has no such splits"}
    assert found.rows[1].results[0].mean == pytest.approx(np.mean([v["tau"] for v in values_of(names, 1).values()]))


def test_at_demo_scale_the_demos_own_splits_stand_for_those_of_every_benchmark(make_job):
    splits = [["a", "b"], ["b", "c"]]
    jobs = {
        "ours": make_job("ours", {"videos": values_of("abc", 0)}, benchmark="demo"),
        "split": make_job("split", {"videos_of_splits": [values_of(each, 1) for each in splits]}, benchmark="demo"),
        "other_splits": make_job("other_splits", None),
        "old": make_job("old", None),
    }
    found = compare(table_of(), jobs)
    assert found.videos == {"demo": "the 3 test videos of the 2 splits of its own"}
    assert [row.setting["method"] for row in found.rows] == ["ours", "split"]


def test_an_undefined_value_makes_the_mean_undefined(make_job, jobs):
    path = jobs["split"].folder / "evaluation.json"
    content = json.loads(path.read_text())
    first = content["summe"]["protocols"]["paper"]["videos_of_splits"][0]
    first[next(iter(first))]["tau"] = None
    path.write_text(json.dumps(content))
    tau, rho = compare(table_of(), jobs).rows[1].results
    assert np.isnan([tau.mean, *tau.interval, *tau.difference]).all()
    assert np.isfinite(rho.mean)


def test_it_stands_in_the_report_and_in_a_file_of_its_own(jobs):
    table = table_of()
    found = compare(table, jobs)
    text = markdown(table, table_rows(table, jobs), {}, "command", synthetic=False, comparison=found)
    _, block = text.split("## All rows under one protocol, on the same videos")
    line = next(line for line in block.splitlines() if line.startswith("| split"))
    split = found.rows[1].results[0]
    for wanted in (OWN_SPLIT, f"{split.mean:.3f}", f"{split.difference.mean:+.3f}"):
        assert wanted in line
    rows = list(csv.DictReader(comparison_csv(found).splitlines()))
    assert float(rows[1]["summe/tau difference low"]) == split.difference.low
    assert (rows[0]["summe/tau difference"], rows[3]["summe/tau value"], rows[1]["trained"]) == ("", "", OWN_SPLIT)


def test_there_is_none_without_the_reference(make_job, jobs):
    assert compare(table_of(), jobs | {"ours": make_job("not_done", None)}) is None


@pytest.mark.parametrize(
    ("comparison", "message"),
    [
        ({"reference": "theirs"}, "comparison.reference is 'theirs', wanted one of ours, split"),
        ({"reference": "ours", "splits": "mine.json"}, "comparison.splits is 'mine.json', wanted one of paper5, aae"),
    ],
)
def test_a_comparison_with_what_is_not_there_is_one_sentence(comparison, message):
    with pytest.raises(MaesumError, match=r"^sweep mine: ") as caught:
        table_of(comparison=comparison)
    assert message in str(caught.value)
