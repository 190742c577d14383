"""A table from what runs left: figures beside the published ones, empty cells with their command, CSV and curve."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from maesum.sweeps.curves import table_curve
from maesum.sweeps.jobs import Job
from maesum.sweeps.report_tables import csv_text, markdown
from maesum.sweeps.results import baselines, table_rows
from maesum.sweeps.tables import read_tables
from maesum.system.errors import MaesumError
from tests.commands import maesum_here, user_error

COMMAND = "python -m maesum.sweep sweep=mine"


def table_of(rows, metrics=("tvsum/tau", "tvsum/rho"), **fields):
    jobs = {"a": {"train": []}, "b": {"train": []}}
    content = {"title": "Table 9, anything", "section": "9", "metrics": list(metrics), "jobs": jobs, "rows": rows}
    return read_tables(OmegaConf.create({"mine": content | fields}))["mine"]


@pytest.fixture
def make_job(tmp_path):
    """A job, finished unless it has no results."""

    def make(name, results=None, command="train", benchmarks=("tvsum",)):
        folder = tmp_path / name
        job = Job(
            f"mine/{name}",
            command,
            (f"+experiment={name}",),
            {"benchmarks": dict.fromkeys(benchmarks)},
            name,
            folder,
            (),
        )
        if results is not None:
            folder.mkdir()
            metrics, evaluation = results
            origin = {"config_hash": name}
            if command == "evaluate":
                metrics = {"metrics": metrics, "results": evaluation, "provenance": origin}
            else:
                (folder / "evaluation.json").write_text(json.dumps(evaluation))
            (folder / "provenance.json").write_text(json.dumps(origin))
            (folder / "metrics.json").write_text(json.dumps(metrics))
        return job

    return make


def evaluation(tau, rho, name="tvsum"):
    table = {
        "tau": tau, "tau_interval": [tau - 0.01, tau + 0.02], "rho": rho, "rho_interval": [rho - 0.01, rho + 0.02],
        "baselines": {"human": {"tau": 0.177, "rho": 0.204}, "random": {"tau": 0.0, "rho": 0.001, "tau_std": 0.002, "rho_std": 0.003}},
        "splits": {"scores": {"tau": tau + 0.1, "rho": rho + 0.1}},
    }  # fmt: skip
    f1 = {"f1": 0.55, "f1_interval": [0.5, 0.6]}
    return {f"{name}/tau": tau, f"{name}/rho": rho}, {name: {"protocols": {"paper": table}, "f1": f1}}


ROWS = [
    {"setting": {"ratio": 0.1}, "of": ["a"], "published": [0.109, 0.144]},
    {"setting": {"ratio": 0.9}, "of": ["b"], "published": [0.107, None]},
    {"setting": {"ratio": "other (published)"}, "published": [0.2, 0.3]},
]


def test_a_figure_stands_beside_the_published_one_and_a_missing_one_beside_its_command(make_job):
    table = table_of(ROWS, note="A remark.")
    jobs = {"a": make_job("a", evaluation(0.1234, 0.15)), "b": make_job("b")}
    text = markdown(table, table_rows(table, jobs), baselines(table, jobs), COMMAND, synthetic=False)
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    assert lines[0] == ["ratio", "tvsum/tau", "95 %", "paper", "difference", "tvsum/rho", "95 %", "paper", "difference"]
    assert lines[2] == [
        "0.1",
        "0.123",
        "0.113 to 0.143",
        "0.109",
        "+0.014",
        "0.150",
        "0.140 to 0.170",
        "0.144",
        "+0.006",
    ]
    assert lines[3] == ["0.9", "", "", "0.107", "", "", "", "", ""]
    assert lines[4] == ["other (published)", "", "", "0.200", "", "", "", "0.300", ""]
    assert f"python -m maesum.train +experiment=b hydra.run.dir={jobs['b'].folder}\n" in text
    assert "+experiment=a" not in text
    assert "- tvsum: human 0.177 / 0.204, random 0.000 / 0.001 (one draw ± 0.002 / 0.003)" in text
    assert COMMAND in text and "A remark." in text and "Synthetic" not in text  # noqa: PT018


def test_nan_and_a_dash_of_the_paper_are_told_apart(make_job):
    rows = [
        {"setting": {"m": "undefined"}, "of": ["a"], "published": [float("nan"), float("nan")]},
        {"setting": {"m": "not reported"}, "of": ["a"], "published": ["-", "-"]},
        {"setting": {"m": "not in the paper"}, "of": ["a"], "published": [None, None]},
        {"setting": {"m": "negative"}, "of": ["a"], "published": ["-.026", 0]},  # as YAML 1.1 reads -.026
    ]
    table, jobs = table_of(rows), {"a": make_job("a", evaluation(0.1, 0.2)), "b": make_job("b")}
    found = table_rows(table, jobs)
    text = markdown(table, found, {}, COMMAND, synthetic=False)
    lines = [[each.strip() for each in line.strip("|").split("|")] for line in text.splitlines() if "|" in line][2:]
    assert [line[3:5] for line in lines] == [["NaN", ""], ["-", ""], ["", ""], ["-0.026", "+0.126"]]
    written = [row["tvsum/tau published"] for row in csv.DictReader(csv_text(table, found).splitlines())]
    assert written == ["nan", "-", "", "-0.026"]


@pytest.mark.parametrize("value", ["n/a", True, float("inf")])
def test_what_no_paper_prints_is_refused(value):
    with pytest.raises(MaesumError, match=r"sweep mine: row 1 has .* as published, wanted a number"):
        table_of([{"setting": {}, "of": ["a"], "published": [value, 0.1]}])


def test_csv_holds_full_precision(make_job):
    table = table_of(ROWS)
    jobs = {"a": make_job("a", evaluation(0.1234567, 0.15)), "b": make_job("b")}
    rows = list(csv.DictReader(csv_text(table, table_rows(table, jobs)).splitlines()))
    assert float(rows[0]["tvsum/tau value"]) == 0.1234567
    assert float(rows[0]["tvsum/tau difference"]) == pytest.approx(0.0144567)
    assert rows[1]["tvsum/tau value"] == ""
    assert rows[2]["tvsum/rho published"] == "0.3"


def test_baselines_splits_f1_and_accuracy_are_read_where_they_stand(make_job):
    rows = [
        {"setting": {"m": "human"}, "of": ["a"], "read": "human", "published": [0.177, 0.204]},
        {"setting": {"m": "splits"}, "of": ["a"], "read": "splits", "published": [0.1, 0.1]},
        {"setting": {"m": "f1"}, "of": ["b"], "metrics": ["tvsum/f1", "recognition/top1"], "published": [0.5, None]},
    ]
    metrics, evaluated = evaluation(0.1, 0.2)
    jobs = {
        "a": make_job("a", (metrics, evaluated)),
        "b": make_job("b", (metrics | {"recognition/top1": 0.7}, evaluated), command="evaluate"),
    }
    human, splits, f1 = table_rows(table_of(rows), jobs)
    assert [cell.value for cell in human.cells] == [0.177, 0.204]
    assert [cell.value for cell in splits.cells] == [0.2, pytest.approx(0.3)]
    assert [cell.value for cell in f1.cells] == [0.55, 0.7]
    assert (f1.cells[0].low, f1.cells[0].high) == (0.5, 0.6)


def test_what_is_no_benchmarks_figure_is_read_of_the_job_that_measured_it(make_job):
    """Whatever method that was, and at demo scale, where one benchmark stands for all, too."""
    rows = [
        {"setting": {"m": "x"}, "of": ["a", "b"], "metrics": ["tvsum/tau", "steps/deepest"], "published": [0.1, 2.0]}
    ]
    jobs = {
        "a": make_job("a", evaluation(0.1, 0.2, name="demo"), benchmarks=("demo",)),
        "b": make_job("b", ({"steps/deepest": 0.7}, {}), benchmarks=("demo",)),
    }
    (jobs["b"].folder / "evaluation.json").unlink()  # it scores no benchmark
    (row,) = table_rows(table_of(rows), jobs)
    assert [cell.value for cell in row.cells] == [0.1, 0.7]
    # A benchmark's figure is never taken without its evaluation's baselines.
    human = [{**rows[0], "of": ["b"], "read": "human"}]
    assert [cell.value for cell in table_rows(table_of(human), jobs)[0].cells] == [None, None]


def test_an_undefined_figure_is_an_empty_cell(make_job):
    metrics, evaluated = evaluation(0.1, 0.2)
    evaluated["tvsum"]["protocols"]["paper"] |= {"tau": None, "tau_interval": [None, None]}
    row = table_rows(table_of(ROWS[:1]), {"a": make_job("a", (metrics, evaluated)), "b": make_job("b")})[0]
    assert row.cells[0].value is row.cells[0].difference is None
    assert row.missing == ()


def test_at_demo_scale_the_demo_stands_for_every_benchmark(make_job):
    jobs = {"a": make_job("a", evaluation(0.1, 0.2, "demo"), benchmarks=("demo",)), "b": make_job("b")}
    table = table_of([{"setting": {}, "of": ["a"], "published": [0.1, 0.1]}], metrics=("finegym/tau", "summe/rho"))
    assert [cell.value for cell in table_rows(table, jobs)[0].cells] == [0.1, 0.2]


@pytest.mark.parametrize("by", [None, "set"])
def test_a_curve_is_drawn_also_with_missing_runs(make_job, tmp_path, by):
    rows = [dict(row, setting={"ratio": ratio, "set": "x"}) for row, ratio in zip(ROWS, ("1,000", 2, 3), strict=True)]
    table = table_of(rows, curve={"x": "ratio", "metric": "tvsum/tau", "by": by})
    jobs = {"a": make_job("a", evaluation(0.1, 0.2)), "b": make_job("b")}
    table_curve(tmp_path / "curve.png", table, table.curve, table_rows(table, jobs))
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("folder", ["runs/jobs/1e5", "/my runs/a", "it's $5, or=[more]/a", "123"])
def test_a_command_to_type_reaches_hydra_as_it_was_meant(folder):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    job = Job("mine/a", "train", ("benchmark=[tvsum]",), {}, "a", Path(folder), ())
    line = job.command_line()
    assert ("'" in folder) or '"\'"' not in line
    *_, overrides = shlex.split(line)
    assert OverridesParser.create().parse_override(overrides).value() == folder


@pytest.mark.parametrize("setting", ["parallel=0", "plan=true"])
def test_the_report_refuses_what_only_a_sweep_reads(setting, tmp_path):
    message = user_error(maesum_here("report", "sweep=table1c", setting, folder=tmp_path))
    assert f"there is no config key '{setting.partition('=')[0]}'" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "3", "{", '"a"', '{"a": 1', "\x00", '{"a": 1, "a": 2}'])
@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize("name", ["metrics.json", "evaluation.json", "provenance.json"])
def test_a_job_whose_files_are_damaged_is_not_done(make_job, name, command, text):
    job = make_job("a", evaluation(0.1, 0.2), command=command)
    if command == "evaluate" and name != "metrics.json":
        return  # an evaluation has but one file
    assert job.is_done()
    (job.folder / name).write_text(text)
    assert not job.is_done()
    table = table_of(ROWS)
    jobs = {"a": job, "b": make_job("b")}
    assert table_rows(table, jobs)[0].missing == (job,)
    assert baselines(table, jobs) == {}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("evaluation.json", {"tvsum": 3}, "field 'tvsum' is int '3', wanted a table"),
        ("evaluation.json", {"tvsum": {}}, "field 'tvsum.protocols' is missing, wanted a table"),
        ("evaluation.json", {"tvsum": {"protocols": []}}, "field 'tvsum.protocols' is list"),
        ("evaluation.json", {"tvsum": {"protocols": {"paper": {"tau": 1}}}}, "'tvsum.protocols.paper.tau_interval' is"),
        ("evaluation.json", {"tvsum": {"protocols": {"paper": {"tau": "1", "tau_interval": [0, 1]}}}}, "paper.tau' is str '1', wanted a number"),
        ("evaluation.json", {"tvsum": {"protocols": {"paper": {"tau_interval": [0, 1]}}}}, "paper.tau' is missing"),
        ("evaluation.json", {"tvsum": {"protocols": {"paper": {"tau_interval": [0, {}]}}}}, "tau_interval' is dict"),
    ],
)  # fmt: skip
def test_a_figure_that_is_none_is_one_sentence(make_job, name, change, message):
    job = make_job("a", evaluation(0.1, 0.2))
    (job.folder / name).write_text(json.dumps(change))
    with pytest.raises(MaesumError, match=message) as error:
        table_rows(table_of(ROWS), {"a": job, "b": make_job("b")})
    assert str(job.folder / name) in str(error.value)


@pytest.mark.parametrize("rows", [3, {"random": 1}, {"random": {"tau": "x"}}, {"random": {"tau": 1}}])
def test_a_baseline_that_is_none_is_one_sentence(make_job, rows):
    metrics, evaluated = evaluation(0.1, 0.2)
    evaluated["tvsum"]["protocols"]["paper"]["baselines"] = rows
    with pytest.raises(MaesumError, match=r"field 'tvsum\.protocols\.paper\.baselines.*delete the file"):
        baselines(table_of(ROWS), {"a": make_job("a", (metrics, evaluated)), "b": make_job("b")})


def test_an_undefined_baseline_is_an_empty_figure(make_job):
    metrics, evaluated = evaluation(0.1, 0.2)
    evaluated["tvsum"]["protocols"]["paper"]["baselines"] = {
        "random": {"tau": None, "rho": 0.1, "tau_std": None, "rho_std": 0.1}
    }
    table, jobs = table_of(ROWS), {"a": make_job("a", (metrics, evaluated)), "b": make_job("b")}
    assert "- tvsum: random  / 0.100\n" in markdown(
        table, table_rows(table, jobs), baselines(table, jobs), COMMAND, False
    )
